"""What can be set for a run: one frozen model, from command line, environment (KUBEFLOW_LAB_…), or defaults.

The defaults are the tutorial's values, which the features speak of.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from lab.addresses import LOOPBACK, AddressRange, is_host_address, loopback_of
from lab.errors import LabError
from lab.folders import NAME_FORM, NAME_WORDS

LabKind = Literal["embedded", "k3d", "existing"]
Install = Literal["single", "multi"]


def _range(value: object) -> object:
    return AddressRange.parse(value) if isinstance(value, str) else value


class Settings(BaseSettings):
    """The settings of a run; every field is a pytest option of the same name, `_` written as `-`."""

    model_config = SettingsConfigDict(
        env_prefix="KUBEFLOW_LAB_", frozen=True, arbitrary_types_allowed=True, extra="forbid"
    )

    lab: LabKind = "embedded"
    name: str = ""
    release: str = "1.7"
    install: Install = "single"
    manifests: str = ""
    subnet: IPv4Network = IPv4Network("172.20.0.0/24")
    gateway: IPv4Address = IPv4Address("172.20.0.1")
    pool: Annotated[AddressRange, NoDecode, BeforeValidator(_range)] = AddressRange.parse("172.20.0.10-172.20.0.15")
    ingress_address: IPv4Address = IPv4Address("172.20.0.13")
    verify_only: bool = False
    keep_lab: bool = False

    @property
    def network_name(self) -> str:
        """The name of the lab's Docker network."""
        return f"{self.name or 'lab'}-network"

    @property
    def cluster_name(self) -> str:
        """The name of its k3d cluster; without one of the lab's own, that which k3d gives."""
        return self.name or "k3s-default"

    @property
    def loopback(self) -> IPv4Address:
        """Where localhost is for who visits the lab: at an address of its own, if the lab has a name."""
        return loopback_of(self.name) if self.name else LOOPBACK

    @property
    def installs(self) -> bool:
        """Whether layers are installed; else they are only verified, as in a cluster that is a person's own."""
        return self.lab != "existing" and not self.verify_only

    @field_validator("name")
    @classmethod
    def _is_a_label(cls, value: str) -> str:
        if value and not NAME_FORM.fullmatch(value):
            raise ValueError(NAME_WORDS)
        return value

    @field_validator("manifests")
    @classmethod
    def _is_a_place(cls, value: str) -> str:
        if value and "://" not in value and not Path(value).is_dir():
            raise ValueError("this is neither a folder nor the URL of a Git repository")
        return value

    @model_validator(mode="after")
    def _addresses_fit(self) -> Settings:
        if not is_host_address(self.gateway, self.subnet):
            raise ValueError(f"the gateway {self.gateway} is outside of the subnet {self.subnet}")
        if not self.pool.within(self.subnet):
            raise ValueError(f"the pool {self.pool} is not inside of the subnet {self.subnet}")
        if self.gateway in self.pool:
            raise ValueError(
                f"the gateway {self.gateway} is inside of the pool {self.pool}, MetalLB would give it away"
            )
        if self.ingress_address not in self.pool:
            raise ValueError(f"the ingress address {self.ingress_address} is outside of the pool {self.pool}")
        return self

    def here(self, value: str) -> str:
        """What a value of the tutorial is in this run.

        The features are written in the tutorial's addresses. With other settings, the subnet, gateway, pool or ingress
        address that a sentence names stands for the one that was set; in a lab with a name, so do the loopback address
        and kubectl's context.

        Raises KeyError for a value that the tutorial does not have.
        """
        fields = type(self).model_fields
        names = {str(fields[name].default): name for name in ("subnet", "gateway", "pool", "ingress_address")}
        own = {str(LOOPBACK): str(self.loopback), "k3d-k3s-default": f"k3d-{self.cluster_name}"}
        return own[value] if value in own else str(getattr(self, names[value]))


def load(options: Mapping[str, Any]) -> Settings:
    """Makes the settings of this run.

    Arguments:
        options: what the command line says, by field name; None where it says nothing.

    Raises LabError that names every value that is wrong.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise LabError(
            "the settings are not valid, nothing was changed",
            seen="\n".join(map(_finding, error.errors())),
            remedy="give values that fit, as options (`pytest --help` lists them below “the lab”) or in the "
            "environment (KUBEFLOW_LAB_SUBNET and so on); the defaults are the tutorial's",
        ) from None


def _finding(error: Mapping[str, Any]) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return message
    option = "--" + str(error["loc"][0]).replace("_", "-")
    return f"{option} {error['input']}: {message}"
