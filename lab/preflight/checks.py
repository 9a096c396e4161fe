"""Preflight: all checks that are possible before anything is changed, in 3 s, each problem with its remedy."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import MappingProxyType

from lab.config.addresses import ANY_ADDRESS
from lab.config.entry_points import PORT_FORWARD_URL
from lab.context import Lab, RunContext
from lab.errors import LabError, ProgramTimeoutError
from lab.host.ports import find_used_ports
from lab.k8s.images import image_tag
from lab.k8s.kubeconfig import find_kubeconfig
from lab.k8s.version_numbers import find_version
from lab.layers.image_homes import is_checked
from lab.preflight import credentials, docker, existing_cluster, machine
from lab.preflight.entry_points import check_entry_point
from lab.preflight.findings import Finding, has_errors, note, warning
from lab.preflight.images import check_images
from lab.preflight.manifests import check_manifests
from lab.preflight.permissions import Scope, check_permissions, list_tags
from lab.preflight.requirements import REQUIREMENTS, Requirements
from lab.preflight.tools import TOOL_TIMEOUT, KitTool, check_tool, check_tools, list_tools
from lab.run import state as state_module
from lab.run.state import LabState
from lab.web.chromium import find_chromium
from lab.web.chromium_installation import check_chromium

ALL_TAGS = (*list_tags(creates=True), "browser", "login_form", "session")
"""The tags of a run of all scenarios, as far as they select checks."""

Check = Callable[[], Iterable[Finding]]


def run_checks(
    context: RunContext,
    tags: Collection[str],
    extra_check: Check | None = None,
    requirements: Requirements = REQUIREMENTS,
    kit_tools: Mapping[str, KitTool] = MappingProxyType({}),
) -> list[Finding]:
    """Check this machine, and the user's own tools, Docker or cluster if the run uses them. Nothing is changed.

    Args:
        context: The context of the run.
        tags: The tags of all selected scenarios.
        extra_check: A check for this kind of lab only.
        requirements: The requirements of a lab on the machine.
        kit_tools: The tools that the kit has for this release, or can build, by name.

    Returns:
        The findings of all checks.
    """
    checks = list(_select_checks(context, tags, requirements, kit_tools))
    if extra_check:
        checks.insert(0, extra_check)
    with ThreadPoolExecutor(len(checks)) as executor:
        return [finding for findings in executor.map(_run_check, checks) for finding in findings]


def _select_checks(
    context: RunContext, tags: Collection[str], requirements: Requirements, kit_tools: Mapping[str, KitTool]
) -> Iterator[Check]:
    settings, release, source = context.settings, context.release, context.source
    yield partial(credentials.check_settings, context)
    yield partial(machine.check_kernel, requirements.kernel)
    if "browser" in tags:
        yield partial(_check_chromium, context, requirements)
    if "kubeflow" in tags:
        yield partial(check_manifests, context)
    uses_own_docker = settings.lab == "k3d"
    state = state_module.load(context.paths)
    if settings.kind.is_installed:
        yield partial(machine.check_wsl, context.paths.cache)
        yield partial(
            machine.check_architecture,
            is_embedded=not uses_own_docker,
            with_upstream_images="kubeflow" in tags and not settings.manifests,
        )
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
        if "kubeflow" in tags and state is None and is_checked(context):
            yield partial(check_images, context)
        if state is None and not settings.name:
            yield partial(_check_ports, requirements.k3d_ports)
    if not settings.kind.is_installed:
        yield partial(credentials.check_password, context, tags)
        yield partial(_check_existing_cluster, context, tags, kit_tools.get("kubectl"))
        if "kubeflow" in tags:
            yield from (partial(check_entry_point, url, context) for url in settings.url)
    if not settings.kind.brings_tools:
        required, shell = list_tools(settings, tags), context.create_shell()
        yield from (
            partial(check_tool, name, range_, shell, kit_tools.get(name), release.reasons.get(name, ""))
            for name, range_ in release.tools
            if name in required
        )
        if "kubeflow" in tags and PORT_FORWARD_URL in settings.entry_points:
            ports = {requirements.port_forward_port: "the port-forward to Kubeflow"}
            yield partial(_check_ports, ports, str(settings.loopback))


def _run_check(check: Check) -> list[Finding]:
    try:
        return list(check())
    except LabError as problem:
        return [Finding("error", problem)]


def _check_chromium(context: RunContext, requirements: Requirements) -> Iterator[Finding]:
    """Check that there is a browser, and that it runs."""
    program = find_chromium(context.settings.browser, context.environment, requirements.browsers)
    try:
        check_chromium(program, context.create_shell(), TOOL_TIMEOUT)
    except ProgramTimeoutError as problem:
        yield warning(f"the browser {program} did not print its version in time", seen=problem.seen)
    else:
        yield note(f"the browser is {program}")


def _check_docker(lab: Lab, requirements: Requirements) -> list[Finding]:
    """Check the docker command first; if it cannot be used, the engine cannot be checked."""
    findings = list(check_tools({"docker": lab.release.tools.docker}, lab.create_shell()))
    # The versions of Podman are lower than any supported one of Docker.
    podman = docker.find_podman(lab, TOOL_TIMEOUT) if has_errors(findings) else None
    if podman and has_errors([podman]):
        return [podman]
    if findings and not podman:
        return findings
    return list(docker.check_docker(lab, requirements.recommended_docker_disk))


def _check_ports(purposes: Mapping[int, str], address: str = ANY_ADDRESS) -> list[Finding]:
    return [Finding("error", problem) for problem in find_used_ports(purposes, address)]


def _check_existing_cluster(
    context: RunContext, tags: Collection[str], kit_kubectl: KitTool | None
) -> Iterator[Finding]:
    """Check the cluster, and at the same time the permissions of the user; one that cannot be reached has none.

    The kubectl is that on PATH, or the kit's if there is none and it was built already.
    """
    kubeconfig, path = find_kubeconfig(context.environment), context.environment.get("PATH", "")
    if shutil.which("kubectl", path=path) is None:
        if not kit_kubectl or not kit_kubectl.program:
            yield warning("the cluster was not checked", seen="there is no kubectl yet")
            return
        path = f"{path}:{kit_kubectl.program.parent}"
    shell = context.create_shell({"KUBECONFIG": kubeconfig, "PATH": path})
    kube = Lab.from_context(context, LabState(kind="existing", environment={"KUBECONFIG": kubeconfig})).kube
    with ThreadPoolExecutor(1) as executor:
        permissions = executor.submit(lambda: list(check_permissions(kube, Scope.from_context(context, tags))))
        findings = list(existing_cluster.check_cluster(shell, context.release))
        yield from findings
        if has_errors(findings):
            return
        yield from permissions.result()
    if "kubeflow" in tags:
        yield from existing_cluster.check_places(kube, context)
        yield from credentials.check_owner(context)


def _check_node_image(image: str, context: RunContext) -> Iterable[Finding]:
    """Check that the release supports the Kubernetes of the node's image, if the image's tag contains the version."""
    version = find_version(image_tag(image))
    return existing_cluster.check_version(version, context.release) if version else ()
