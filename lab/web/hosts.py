"""The hosts of the lab and their addresses: the one map for HTTP clients and browsers.

Names such as kubeflow.example.it exist in public DNS or may do so one day. They are resolved inside the lab's clients,
and any other host is rejected, so that no request and no password leaves the lab. The hosts of --url belong to the lab,
too; the system resolves them, unless the address of their Ingress controller is given.
"""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address

from lab.config.entry_points import DOMAIN, LOCALHOST, list_hosts
from lab.config.settings import Settings

NGINX_HOST = f"nginx.{DOMAIN}"


def is_host_of_lab(host: str, settings: Settings) -> bool:
    """Return whether clients of the lab may send requests to a host."""
    return host == LOCALHOST or host.endswith(f".{DOMAIN}") or host in list_hosts(settings.entry_points)


def find_address(host: str, settings: Settings) -> IPv4Address | None:
    """Return the address of a host that the lab determines; None if the system resolves the host.

    localhost is the port-forward's loopback address; every host of example.it is the Ingress controller, and so are the
    hosts of --url if --ingress-address is given.
    """
    if host == LOCALHOST:
        return settings.loopback
    is_given = "ingress_address" in settings.model_fields_set and not _is_address(host)
    return settings.ingress_address if is_given or host.endswith(f".{DOMAIN}") else None


def get_address(host: str, settings: Settings) -> str:
    """Return the address of a host of the lab for a connection; its name if the system resolves it."""
    return str(find_address(host, settings) or host)


def chromium_rules(settings: Settings) -> str:
    """Return the value of Chromium's --host-resolver-rules that resolves the lab's hosts and no other host."""
    hosts = [host for host in list_hosts(settings.entry_points) if not host.endswith(f".{DOMAIN}")]
    addresses = {host: find_address(host, settings) for host in (LOCALHOST, *hosts)}
    resolved = [host for host, address in addresses.items() if not address]
    return ", ".join(
        [
            *(f"MAP {host} {address}" for host, address in addresses.items() if address),
            f"MAP *.{DOMAIN} {settings.ingress_address}",
            "MAP * ~NOTFOUND",
            *(f"EXCLUDE {each}" for each in ("127.0.0.1", settings.loopback, settings.ingress_address, *resolved)),
        ]
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
