"""Checks of the user's own Docker Engine, for a k3d lab."""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from docker.errors import DockerException
from packaging.version import Version

from lab.context import Lab
from lab.errors import LabError
from lab.host.routes import Overlap, list_overlaps
from lab.k8s.images import image_tag
from lab.k8s.version_numbers import find_version
from lab.layers.network import DockerNetwork
from lab.preflight.findings import Finding, error, warning
from lab.preflight.machine import WSL2
from lab.preflight.requirements import GIB, REQUIREMENTS
from lab.run.waiting import root_cause

DESKTOP = "Docker Desktop"
ROOTLESS = "name=rootless"
PODMAN = "Podman Engine"
"""The name of Podman among the components that its Docker API reports."""
OLDEST_PODMAN = Version("4")
"""The oldest Podman that k3d supports, as an experiment (k3d.io, "Using Podman instead of Docker")."""
WITHOUT_CGROUP_V1 = Version("1.35")
"""The first Kubernetes whose kubelet does not start with cgroup v1, unless it is configured (failCgroupV1)."""
PODMAN_CLI = re.compile(r"podman version (\S+)")
"""The output of `docker --version` if Podman's script takes the place of the command."""


def check_docker(lab: Lab, recommended_disk: int = REQUIREMENTS.recommended_docker_disk) -> Iterator[Finding]:
    """Check that Docker can run the lab, and that no other network conflicts with the lab's.

    Args:
        lab: The lab, whose Docker is checked.
        recommended_disk: Bytes of free space below which there is a warning.

    Yields:
        The findings; a single one if Docker cannot be reached.
    """
    try:
        info, version = lab.docker.info(), lab.docker.version()
    except (DockerException, OSError) as problem:
        yield error(
            "Docker cannot be reached",
            expected="the engine of DOCKER_HOST, or of /var/run/docker.sock, answers",
            seen=root_cause(problem),
            remedy="start it; if `docker version` reaches it through a context, set DOCKER_HOST to the address that "
            "`docker context inspect` prints; or use --lab embedded",
        )
        return
    if podman := _check_podman(info, version):
        yield podman
        if podman.severity == "error":
            return
    yield from _check_engine(info, recommended_disk)
    yield from check_cgroup_version(str(info.get("CgroupVersion", "")), lab.source.k3s_image)
    yield from _check_network(DockerNetwork(lab))


def find_podman(lab: Lab, timeout: float) -> Finding | None:
    """Return that Podman takes the place of Docker: behind its API, or only behind the command; None if it does not.

    Args:
        lab: The lab, whose shell runs the command.
        timeout: Seconds for the command to print its version.
    """
    try:
        return _check_podman(lab.docker.info(), lab.docker.version())
    except (DockerException, OSError) as problem:
        unreachable = root_cause(problem)
    try:
        printed = lab.create_shell().run("docker", "--version", timeout=timeout).output
    except LabError:
        return None
    found = PODMAN_CLI.search(printed)
    if not found:
        return None
    return error(
        "Docker is Podman, whose socket cannot be reached",
        expected="a Docker API at DOCKER_HOST, or at /var/run/docker.sock, which k3d uses",
        seen=f"podman {found[1]}; {unreachable}",
        remedy="install Docker Engine; or `systemctl enable --now podman.socket` as root, and set DOCKER_HOST to "
        "unix:///run/podman/podman.sock, an experiment of k3d; or use --lab embedded",
    )


def _check_podman(info: Mapping[str, Any], version: Mapping[str, Any]) -> Finding | None:
    components = {part.get("Name"): part.get("Version", "") for part in version.get("Components") or []}
    return _describe_podman(components[PODMAN], is_rootless=_is_rootless(info)) if PODMAN in components else None


