"""The settings of a run: one frozen model, filled from the command line, the environment and kubeflow-lab.toml.

The defaults are the tutorial's values, which the features mention. The options of pytest and of
`kubeflow-lab preflight` are generated from this model.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    SecretStr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, SettingsConfigDict

from lab import releases
from lab.config import settings_file
from lab.config.addresses import LOOPBACK, AddressRange, is_host_address, loopback_of
from lab.config.entry_points import (
    INGRESS_URL,
    PORT_FORWARD_URL,
    hide_credentials,
    parse_url,
    select_main,
    split_urls,
)
from lab.config.kinds import KINDS, LabKind
from lab.config.locations import parse_location
from lab.config.origins import ENVIRONMENT_PREFIX, PRECEDENCE, Origin, describe_priority, describe_value, show_value
from lab.config.paths import NAME_PATTERN, NAME_RULE
from lab.config.secret_files import read_password
from lab.config.session_cookies import read_cookies
from lab.errors import LabError

TUTORIAL_SUBNET = IPv4Network("172.20.0.0/24")
TUTORIAL_USER, TUTORIAL_PASSWORD, TUTORIAL_NAMESPACE = "user@example.com", "12341234", "kubeflow-user-example-com"
"""The owner of the tutorial, the password, and the namespace of the owner's Profile."""
EXISTING_ONLY = frozenset({"url", "ca_file", "gateway_service", "auth_proxy_namespace", "without"})
"""The settings that only an existing cluster has."""
KUBERNETES_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
NAMESPACED_NAME = re.compile(rf"{KUBERNETES_NAME.pattern}/{KUBERNETES_NAME.pattern}")
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


