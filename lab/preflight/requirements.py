"""The requirements of a lab that preflight checks, apart from those of the release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lab.config.entry_points import PORT_FORWARD_PORT
from lab.layers.cluster import PORTS
from lab.web import chromium

GIB = 1024**3


@dataclass(frozen=True)
class InotifyLimits:
    """The limits of inotify for one user; the fields have the names of the kernel's parameters."""

    max_user_instances: int
    max_user_watches: int


@dataclass(frozen=True)
class Requirements:
    """The requirements of a lab on the machine.

    Args:
        kernel: The oldest version of Linux. The default is that of Kubernetes' own check of a node.
        memory: Bytes of available memory for an embedded lab. Measured: the lab and the suite use at most 3.5 GiB; the
            rest is for files that are read repeatedly.
        inotify: The minimum. Measured: the node and the pods of a whole embedded lab use 24 instances with 1,240
            watches.
        recommended_inotify: Upstream's recommendation for the whole of Kubeflow (kubeflow/manifests#2087).
        recommended_docker_disk: Bytes of free disk space for Docker on the user's machine, for the images of Kubeflow
            and the data that they write. Not measured here; the usual recommendation.
        browsers: The possible names of Chromium's program on PATH.
        k3d_ports: The ports of this machine that k3d publishes, with their purposes.
        port_forward_port: The port of this machine for the port-forward to Kubeflow.
    """

    kernel: tuple[int, int] = (4, 19)
    memory: int = 5 * GIB
    inotify: InotifyLimits = InotifyLimits(32, 2_048)
    recommended_inotify: InotifyLimits = InotifyLimits(2_280, 1_255_360)
    recommended_docker_disk: int = 40 * GIB
    browsers: Sequence[str] = chromium.NAMES
    k3d_ports: Mapping[int, str] = field(default_factory=lambda: PORTS)
    port_forward_port: int = PORT_FORWARD_PORT


REQUIREMENTS = Requirements()
