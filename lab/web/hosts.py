"""The hosts of the lab and their addresses: the one map for HTTP clients and browsers.

Names such as kubeflow.example.it exist in public DNS or may do so one day. They are resolved inside the lab's clients,
and any other host is rejected, so that no request and no password leaves the lab.
"""

from __future__ import annotations

from ipaddress import IPv4Address

from lab.config.settings import Settings

DOMAIN = "example.it"
NGINX_HOST, KUBEFLOW_HOST = f"nginx.{DOMAIN}", f"kubeflow.{DOMAIN}"
PORT_FORWARD_PORT = 7080
PORT_FORWARD_URL, INGRESS_URL = f"http://localhost:{PORT_FORWARD_PORT}", f"http://{KUBEFLOW_HOST}"
"""The two entry points of Kubeflow."""
ENTRY_POINTS = (PORT_FORWARD_URL, INGRESS_URL)


def resolve(host: str, settings: Settings) -> IPv4Address | None:
    """Return the address of a host of the lab, or None if the lab has no such host.

    localhost is the port-forward's loopback address; every host of example.it is the Ingress controller.
    """
    if host == "localhost":
        return settings.loopback
    return settings.ingress_address if host.endswith(f".{DOMAIN}") else None


def chromium_rules(settings: Settings) -> str:
    """Return the value of Chromium's --host-resolver-rules that resolves the lab's hosts and no other host."""
    addresses = (settings.loopback, settings.ingress_address)
    return ", ".join(
        [
            f"MAP localhost {settings.loopback}",
            f"MAP *.{DOMAIN} {settings.ingress_address}",
            "MAP * ~NOTFOUND",
            *(f"EXCLUDE {address}" for address in ("127.0.0.1", *addresses)),
        ]
    )
