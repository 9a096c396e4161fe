"""The Docker network of the lab."""

from __future__ import annotations

import os
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import docker
from docker.errors import NotFound
from pyroute2 import IPRoute

from lab.errors import LabError
from lab.site import Site


class DockerNetwork:
    """The bridge network of the tutorial, with its subnet and gateway."""

    name = "network"

    def __init__(self, site: Site) -> None:
        self.site, self.network_name = site, site.settings.network_name
        self.docker = docker.from_env(environment={**os.environ, **site.record.environment})

    def wrong(self) -> str | None:
        """That the network is missing; None when it is right.

        Raises LabError when it is there with another subnet, gateway or driver: it may be someone's.
        """
        there = self._inspect()
        if there is None:
            return f"no Docker network {self.network_name}"
        settings = self.site.settings
        expected = (f"{settings.subnet}", f"{settings.gateway}", "bridge")
        seen = (f"{self.subnet}", f"{self.gateway}", self.driver)
        if seen != expected and not settings.verify_only:
            raise LabError(
                f"a Docker network {self.network_name} is there already, and is another one; it is left alone",
                expected="subnet {}, gateway {}, driver {}".format(*expected),
                seen="subnet {}, gateway {}, driver {}".format(*seen),
                remedy=f"if nobody needs it: `docker network rm {self.network_name}`; or fit --subnet, --gateway and "
                "the rest to it",
            )
        return None

    def install(self) -> None:
        """Creates it, as the tutorial does.

        Raises LabError when its range overlaps another Docker network's or a route's of the host.
        """
        for overlap in self.overlaps():
            raise overlap
        settings = self.site.settings
        self.site.will_make("docker", "network", "rm", self.network_name)
        self.site.terminal.run(
            *("docker", "network", "create", "--driver=bridge"),
            *(f"--subnet={settings.subnet}", f"--gateway={settings.gateway}", self.network_name),
        )

    def overlaps(self) -> Iterator[LabError]:
        """That its range is another Docker network's, or a route's of this machine."""
        subnet = self.site.settings.subnet
        for owner, taken in [*self._docker_ranges(), *_routes()]:
            if taken.overlaps(subnet):
                yield LabError(
                    f"the range {subnet} is taken; nothing was changed",
                    expected=f"no other network in {subnet}",
                    seen=f"{owner} has {taken}",
                    remedy="remove that network if nobody needs it, or choose another range with --subnet, --gateway, "
                    "--pool and --ingress-address",
                )

    @property
    def driver(self) -> str:
        """The driver that it has."""
        return str(self._there()["Driver"])

    @property
    def subnet(self) -> IPv4Network | None:
        """The subnet that it has; None when it has none, or more than one."""
        return IPv4Network(self._address_range()["Subnet"]) if self._address_range() else None

    @property
    def gateway(self) -> IPv4Address | None:
        """The gateway that it has."""
        gateway = self._address_range().get("Gateway")
        return IPv4Address(gateway) if gateway else None

    def containers(self) -> dict[str, IPv4Address]:
        """The address of each container on it, by the container's name."""
        attached = self._there()["Containers"].values()
        return {one["Name"]: IPv4Address(one["IPv4Address"].split("/")[0]) for one in attached}

    def hardware_addresses(self) -> set[str]:
        """The MAC addresses of the containers on it."""
        return {one["MacAddress"] for one in self._there()["Containers"].values()}

    def _inspect(self) -> dict[str, Any] | None:
        try:
            return dict(self.docker.networks.get(self.network_name).attrs)
        except NotFound:
            return None

    def _there(self) -> dict[str, Any]:
        there = self._inspect()
        if there is None:
            raise LabError(
                f"there is no Docker network {self.network_name}", remedy="run without --verify-only to create it"
            )
        return there

    def _address_range(self) -> dict[str, str]:
        ranges = self._there()["IPAM"]["Config"] or []
        return dict(ranges[0]) if len(ranges) == 1 else {}

    def _docker_ranges(self) -> list[tuple[str, IPv4Network]]:
        return [
            (f"the Docker network {network.name}", IPv4Network(config["Subnet"]))
            for network in self.docker.networks.list()
            for config in network.attrs["IPAM"]["Config"] or []
            if "." in config.get("Subnet", "")
        ]


def _routes() -> list[tuple[str, IPv4Network]]:
    """Routes of the host, but for the default one."""
    with IPRoute() as routes:
        return [
            ("a route of this machine", IPv4Network(f"{route.get('dst')}/{route['dst_len']}"))
            for route in routes.get_routes(family=2)
            if route.get("dst") and route["dst_len"] and route["type"] == 1
        ]
