"""Preflight: all checks that are possible before anything is changed, in 3 s, each problem with its remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from lab.config.addresses import ANY_ADDRESS
from lab.config.settings import Settings
from lab.context import Lab, RunContext
from lab.errors import LabError, ProgramTimeoutError
from lab.host.ports import find_used_ports
from lab.k8s.images import image_tag
from lab.k8s.kubeconfig import find_kubeconfig
from lab.k8s.version_numbers import find_version, is_in_range
from lab.preflight import docker, existing_cluster, machine
from lab.preflight.findings import Finding, error, warning
from lab.preflight.manifests import check_manifests
from lab.preflight.requirements import REQUIREMENTS, Requirements
from lab.run import state as state_module
from lab.run.shell import Shell
from lab.run.state import LabState
from lab.web.chromium import find_chromium
from lab.web.chromium_installation import check_chromium

VERSION_COMMANDS = {
    "docker": ("docker", "version", "--format", "{{.Server.Version}}"),
    "k3d": ("k3d", "version"),
    "helm": ("helm", "version", "--short"),
    "kubectl": ("kubectl", "version", "--client", "--output=yaml"),
    "kustomize": ("kustomize", "version"),
}
VERSION_IN_OUTPUT = {
    "k3d": r"k3d version (?P<version>\S+)",
    "kubectl": r"gitVersion: *[\"']?(?P<version>[^\s\"']+)",
    "kustomize": r"(?:^|\bkustomize/|Version:)(?P<version>v?\d[^\s{}]*)",
}
"""The version in the output of a tool, where the output does not begin with it.

