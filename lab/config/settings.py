"""The settings of a run: one frozen model, which lab.config.loading fills.

The defaults are the tutorial's values, which the features mention.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping, Sequence
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from lab import releases
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
from lab.config.locations import parse_location, parse_path
from lab.config.origins import ENVIRONMENT_PREFIX, Origin
from lab.config.paths import NAME_PATTERN, NAME_RULE
from lab.config.secret_files import read_password
from lab.config.session_cookies import read_cookies

TUTORIAL_SUBNET = IPv4Network("172.20.0.0/24")
TUTORIAL_USER, TUTORIAL_PASSWORD, TUTORIAL_NAMESPACE = "user@example.com", "12341234", "kubeflow-user-example-com"
"""The owner of the tutorial, the password, and the namespace of the owner's Profile."""
EXISTING_ONLY = frozenset({"url", "ca_file", "gateway_service", "auth_proxy_namespace", "without"})
"""The settings that only an existing cluster has."""
KUBERNETES_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
NAMESPACED_NAME = re.compile(rf"{KUBERNETES_NAME.pattern}/{KUBERNETES_NAME.pattern}")
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
        default="",
        description="other manifests: a directory, an archive (.tar.xz, .tar.gz), or the URL of a Git repository, "
        "optionally with ?ref=REF",
    )
    remote_bases: Path | None = Field(
        default=None,
        description="directory or archive with copies of what the manifests refer to by URL, one directory "
        "REPOSITORY-REF for each repository; by default, an embedded lab takes them from Go modules, and kustomize "
        "downloads them in others",
    )
    use_moved_images: bool = Field(
        default=False,
        description="install images that have left their registry from their new home, not with --lab embedded",
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

    def with_origins(self, origins: Mapping[str, Origin], overridden: Sequence[str]) -> Settings:
        """Return these settings with the origin of each given value, and texts about contradictory values."""
        settings = self.model_copy()
        settings._origins, settings._overridden = dict(origins), list(overridden)
        return settings

    def with_password(self, password: str, origin: Origin = Origin.PROMPT) -> Settings:
        """Return these settings with another password; by default, the one that a user has typed."""
        settings = self.model_copy(update={"password": SecretStr(password)})
        settings._origins = {**self._origins, "password": origin}
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

    @field_validator("remote_bases")
    @classmethod
    def _check_remote_bases(cls, value: Path | None) -> Path | None:
        return None if value is None else parse_path(str(value))

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

    @field_validator("use_moved_images")
    @classmethod
    def _check_use_moved_images(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("lab") == "embedded":
            raise ValueError("an embedded lab has images of its own, by their old names: omit this option")
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
