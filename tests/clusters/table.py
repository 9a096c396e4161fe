"""The table of shapes."""

from __future__ import annotations

from tests.clusters.fewer_parts import FEWER_PARTS
from tests.clusters.other_names import OTHER_NAMES
from tests.clusters.private_ca import PRIVATE_CA
from tests.clusters.shape import Shape
from tests.clusters.three_nodes import THREE_NODES

SHAPES: tuple[Shape, ...] = (OTHER_NAMES, PRIVATE_CA, FEWER_PARTS, THREE_NODES)
