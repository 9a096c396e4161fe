"""A cluster of three nodes."""

from __future__ import annotations

from tests.clusters.shape import Shape, find_sabotage

THREE_NODES = Shape(
    name="three-nodes",
    description="a server and two agents of k3d",
    agents=2,
    sabotages=(
        find_sabotage("crd-deleted"),
        find_sabotage("no-default-storageclass"),
        find_sabotage("metallb-speaker-stopped"),
        find_sabotage("dex-stopped"),
        find_sabotage("authorization-policy-denies"),
    ),
)