def _parse_names(value: object) -> object:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple):
        return value
    return tuple(name for item in names if (name := item.strip() if isinstance(item, str) else item))


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
    url: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_urls)] = Field(
        default=(),
        description="entry points of an existing cluster, http or https, separated by commas (default: the tutorial's)",
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file with the certificate authorities of the entry points (default: those of the system)",
    )
    gateway_service: str = Field(
        default="istio-system/istio-ingressgateway",
        description="Service of Kubeflow's gateway in an existing cluster, as NAMESPACE/NAME",
    )
    auth_proxy_namespace: str = Field(
        default="", description="namespace of the auth proxy in an existing cluster (default: the release's)"
    )
    user: str = Field(
        default=TUTORIAL_USER,
        description="user who owns the Profile; if not given, and the lab is installed, the owner in the manifests",
    )
    profile: str = Field(
        default="",
        description="Profile of the user, who may own several (default: the tutorial's, or the first)",
    )
    password: SecretStr = Field(
        default=SecretStr(TUTORIAL_PASSWORD),
        description="password of the user (default: the tutorial's); only from the environment, or by password_file",
    )
    password_file: Path | None = Field(
        default=None, description="file that contains the password of the user, and that no other user can read"
    )
    session_cookie_file: Path | None = Field(
        default=None,
        description="file with the cookies of a session that the user has copied from a browser, in place of a login",
    )
    without: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parse_names)] = Field(
        default=(), description="parts that the existing cluster does not have, separated by commas: katib,kserve"
    )
    browser: Path | None = Field(
        default=None, description="program of a Chromium or Chrome (default: one on PATH, or Playwright's own)"
    )
    verify_only: bool = Field(default=False, description="install nothing, verify the existing lab")
    keep_lab: bool = Field(default=False, description="keep the lab after the run, for the next run to reuse")
    read_only: bool = Field(
        default=False, description="create nothing in the cluster, not even temporarily; verify what can be read"
    )

    _origins: dict[str, Origin] = PrivateAttr(default_factory=dict)
    _overridden: list[str] = PrivateAttr(default_factory=list)

    @property
    def overridden(self) -> list[str]:
        """A text for each setting that has contradictory values: which one has priority."""
        return self._overridden

    def get_origin(self, name: str) -> Origin:
        """Return where the value of a setting comes from."""
        return self._origins.get(name, Origin.DEFAULT)

    def with_password(self, password: str) -> Settings:
        """Return these settings with a password that a user has typed."""
        settings = self.model_copy(update={"password": SecretStr(password)})
        settings._origins = {**self._origins, "password": Origin.PROMPT}
        return settings

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

    @property
    def entry_points(self) -> tuple[str, ...]:
        """The URLs of the entry points: those that are given, or the tutorial's."""
        return self.url or (PORT_FORWARD_URL, INGRESS_URL)

    @property
    def main_entry_point(self) -> str:
        """The entry point of scenarios that need only one."""
        return select_main(self.entry_points)

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

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        urls: dict[str, None] = {}
        for url in value:
            try:
                urls[parse_url(url)] = None
            except ValueError as error:
                raise ValueError(f"{hide_credentials(url)}: {error}" if len(value) > 1 else str(error)) from None
        return tuple(urls)

    @field_validator("ca_file")
    @classmethod
    def _check_ca_file(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        file = _check_file(value, "a PEM file")
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(file)
            is_valid = bool(context.get_ca_certs())
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"the file contains no certificate in PEM format: {error}") from None
        if not is_valid:
            raise ValueError("the file contains no certificate of a certificate authority (CA:TRUE)")
        return file

    @field_validator("gateway_service")
    @classmethod
    def _check_gateway_service(cls, value: str) -> str:
        if not NAMESPACED_NAME.fullmatch(value):
            raise ValueError("write NAMESPACE/NAME, such as istio-system/istio-ingressgateway")
        return value

    @field_validator("auth_proxy_namespace")
    @classmethod
    def _check_auth_proxy_namespace(cls, value: str) -> str:
        if value and not KUBERNETES_NAME.fullmatch(value):
            raise ValueError("this is not the name of a namespace")
        return value

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
        if len(value.get_secret_value().splitlines()) > 1 or value.get_secret_value()[-1] in "\r\n":
            raise ValueError("the password contains a line break, which no user can type into a form")
        return value

    @field_validator("password_file")
    @classmethod
    def _check_password_file(cls, value: Path | None) -> Path | None:
        if value is not None:
            read_password(value)
        return value

    @field_validator("profile")
    @classmethod
    def _check_profile(cls, value: str) -> str:
        if value and not KUBERNETES_NAME.fullmatch(value):
            raise ValueError("this is not the name of a Profile: its namespace has the same name")
        return value

    @field_validator("session_cookie_file")
    @classmethod
    def _check_session_cookie_file(cls, value: Path | None) -> Path | None:
        if value is not None:
            read_cookies(value)
        return value

    @field_validator("without")
    @classmethod
    def _check_without(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if release := info.data.get("release"):
            known = releases.load(release)
            for name in value:
                known.find_optional(name)
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
        return None if value is None else _check_file(value, "a TOML file")

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

    @field_validator("read_only")
    @classmethod
    def _check_read_only(cls, value: bool, info: ValidationInfo) -> bool:
        kind = KINDS.get(str(info.data.get("lab")))
        if value and kind and kind.is_installed and not info.data.get("verify_only"):
            raise ValueError("a run that installs a lab creates objects: add --verify-only, or use --lab existing")
        return value

    @model_validator(mode="after")
    def _check_kind(self) -> Settings:
        given = sorted(EXISTING_ONLY & self.model_fields_set)
        if given and self.lab != "existing":
            options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise ValueError(f"{options}: only with --lab existing; other labs have the names of the tutorial")
        return self

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
        # An existing cluster need not have the tutorial's pool.
        is_pool_relevant = self.kind.is_installed or "pool" in self.model_fields_set or not self.url
        if is_pool_relevant and self.ingress_address not in self.pool:
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


def _check_file(value: Path, expected: str) -> Path:
    """Return the path of a file that exists; `~` is the home directory.

    Raises:
        ValueError: If there is no such file.
    """
    try:
        file = value.expanduser()
        is_file = file.is_file()
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"the file cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not is_file:
        raise ValueError(f"this is a directory, and not {expected}" if file.is_dir() else "there is no such file")
    return file


def add_options(add: Callable[..., Any]) -> None:
    """Declare one option for each setting that is no secret; an option that is not given is None.

    Args:
        add: The add_argument of an argparse parser, or the addoption of a pytest option group.
    """
    for name in list_options():
        field = Settings.model_fields[name]
        option = "--" + name.replace("_", "-")
        has_shown_default = field.default not in ("", None, False, ())
        default = f" (default: {field.default})" if has_shown_default and not field.default_factory else ""
        text = f"{field.description}{default}"
        if field.annotation is bool:
            add(option, action="store_true", default=None, help=text)
        elif get_origin(field.annotation) is tuple:
            add(option, action="append", help=text)
        elif get_origin(field.annotation) is Literal:
            add(option, choices=get_args(field.annotation), help=text)
        else:
            add(option, help=text)


def list_options() -> list[str]:
    """Return the names of the settings that have an option: a secret would be in the list of processes."""
    return [name for name in Settings.model_fields if not is_secret(name)]


def is_secret(name: str) -> bool:
    """Return whether the value of a setting must not be shown."""
    return name in Settings.model_fields and Settings.model_fields[name].annotation is SecretStr


def load(options: Mapping[str, Any], directory: Path | None = None) -> Settings:
    """Return the settings of this run.

    Args:
        options: The values from the command line by field name; None where an option was not given. An empty value
            counts as not given, unless it is a text: an empty name selects the lab without a name. An empty environment
            variable counts as not set.
        directory: The directory of kubeflow-lab.toml; None for the working directory.

    Raises:
        LabError: If a value is invalid; the error lists all invalid values.
    """
    in_file = settings_file.read(directory or Path.cwd(), {name: is_secret(name) for name in Settings.model_fields})
    given = {
        Origin.OPTION: _drop_empty(options),
        Origin.ENVIRONMENT: EnvSettingsSource(Settings)(),
        Origin.FILE: _drop_empty(_resolve_paths(in_file.values, in_file.path.parent)),
    }
    origins = {name: origin for origin in reversed(PRECEDENCE) for name in given[origin]}
    values = {name: given[origin][name] for name, origin in origins.items()}
    findings = in_file.findings
    try:
        settings = Settings(**values)
    except ValidationError as error:
        findings += _describe_findings(error, values, origins)
    if findings:
        raise LabError(
            "the settings are invalid, nothing was changed",
            seen="\n".join(findings),
            remedy='correct the options (`pytest --help` lists them under "the lab"), the environment variables '
            f"(KUBEFLOW_LAB_SUBNET and so on){f' or {in_file.path}' if in_file.exists else ''}; the defaults are the "
            "tutorial's",
        )
    settings._origins = origins
    settings._overridden = [text for name in Settings.model_fields if (text := _describe_overridden(name, given))]
    return _select_password(settings)


def _drop_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in values.items()
        if value not in (None, ()) and (value != "" or Settings.model_fields[name].annotation in TEXTS)
    }


