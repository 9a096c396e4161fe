"""HTTP proxies that the environment names: no proxy reaches the addresses of a lab that the suite installs."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network

from lab.config.addresses import ANY_ADDRESS
from lab.config.kinds import LabKind

PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
LOCAL_HOSTS = ("localhost", "127.0.0.0/8", ANY_ADDRESS, "::1", ".example.it")


def bypass_proxies(environment: Mapping[str, str], kind: LabKind, subnet: IPv4Network) -> dict[str, str]:
    """Return variables with which programs reach the addresses of a lab directly, in spite of proxies.

    The programs of an embedded lab reach nothing else. Those of a lab in k3d still use the proxies for the internet.
    For an existing cluster, the variables of the user remain as they are, as for kubectl by hand.

    Args:
        environment: The variables of this process.
        kind: The kind of the lab.
        subnet: The address range of the lab's Docker network.
    """
    if not kind.is_installed or not any(environment.get(name) for name in _both_cases(*PROXY_VARIABLES)):
        return {}
    given = [environment[name] for name in _both_cases("no_proxy") if environment.get(name)]
    value = "*" if kind.brings_tools else ",".join([*dict.fromkeys(given), *LOCAL_HOSTS, str(subnet)])
    return dict.fromkeys(_both_cases("no_proxy"), value)


def _both_cases(*names: str) -> list[str]:
    return [case for name in names for case in (name, name.upper())]
