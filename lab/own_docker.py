"""What a lab needs of the person's own Docker: looked at before anything is made in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docker.errors import DockerException

from lab.errors import LabError
from lab.findings import Finding, error, warning
from lab.machine import GIB
from lab.network import DockerNetwork
from lab.site import Site
from lab.waiting import root_of

DESKTOP = "Docker Desktop"
ROOTLESS = "name=rootless"
SPACE_ADVISED = 40 * GIB
"""For Kubeflow's images and what they write. Nobody has measured it here; it is what people are told elsewhere."""


def unfit(site: Site) -> Iterator[Finding]:
    """What of Docker is in the way of a lab; where Docker cannot be reached at all, that is one finding."""
    try:
        network = DockerNetwork(site)
        told: dict[str, Any] = network.docker.info()
    except (DockerException, OSError) as problem:
        yield error(
            "Docker cannot be reached",
            expected="the engine of DOCKER_HOST, or of /var/run/docker.sock, answers",
            seen=root_of(problem),
            remedy="start it; if `docker version` reaches one by a context, set DOCKER_HOST to what "
            "`docker context inspect` tells; or use --lab embedded",
        )
        return
    yield from _engine(told)
    yield from _in_the_way(network)


def _engine(told: dict[str, Any]) -> Iterator[Finding]:
    rootless = ROOTLESS in " ".join(told.get("SecurityOptions") or [])
    if DESKTOP in told.get("OperatingSystem", "") or rootless:
        yield error(
            "Docker's networks cannot be reached from here",
            expected="an engine that runs as root on this machine itself",
            seen="rootless Docker" if rootless else f"{DESKTOP}, which does not route to its networks",
            remedy="use Docker Engine on Linux, run by root, or in a virtual machine (kubernetes-sigs/kind#3556)",
        )
    if not told.get("MemoryLimit", True):
        yield error(
            "Docker cannot limit memory: the node would end with “failed to find memory cgroup”",
            expected="a memory controller among the engine's cgroups",
            seen=f"none, with Linux {told.get('KernelVersion')} and cgroup version {told.get('CgroupVersion')}",
            remedy="start the kernel with cgroup_enable=memory cgroup_memory=1 (k3d-io/k3d#853)",
        )
    root = Path(told.get("DockerRootDir", ""))
    if root.is_absolute() and root.exists() and (left := shutil.disk_usage(root).free) < SPACE_ADVISED:
        yield warning(
            f"there may be too little space at {root}",
            expected=f"{SPACE_ADVISED / GIB:.0f} GiB free for Kubeflow's images and volumes",
            seen=f"{left / GIB:.1f} GiB",
            remedy="`docker system prune` frees what nobody uses; a node that is short of space evicts pods",
        )


def _in_the_way(network: DockerNetwork) -> Iterator[Finding]:
    """Another network of its name, or in its range; the lab's own, of an earlier run, is in nobody's way."""
    try:
        if network.wrong():
            for overlap in network.overlaps():
                yield Finding("error", overlap)
    except LabError as problem:
        yield Finding("error", problem)
    except DockerException as problem:
        yield warning(
            f"it cannot be seen whether a network {network.site.settings.network_name} is in the way",
            seen=root_of(problem),
        )
