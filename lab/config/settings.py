"""The settings of a run: one frozen model, filled from the command line, the environment (KUBEFLOW_LAB_…) and defaults.

The defaults are the tutorial's values, which the features mention. The options of pytest and of
`kubeflow-lab preflight` are generated from this model.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from lab import releases
from lab.config.addresses import LOOPBACK, AddressRange, is_host_address, loopback_of
from lab.config.kinds import KINDS, LabKind
from lab.config.locations import parse_location
from lab.config.paths import NAME_PATTERN, NAME_RULE
from lab.errors import LabError

MASK = "********"
"""The text that replaces a secret where it would be shown."""
TUTORIAL_SUBNET = IPv4Network("172.20.0.0/24")
TUTORIAL_USER, TUTORIAL_PASSWORD, TUTORIAL_NAMESPACE = "user@example.com", "12341234", "kubeflow-user-example-com"
"""The owner of the tutorial, the password, and the namespace of the owner's Profile."""
ENVIRONMENT_PREFIX = "KUBEFLOW_LAB_"
"""The beginning of the environment variables of the settings."""
ADDRESSES = frozenset({"subnet", "gateway", "pool", "ingress_address"})
"""The settings that must fit together."""
TEXTS = (str, SecretStr)
"""The types of settings for which an empty value has a meaning, or is reported as invalid."""
MIN_PREFIX_LENGTH = 8
"""The shortest prefix of a subnet; no private network has more addresses than 10.0.0.0/8."""
GATEWAY_OFFSET, POOL_OFFSETS, INGRESS_OFFSET = 1, (10, 15), 13
"""The positions of the tutorial's gateway, pool and Ingress address in its subnet."""


def _parse_range(value: object) -> object:
    return AddressRange.parse(value) if isinstance(value, str) else value


