"""The namespaces in which scenarios make Services to see what MetalLB does, and what a killed run leaves of them."""

from __future__ import annotations

import secrets

from lab.kube import Kube
from lab.terminal import Terminal

PREFIX = "lab-probes-"


def new_name() -> str:
    """The name for another one: the last one may still be on its way out."""
    return f"{PREFIX}{secrets.token_hex(3)}"


def left_behind(kube: Kube) -> list[str]:
    """Those in which Services still hold addresses."""
    found = {str(one["metadata"]["namespace"]) for one in kube.all("Service")}
    return sorted(name for name in found if name.startswith(PREFIX))


def remove(namespace: str, terminal: Terminal) -> None:
    """Deletes one: its Services, and so their addresses, are gone when this returns, the rest a little later."""
    terminal.run("kubectl", "delete", "service", "--all", "--namespace", namespace, "--timeout=60s")
    terminal.run("kubectl", "delete", "namespace", namespace, "--wait=false")
