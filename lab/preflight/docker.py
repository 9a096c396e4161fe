"""Checks of the user's own Docker Engine, for a k3d lab."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docker.errors import DockerException

from lab.context import Lab
from lab.errors import LabError
from lab.layers.network import DockerNetwork
from lab.preflight.findings import Finding, error, warning
from lab.preflight.requirements import GIB, REQUIREMENTS
from lab.run.waiting import root_cause

DESKTOP = "Docker Desktop"
ROOTLESS = "name=rootless"


def check_docker(lab: Lab, recommended_disk: int = REQUIREMENTS.recommended_docker_disk) -> Iterator[Finding]:
    """Check that Docker can run the lab, and that no other network conflicts with the lab's.

    Args:
        lab: The lab, whose Docker is checked.
        recommended_disk: Bytes of free space below which there is a warning.

    Yields:
        The findings; a single one if Docker cannot be reached.
    """
    try:
        info = lab.docker.info()
    except (DockerException, OSError) as problem:
        yield error(
            "Docker cannot be reached",
            expected="the engine of DOCKER_HOST, or of /var/run/docker.sock, answers",
            seen=root_cause(problem),
            remedy="start it; if `docker version` reaches it through a context, set DOCKER_HOST to the address that "
            "`docker context inspect` prints; or use --lab embedded",
        )
        return
    yield from _check_engine(info, recommended_disk)
    yield from _check_network(DockerNetwork(lab))


def _check_engine(info: dict[str, Any], recommended_disk: int) -> Iterator[Finding]:
    is_rootless = ROOTLESS in " ".join(info.get("SecurityOptions") or [])
    if is_rootless or DESKTOP in info.get("OperatingSystem", ""):
        yield error(
            "Docker's networks cannot be reached from this machine",
            expected="an engine that runs as root on this machine itself",
            seen="rootless Docker" if is_rootless else f"{DESKTOP}, which does not route to its networks",
            remedy="use Docker Engine on Linux, run by root, or in a virtual machine (kubernetes-sigs/kind#3556)",
        )
    if not info.get("MemoryLimit", True):
        yield error(
            'Docker cannot limit memory: the node would fail with "failed to find memory cgroup"',
            expected="a memory controller among the engine's cgroups",
            seen=f"none, with Linux {info.get('KernelVersion')} and cgroup version {info.get('CgroupVersion')}",
            remedy="boot the kernel with cgroup_enable=memory cgroup_memory=1 (k3d-io/k3d#853)",
        )
    root = Path(info.get("DockerRootDir", ""))
    if root.is_absolute() and root.exists() and (free := shutil.disk_usage(root).free) < recommended_disk:
        yield warning(
            f"there may not be enough disk space at {root}",
            expected=f"{recommended_disk / GIB:.0f} GiB free for Kubeflow's images and volumes",
            seen=f"{free / GIB:.1f} GiB",
            remedy="`docker system prune` removes unused data; a node with too little disk space evicts pods",
        )


def _check_network(network: DockerNetwork) -> Iterator[Finding]:
    """Check that no other network has the name or the subnet of the lab's. That of an earlier run is accepted."""
    try:
        if network.problem():
            yield from (Finding("error", overlap) for overlap in network.find_overlaps())
    except LabError as problem:
        yield Finding("error", problem)
    except DockerException as problem:
        yield warning(
            f"could not check whether another network conflicts with {network.network_name}",
            seen=root_cause(problem),
        )
