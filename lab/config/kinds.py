"""The kinds of lab, and the ways in which they differ."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class LabKind:
    """One kind of lab.

    Args:
        name: The value of --lab.
        is_installed: Whether the suite installs its layers; otherwise it verifies layers that someone else installed.
        has_docker: Whether the Docker network and the containers of the lab can be inspected.
        brings_tools: Whether the lab brings kubectl, helm, k3d and kustomize, and a network of its own.
        tools_inside: The programs that a user must run inside the lab, with its kubeconfig or its Docker Engine.
    """

    name: str
    is_installed: bool
    has_docker: bool
    brings_tools: bool
    tools_inside: Collection[str]


KINDS = {
    kind.name: kind
    for kind in (
        LabKind("embedded", True, True, True, ("kubectl", "helm", "k3d", "docker", "kustomize")),
        LabKind("k3d", True, True, False, ("kubectl", "helm")),
        LabKind("existing", False, False, False, ()),
    )
}


def render_commands(text: str, kind: LabKind, lab_name: str = "") -> str:
    """Rewrite the commands of a text so that they work in a lab of this kind.

    Args:
        text: A text with commands in backticks, written as on a cluster of the user's own: `kubectl get pods -A`.
        kind: The kind of the lab.
        lab_name: The name of the lab; empty for the lab without a name.

    Returns:
        The text, in which commands that need the lab's own network, kubeconfig or Docker run through
        `python -m lab exec`.
    """
    if not kind.tools_inside:
        return text
    name = f" --name {lab_name}" if lab_name else ""
    return re.sub(rf"`(?=(?:{'|'.join(kind.tools_inside)})\b)", f"`python -m lab{name} exec -- ", text)