class Settings(BaseSettings):
    """The settings of a run. Every field is an option of the same name, with `-` in place of `_`."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, env_ignore_empty=True, frozen=True, arbitrary_types_allowed=True, extra="forbid"
    )

    lab: Literal["embedded", "k3d", "existing"] = Field(default="embedded", description="kind of lab")
    name: str = Field(
        default="", description="name of the lab, where there are several; each needs a --subnet of its own"
    )
    release: str = Field(default="1.7", description="Kubeflow release")
    install: Literal["single", "multi"] = Field(
        default="single", description="install Kubeflow by one command in a loop (single), or part by part (multi)"
    )
    manifests: str = Field(
        default="", description="other manifests: a directory, or the URL of a Git repository, optionally with ?ref=REF"
    )
    source: Path | None = Field(
        default=None, description="TOML file that lists mirrors to use in place of the internet"
    )
    subnet: IPv4Network = Field(default=TUTORIAL_SUBNET, description="address range of the lab's Docker network")
    gateway: IPv4Address = Field(
        default_factory=lambda data: _host(data, GATEWAY_OFFSET),
        description="gateway of the lab's Docker network (default: the first address of the subnet)",
    )
    pool: Annotated[AddressRange, NoDecode, BeforeValidator(_parse_range)] = Field(
        default_factory=lambda data: AddressRange(*(_host(data, offset) for offset in POOL_OFFSETS)),
        description="MetalLB's address pool, FIRST-LAST (default: addresses 10 to 15 of the subnet)",
    )
    ingress_address: IPv4Address = Field(
        default_factory=lambda data: _host(data, INGRESS_OFFSET),
        description="address of the Ingress controller (default: address 13 of the subnet)",
    )
    user: str = Field(
        default=TUTORIAL_USER,
        description="user who owns the Profile; if not given, and the lab is installed, the owner in the manifests",
    )
    password: SecretStr = Field(
        default=SecretStr(TUTORIAL_PASSWORD),
        description="password of the user (default: the tutorial's); the environment variable KUBEFLOW_LAB_PASSWORD "
        "keeps it out of the list of processes",
    )
    browser: Path | None = Field(
        default=None, description="program of a Chromium or Chrome (default: one on PATH, or Playwright's own)"
    )
    verify_only: bool = Field(default=False, description="install nothing, verify the existing lab")
    keep_lab: bool = Field(default=False, description="keep the lab after the run, for the next run to reuse")

    @property
    def kind(self) -> LabKind:
        """The kind of the lab."""
        return KINDS[self.lab]

    @property
    def network_name(self) -> str:
        """The name of the lab's Docker network."""
        return f"{self.name or 'lab'}-network"

    @property
    def cluster_name(self) -> str:
        """The name of the k3d cluster; that which k3d chooses if the lab has no name."""
        return self.name or "k3s-default"

    @property
    def loopback(self) -> IPv4Address:
        """The address of localhost for clients of the lab: an address of its own if the lab has a name."""
        return loopback_of(self.name) if self.name else LOOPBACK

    @property
    def installs(self) -> bool:
        """True if this run may install the layers of the lab."""
        return self.kind.is_installed and not self.verify_only

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        if value and not NAME_PATTERN.fullmatch(value):
            raise ValueError(NAME_RULE)
        return value

    @field_validator("manifests")
    @classmethod
    def _check_manifests(cls, value: str) -> str:
        location = parse_location(value) if value else value
        return str(location) if isinstance(location, Path) else value

    @field_validator("user")
    @classmethod
    def _check_user(cls, value: str) -> str:
        if not value or value.split() != [value]:
            raise ValueError("this is not the name of a user: give the email address with which the user logs in")
        return value

    @field_validator("password")
    @classmethod
    def _check_password(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value():
            raise ValueError("the password is empty")
        return value

    @field_validator("subnet")
    @classmethod
    def _check_subnet(cls, value: IPv4Network) -> IPv4Network:
        if value.num_addresses <= POOL_OFFSETS[1] + 1:
            raise ValueError(f"the subnet {value} is too small: MetalLB's pool ends at its address {POOL_OFFSETS[1]}")
        if value.prefixlen < MIN_PREFIX_LENGTH:
            raise ValueError(f"the subnet {value} is too large: use at most a /{MIN_PREFIX_LENGTH}")
        return value

    @field_validator("release")
    @classmethod
    def _check_release(cls, value: str) -> str:
        if value not in releases.list_names():
            raise ValueError(
                f"Kubeflow {value} is not supported by this suite: choose one of {', '.join(releases.list_names())}, "
                "or add a file for it to lab/releases"
            )
        return value

    @field_validator("source")
    @classmethod
    def _check_source(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        try:
            file = value.expanduser()
            is_file = file.is_file()
        except (OSError, RuntimeError, ValueError) as error:
            raise ValueError(f"the file cannot be read: {getattr(error, 'strerror', None) or error}") from None
        if not is_file:
            raise ValueError("this is a directory, and not a TOML file" if file.is_dir() else "there is no such file")
        return file

    @field_validator("browser")
    @classmethod
    def _check_browser(cls, value: Path | None) -> Path | None:
        try:
            return value.expanduser() if value else None
        except RuntimeError as error:
            raise ValueError(str(error)) from None

    @field_validator("keep_lab")
    @classmethod
    def _check_keep_lab(cls, value: bool, info: ValidationInfo) -> bool:
        kind = KINDS.get(str(info.data.get("lab")))
        if value and kind and not kind.is_installed:
            raise ValueError(f"a run with --lab {kind.name} neither installs nor removes the lab: omit this option")
        return value

    @model_validator(mode="after")
    def _check_addresses(self) -> Settings:
        findings, subnet = [], self.subnet
        if self.kind.is_installed and (
            subnet.is_loopback or subnet.is_multicast or subnet.is_link_local or subnet.is_reserved
        ):
            findings.append(f"the subnet {subnet} cannot be that of a network: its addresses have a special meaning")
        if not is_host_address(self.gateway, self.subnet):
            findings.append(f"the gateway {self.gateway} is outside the subnet {self.subnet}")
        if not self.pool.is_within(self.subnet):
            findings.append(f"the pool {self.pool} is outside the subnet {self.subnet}")
        if self.gateway in self.pool:
            findings.append(f"the gateway {self.gateway} is inside the pool {self.pool}, MetalLB would assign it")
        if self.ingress_address not in self.pool:
            findings.append(f"the ingress address {self.ingress_address} is outside the pool {self.pool}")
        if findings:
            raise ValueError("\n".join(findings))
        return self

    @cached_property
    def _translations(self) -> dict[str, str]:
        tutorial = {"subnet": TUTORIAL_SUBNET}
        defaults = {
            str(TUTORIAL_SUBNET): self.subnet,
            str(_host(tutorial, GATEWAY_OFFSET)): self.gateway,
            "-".join(str(_host(tutorial, offset)) for offset in POOL_OFFSETS): self.pool,
            str(_host(tutorial, INGRESS_OFFSET)): self.ingress_address,
            str(LOOPBACK): self.loopback,
            "k3d-k3s-default": f"k3d-{self.cluster_name}",
        }
        return {value: str(actual) for value, actual in defaults.items()}

    def translate(self, value: str) -> str:
        """Return the value that this lab has in place of a tutorial value.

        The features are written with the tutorial's subnet, gateway, pool, Ingress address, loopback address and
        kubectl context.

        Raises:
            KeyError: If the tutorial has no such value.
        """
        return self._translations[value]


def _host(data: Mapping[str, Any], offset: int) -> IPv4Address:
    """Return an address of the subnet; of the tutorial's subnet if the given one is invalid and reported anyway."""
    subnet: IPv4Network = data.get("subnet", TUTORIAL_SUBNET)
    return subnet.network_address + offset


def add_options(add: Callable[..., Any]) -> None:
    """Declare one option for each setting; an option that is not given is None.

    Args:
        add: The add_argument of an argparse parser, or the addoption of a pytest option group.
    """
    for name, field in Settings.model_fields.items():
        option = "--" + name.replace("_", "-")
        has_shown_default = field.annotation is not SecretStr and field.default not in ("", None, False)
        default = f" (default: {field.default})" if has_shown_default and not field.default_factory else ""
        text = f"{field.description}{default}"
        if field.annotation is bool:
            add(option, action="store_true", default=None, help=text)
        elif get_origin(field.annotation) is Literal:
            add(option, choices=get_args(field.annotation), help=text)
        else:
            add(option, help=text)


def load(options: Mapping[str, Any]) -> Settings:
    """Return the settings of this run.

    Args:
        options: The values from the command line by field name; None where an option was not given. An empty value
            counts as not given, unless it is a text: an empty name selects the lab without a name. An empty environment
            variable counts as not set.

    Raises:
        LabError: If a value is invalid; the error lists all invalid values.
    """
    given = {
        name: value
        for name, value in options.items()
        if value is not None and (value != "" or Settings.model_fields[name].annotation in TEXTS)
    }
    try:
        return Settings(**given)
    except ValidationError as error:
        # The default of an address that follows from an invalid subnet is no finding of its own.
        findings = [finding for finding in error.errors() if finding["type"] != "default_factory_not_called"]
        raise LabError(
            "the settings are invalid, nothing was changed",
            seen="\n".join(
                [*(_describe_invalid(finding, given) for finding in findings), *_find_contradictions(given, findings)]
            ),
            remedy='correct the options (`pytest --help` lists them under "the lab") or the environment variables '
            "(KUBEFLOW_LAB_SUBNET and so on); the defaults are the tutorial's",
        ) from None


def _find_contradictions(given: Mapping[str, Any], findings: Collection[Mapping[str, Any]]) -> list[str]:
    """Return the contradictions among the valid addresses, which are not checked if any other setting is invalid.

    Args:
        given: The values from the command line.
        findings: The errors about single settings.
    """
    invalid = {str(finding["loc"][0]) for finding in findings if finding["loc"]}
    if not invalid or invalid & ADDRESSES:
        return []
    defaults = {name: Settings.model_fields[name].default for name in invalid & Settings.model_fields.keys()}
    try:
        Settings(**{**given, **defaults})
    except ValidationError as error:
        return [_describe_invalid(finding, given) for finding in error.errors() if not finding["loc"]]
    return []


def _describe_invalid(error: Mapping[str, Any], given: Collection[str]) -> str:
    """Return the text about an invalid value, with the origin of the value.

    Args:
        error: The error of pydantic.
        given: The names of the settings that were given on the command line.
    """
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return message
    name = str(error["loc"][0])
    option = "--" + name.replace("_", "-")
    origin = "" if name in given else f" (in the environment variable {ENVIRONMENT_PREFIX}{name.upper()})"
    return f"{option}: {message}{origin}" if is_secret(name) else f"{option} {error['input']}: {message}{origin}"


def is_secret(name: str) -> bool:
    """Return whether the value of a setting must not be shown."""
    return name in Settings.model_fields and Settings.model_fields[name].annotation is SecretStr


def hide_secrets(arguments: Iterable[str]) -> list[str]:
    """Return the arguments of a command line without the values of secret settings."""
    options, hidden, follows_option = {f"--{name}" for name in Settings.model_fields if is_secret(name)}, [], False
    for argument in arguments:
        option, equals, _ = argument.partition("=")
        hidden.append(MASK if follows_option else f"{option}={MASK}" if equals and option in options else argument)
        follows_option = argument in options
    return hidden