k3d also prints the version of k3s, kubectl may print that of kustomize.
"""
CHAPTERS_WITH_HELM = ("metallb", "ingress")
"""The tags of the chapters that check Helm releases."""
TOOL_TIMEOUT = 2
"""Seconds for a tool to print its version."""
ALL_TAGS = ("metallb", "ingress", "kubeflow", "browser")
"""The tags of a run of all scenarios, as far as they select checks."""

Check = Callable[[], Iterable[Finding]]


def run_checks(
    context: RunContext,
    tags: Collection[str],
    extra_check: Check | None = None,
    requirements: Requirements = REQUIREMENTS,
) -> list[Finding]:
    """Check this machine, and the user's own tools, Docker or cluster if the run uses them. Nothing is changed.

    Args:
        context: The context of the run.
        tags: The tags of all selected scenarios.
        extra_check: A check for this kind of lab only.
        requirements: The requirements of a lab on the machine.

    Returns:
        The findings of all checks.
    """
    checks = list(_select_checks(context, tags, requirements))
    if extra_check:
        checks.insert(0, extra_check)
    with ThreadPoolExecutor(len(checks)) as executor:
        return [finding for findings in executor.map(_run_check, checks) for finding in findings]


def _select_checks(context: RunContext, tags: Collection[str], requirements: Requirements) -> Iterator[Check]:
    settings, release, source = context.settings, context.release, context.source
    yield partial(machine.check_kernel, requirements.kernel)
    if "browser" in tags:
        yield partial(_check_chromium, context, requirements)
    if "kubeflow" in tags:
        yield partial(check_manifests, context)
    uses_own_docker = settings.lab == "k3d"
    state = state_module.load(context.paths)
    if settings.kind.is_installed and state is None:  # otherwise the lab itself uses memory and ports
        yield machine.check_memory_controller
        yield partial(
            machine.check_inotify,
            uses_own_docker and "kubeflow" in tags,
            requirements.inotify,
            requirements.recommended_inotify,
        )
        if not uses_own_docker:
            yield partial(machine.check_memory, requirements.memory)
        elif "kubeflow" in tags:
            yield partial(machine.check_size, release.machine)
    if uses_own_docker:
        lab = Lab.from_context(context, state or LabState(kind="k3d"))
        yield partial(_check_node_image, source.k3s_image, context)
        yield partial(_check_docker, lab, requirements)
        if state is None and not settings.name:
            yield partial(_check_ports, requirements.k3d_ports)
    if not settings.kind.is_installed:
        yield partial(_check_existing_cluster, context)
    if not settings.kind.brings_tools:
        required = _list_tools(settings, tags)
        shell = context.create_shell()
        yield from (partial(check_tools, {name: range_}, shell) for name, range_ in release.tools if name in required)
        if "kubeflow" in tags:
            ports = {requirements.port_forward_port: "the port-forward to Kubeflow"}
            yield partial(_check_ports, ports, str(settings.loopback))


def _run_check(check: Check) -> list[Finding]:
    try:
        return list(check())
    except LabError as problem:
        return [Finding("error", problem)]


def _list_tools(settings: Settings, tags: Collection[str]) -> list[str]:
    """Return the tools that the run needs, apart from docker, in a lab that does not bring them."""
    tools = ["kubectl"]
    if settings.kind.is_installed:
        tools += ["k3d"]
    if settings.kind.is_installed or any(tag in tags for tag in CHAPTERS_WITH_HELM):
        tools += ["helm"]
    if "kubeflow" in tags:
        tools += ["kustomize"]
    return tools


def _check_chromium(context: RunContext, requirements: Requirements) -> Iterator[Finding]:
    """Check that there is a browser, and that it runs."""
    program = find_chromium(context.settings.browser, context.environment, requirements.browsers)
    try:
        check_chromium(program, context.create_shell(), TOOL_TIMEOUT)
    except ProgramTimeoutError as problem:
        yield warning(f"the browser {program} did not print its version in time", seen=problem.seen)


def _check_docker(lab: Lab, requirements: Requirements) -> list[Finding]:
    """Check the docker command first; if it cannot be used, the engine cannot be checked."""
    findings = list(check_tools({"docker": lab.release.tools.docker}, lab.create_shell()))
    return findings or list(docker.check_docker(lab, requirements.recommended_docker_disk))


def _check_ports(purposes: Mapping[int, str], address: str = ANY_ADDRESS) -> list[Finding]:
    return [Finding("error", problem) for problem in find_used_ports(purposes, address)]


def _check_existing_cluster(context: RunContext) -> Iterator[Finding]:
    shell = context.create_shell({"KUBECONFIG": find_kubeconfig(context.environment)})
    return existing_cluster.check_cluster(shell, context.release)


def _check_node_image(image: str, context: RunContext) -> Iterable[Finding]:
    """Check that the release supports the Kubernetes of the node's image, if the image's tag contains the version."""
    version = find_version(image_tag(image))
    return existing_cluster.check_version(version, context.release) if version else ()


def check_tools(supported: Mapping[str, str], shell: Shell, timeout: float = TOOL_TIMEOUT) -> Iterator[Finding]:
    """Check that programs exist, and have versions that the release works with.

    Args:
        supported: A version range for each required program.
        shell: The shell in which they run.
        timeout: Seconds for each program to print its version.

    Yields:
        An error for a program that cannot be used or has the wrong version; a warning if the time is up, or the program
        does not print its version, as development versions do.
    """
    for name, version_range in supported.items():
        expected = f"{name} {version_range}"
        try:
            output = shell.run(*VERSION_COMMANDS[name], timeout=timeout).output
        except ProgramTimeoutError as problem:
            yield warning(f"{name} did not print its version in time", expected=expected, seen=problem.seen)
            continue
        except LabError as problem:
            yield error(
                f"{name} cannot be used",
                expected=expected,
                seen=problem.seen,
                remedy=f"install or start {name}, or use --lab embedded, which brings its own",
            )
            continue
        printed = _cut_version(name, output)
        version = find_version(printed)
        if version is None:
            first_line = next(iter(output.strip().splitlines()), "")
            yield warning(
                f"the version of {name} is not known, and was not checked",
                expected=expected,
                seen=f"{name} prints {first_line or 'nothing'}",
                remedy=f"if {name} fails, install a supported version, or use --lab embedded, which brings its own",
            )
        elif not is_in_range(version, version_range):
            yield error(
                f"{name} has an unsupported version",
                expected=expected,
                seen=f"{name} {re.split('[+~_ -]', printed.strip().removeprefix('v'))[0]}",
                remedy=f"install a supported version of {name}, or use --lab embedded, which brings its own",
            )


def _cut_version(name: str, output: str) -> str:
    """Return the part of a tool's output that begins with its own version; the whole output if that is not found."""
    pattern = VERSION_IN_OUTPUT.get(name)
    found = re.search(pattern, output) if pattern else None
    return found["version"] if found else output
