"""A cluster of three nodes, verified by a user with the least Role, and read-only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lab.context import Lab
from lab.preflight.permissions import list_permissions
from tests.clusters.least_role import READ_ONLY, create_user
from tests.clusters.shape import Shape, find_sabotage


def read_only(_lab: Lab, _directory: Path) -> Mapping[str, str]:
    """Return the setting by which nothing is created in the cluster."""
    return {"read_only": "1"}


@contextmanager
def open_kubeconfig(lab: Lab, directory: Path) -> Iterator[Path]:
    """Yield the kubeconfig of a user with the least Role, who is deleted at the end."""
    with create_user(lab, list_permissions(READ_ONLY), directory) as (_, kubeconfig):
        yield kubeconfig


THREE_NODES = Shape(
    name="three-nodes",
    description="a server and two agents of k3d, verified read-only with the least Role",
    agents=2,
    settings=read_only,
    open_kubeconfig=open_kubeconfig,
    sabotages=tuple(
        map(
            find_sabotage,
            (
                "crd-deleted",
                "no-default-storageclass",
                "metallb-speaker-stopped",
                "dex-stopped",
                "readiness-probe-failing",
            ),
        )
    ),
)