def _resolve_paths(values: Mapping[str, Any], directory: Path) -> dict[str, Any]:
    """Return the values of the file, with paths that are relative to its directory."""

    def resolve(name: str, value: Any) -> Any:
        if not isinstance(value, str) or not value or value.startswith("~"):
            return value
        is_path = Settings.model_fields[name].annotation == Path | None
        is_directory = name == "manifests" and (directory / value).is_dir()
        return str(directory / value) if is_path or is_directory else value

    return {name: resolve(name, value) for name, value in values.items()}


def _describe_overridden(name: str, given: Mapping[Origin, Mapping[str, Any]]) -> str:
    """Return which of several different values of a setting has priority; empty if there is one value."""
    values = {origin: given[origin][name] for origin in PRECEDENCE if name in given[origin]}
    if len(values) < 2 or len({_normalize(name, value) for value in values.values()}) < 2:
        return ""
    winner, *losers = (describe_value(origin, name, value) for origin, value in values.items())
    return describe_priority(winner, losers)


def _normalize(name: str, value: Any) -> str:
    """Return a value in the one form that all equal values have; a value that is not valid is as it was given."""
    field = Settings.model_fields[name]
    annotation: Any = Annotated[field.annotation, Field(), *field.metadata]
    with suppress(ValidationError):
        value = TypeAdapter(annotation).validate_python(value)
    return str(value.expanduser().absolute() if isinstance(value, Path) else value)


def _select_password(settings: Settings) -> Settings:
    """Return settings with the password of the password file, unless a password is given with a higher priority.

    From the same origin, the password itself has priority.
    """
    if settings.password_file is None:
        return settings
    origins, in_file = settings._origins, read_password(settings.password_file)
    file = describe_value(origins["password_file"], "password_file", settings.password_file)
    if "password" in origins:
        variable = describe_value(origins["password"], "password", None)
        is_same = settings.password.get_secret_value() == in_file
        if PRECEDENCE.index(origins["password"]) <= PRECEDENCE.index(origins["password_file"]):
            settings._overridden += [] if is_same else [describe_priority(variable, [file])]
            return settings
        settings._overridden += [] if is_same else [describe_priority(file, [variable])]
    selected = settings.model_copy(update={"password": SecretStr(in_file)})
    selected._origins = {**origins, "password": Origin.PASSWORD_FILE}
    return selected


def _describe_findings(error: ValidationError, values: Mapping[str, Any], origins: Mapping[str, Origin]) -> list[str]:
    """Return a text for each invalid value, and for contradictions among the valid addresses.

    Args:
        error: The error of pydantic.
        values: The given values.
        origins: The origin of each.
    """
    # The default of an address that follows from an invalid subnet is no finding of its own.
    findings = [finding for finding in error.errors() if finding["type"] != "default_factory_not_called"]
    texts = [_describe_invalid(finding, origins) for finding in findings]
    # The addresses are not compared with one another if any other setting is invalid.
    invalid = {str(finding["loc"][0]) for finding in findings if finding["loc"]}
    if invalid and not invalid & ADDRESSES:
        try:
            Settings(**{name: value for name, value in values.items() if name not in invalid})
        except ValidationError as others:
            texts += [_describe_invalid(finding, origins) for finding in others.errors() if not finding["loc"]]
    return texts


def _describe_invalid(error: Mapping[str, Any], origins: Mapping[str, Origin]) -> str:
    """Return the text about an invalid value, with the origin of the value."""
    message = str(error["msg"]).removeprefix("Value error, ")
    names = [str(error["loc"][0])] if error["loc"] else _list_mentioned(message)
    elsewhere = [origin.locate(name) for name in names if (origin := origins.get(name)) not in (None, Origin.OPTION)]
    suffix = f" ({', '.join(elsewhere)})" if elsewhere else ""
    if not error["loc"]:
        return f"{message}{suffix}"
    value = "" if is_secret(names[0]) else f" {show_value(error['input'])}"
    return f"{Origin.OPTION.locate(names[0])}{value}: {message}{suffix}"


def _list_mentioned(message: str) -> list[str]:
    """Return the settings that a contradiction is about: those that its text names as options, or the addresses."""
    options = message.partition(": ")[0]
    named = [name for name in Settings.model_fields if f"--{name.replace('_', '-')}" in options]
    return named or [name for name in Settings.model_fields if name in ADDRESSES]