def _describe_podman(version: str, *, is_rootless: bool) -> Finding:
    found = find_version(version)
    if is_rootless or not found or found < OLDEST_PODMAN:
        return error(
            "Docker is Podman, with which the lab does not work",
            expected=f"Docker Engine, run by root, or at least Podman {OLDEST_PODMAN}, run by root",
            seen=f"podman {version}" + (", rootless: its networks cannot be reached" if is_rootless else ""),
            remedy="install Docker Engine, or use --lab embedded, which brings its own",
        )
    return warning(
        "Docker is Podman, which k3d supports as an experiment and with which this suite was never run",
        seen=f"podman {version}, run by root",
        remedy="if the cluster cannot be created, install Docker Engine, or use --lab embedded",
    )


def _is_rootless(info: Mapping[str, Any]) -> bool:
    return ROOTLESS in " ".join(info.get("SecurityOptions") or [])


def _check_engine(info: dict[str, Any], recommended_disk: int) -> Iterator[Finding]:
    kernel = info.get("KernelVersion", "")
    elsewhere = ""
    if _is_rootless(info):
        elsewhere = "rootless Docker, whose networks are in a namespace of their own"
    elif DESKTOP in info.get("OperatingSystem", ""):
        elsewhere = f"{DESKTOP}, which runs them in a virtual machine and does not route to them"
    elif kernel and kernel != platform.release():
        elsewhere = f"an engine on Linux {kernel}, that is in a virtual machine or on another machine"
    if elsewhere:
        yield error(
            "Docker's networks cannot be reached from this machine",
            expected=f"an engine that runs as root on this machine itself, with Linux {platform.release()}",
            seen=elsewhere,
            remedy=_describe_own_engine(),
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


def check_cgroup_version(cgroup_version: str, node_image: str) -> Iterator[Finding]:
    """Check that the kubelet of the node starts with the version of cgroups that the engine has.

    Args:
        cgroup_version: The version that the engine reports: 1 or 2.
        node_image: The image of the node; the version of Kubernetes is in its tag.

    Yields:
        An error if the kubelet refuses cgroup v1.
    """
    version = find_version(image_tag(node_image))
    if cgroup_version == "1" and version and version >= WITHOUT_CGROUP_V1:
        yield error(
            "the kubelet of the node would not start: it refuses cgroup v1",
            expected=f"cgroup v2, which the kubelet requires from Kubernetes {WITHOUT_CGROUP_V1} on",
            seen=f"cgroup v1, and the node's image {node_image}",
            remedy="boot the kernel with systemd.unified_cgroup_hierarchy=1 (`stat -fc %T /sys/fs/cgroup` prints "
            "cgroup2fs then), use a node's image with an older Kubernetes, or --lab embedded, whose kubelet starts",
        )


def _describe_own_engine() -> str:
    if WSL2 in platform.release():
        return (
            "install Docker Engine in this WSL distribution, and disable the integration of Docker Desktop with it "
            "(docker/for-win#6610)"
        )
    return (
        "use Docker Engine on Linux, run by root; if one runs here, too: `docker context use default`, and unset "
        "DOCKER_HOST (kubernetes-sigs/kind#3556)"
    )


def _check_network(network: DockerNetwork) -> Iterator[Finding]:
    """Check that no other network has the name or the subnet of the lab's. That of an earlier run is accepted."""
    try:
        if network.problem():
            yield from (Finding("error", overlap) for overlap in network.find_overlaps())
            subnet = network.lab.settings.subnet
            for overlap in list_overlaps(subnet):
                if not overlap.is_conflict:
                    yield _describe_overlap(overlap, subnet)
    except LabError as problem:
        yield Finding("error", problem)
    except DockerException as problem:
        yield warning(
            f"could not check whether another network conflicts with {network.network_name}",
            seen=root_cause(problem),
        )


def _describe_overlap(overlap: Overlap, subnet: IPv4Network) -> Finding:
    if overlap.comes_first:
        return warning(
            f"a route may take packets to the subnet {subnet} of the lab",
            seen=f"{overlap.description}, as a VPN client does",
            remedy="if the lab's addresses do not respond, disconnect the VPN, or let it except local networks, as "
            "`tailscale set --exit-node-allow-lan-access` does",
        )
    return warning(
        f"hosts with addresses in {subnet} cannot be reached while the lab exists",
        seen=overlap.description,
        remedy="if you need such hosts, as of a VPN, choose another subnet with --subnet",
    )
