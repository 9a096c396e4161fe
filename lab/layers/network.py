"""The Docker network of the lab."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from docker.errors import NotFound

from lab.config.addresses import parse_ipv4_addresses
from lab.context import Lab
from lab.errors import KnownFailureId, LabError
from lab.host.routes import list_overlaps


class DockerNetwork:
    """The bridge network of the tutorial, with its subnet and gateway."""

    name = "Docker network"

    def __init__(self, lab: Lab) -> None:
        self.lab, self.network_name = lab, lab.settings.network_name

    def problem(self) -> str | None:
        """Return what is missing, or None.

        Raises:
            LabError: If a network of this name has another subnet, gateway or driver: another program may use it.
        """
        if self._inspect() is None:
            return f"there is no Docker network {self.network_name}"
        settings = self.lab.settings
        expected = (f"{settings.subnet}", f"{settings.gateway}", "bridge")
        seen = (f"{self.subnet}", f"{self.gateway}", self.driver)
        if seen != expected and not settings.verify_only:
            raise LabError(
                f"the Docker network {self.network_name} exists with other settings; it was not changed",
                expected="subnet {}, gateway {}, driver {}".format(*expected),
                seen="subnet {}, gateway {}, driver {}".format(*seen),
                remedy=f"if it is not used: `docker network rm {self.network_name}`; otherwise run with "
                "--subnet, and if needed --gateway, of that network",
            )
        return None

    def install(self) -> None:
        """Create the network, as the tutorial does.

        Raises:
            LabError: If its subnet overlaps that of another Docker network, or a route of this machine.
        """
        if overlaps := self.find_overlaps():
            raise overlaps[0]
        settings = self.lab.settings
        self.lab.register_undo("docker", "network", "rm", self.network_name)
        self.lab.shell.run(
            "docker",
            "network",
            "create",
            "--driver=bridge",
            f"--subnet={settings.subnet}",
            f"--gateway={settings.gateway}",
            self.network_name,
        )

    def find_overlaps(self) -> list[LabError]:
        """Return an error for each Docker network that overlaps the subnet, and each route that conflicts with it."""
        subnet = self.lab.settings.subnet
        networks = [f"the Docker network {name} has {used}" for name, used in self._list_docker_subnets(subnet)]
        routes = [overlap.description for overlap in list_overlaps(subnet) if overlap.is_conflict]
        return [
            LabError(
                f"the subnet {subnet} is in use; nothing was changed",
                expected=f"no other network in {subnet}",
                seen=seen,
                remedy="remove that network if it is not used, or choose another subnet with --subnet",
                known_failure=KnownFailureId.SUBNET_IN_USE,
            )
            for seen in [*networks, *routes]
        ]

    @property
    def driver(self) -> str:
        """The driver of the network."""
        return str(self._get()["Driver"])

    @property
    def subnet(self) -> IPv4Network | None:
        """The IPv4 subnet of the network; None if it has none, or more than one. It may also have an IPv6 subnet."""
        config = self._get_ipam_config()
        return IPv4Network(config["Subnet"]) if config else None

    @property
    def gateway(self) -> IPv4Address | None:
        """The gateway of the network."""
        gateway = self._get_ipam_config().get("Gateway")
        return IPv4Address(gateway) if gateway else None

    def get_container_addresses(self) -> dict[str, IPv4Address]:
        """Return the IPv4 address of each container on the network that has one, by the name of the container."""
        return {
            container["Name"]: address
            for container in self._get()["Containers"].values()
            for address in parse_ipv4_addresses([container["IPv4Address"].split("/")[0]])
        }

    def get_hardware_addresses(self) -> set[str]:
        """Return the MAC addresses of the containers on the network."""
        return {container["MacAddress"] for container in self._get()["Containers"].values()}

    def _inspect(self) -> dict[str, Any] | None:
        try:
            return dict(self.lab.docker.networks.get(self.network_name).attrs)
        except NotFound:
            return None

    def _get(self) -> dict[str, Any]:
        network = self._inspect()
        if network is None:
            raise LabError(
                f"there is no Docker network {self.network_name}", remedy="run without --verify-only to create it"
            )
        return network

    def _get_ipam_config(self) -> dict[str, str]:
        configs = [config for config in self._get()["IPAM"]["Config"] or [] if ":" not in config.get("Subnet", "")]
        return dict(configs[0]) if len(configs) == 1 else {}

    def _list_docker_subnets(self, overlapping: IPv4Network) -> list[tuple[str, IPv4Network]]:
        subnets = [
            (str(network.name), IPv4Network(config["Subnet"]))
            for network in self.lab.docker.networks.list()
            for config in network.attrs["IPAM"]["Config"] or []
            if "." in config.get("Subnet", "")
        ]
        return [(name, subnet) for name, subnet in subnets if subnet.overlaps(overlapping)]
