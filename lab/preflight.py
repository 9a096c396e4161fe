"""What can be seen to be unfit before anything is tried: all at once, each with its remedy, in 3 s."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lab import browser, doors, found_cluster, machine, own_docker, record, site
from lab.cluster import PORTS
from lab.errors import LabError
from lab.findings import Finding, error, warning
from lab.images import tag
from lab.ports import taken
from lab.record import Record
from lab.releases import Release
from lab.settings import Settings
from lab.site import Site
from lab.source import Source
from lab.terminal import DidNotEndError, Terminal

VERSION_COMMANDS = {
    "docker": ("docker", "version", "--format", "{{.Server.Version}}"),
    "k3d": ("k3d", "version"),
    "helm": ("helm", "version", "--short"),
    "kubectl": ("kubectl", "version", "--client", "--output=yaml"),
    "kustomize": ("kustomize", "version"),
}
TOOLS_OF_ALL, TOOLS_BELOW, TOOLS_OF_KUBEFLOW = ("kubectl",), ("k3d", "helm"), ("kustomize",)
"""What every lab without a kit needs; what, beside docker, installs what is below Kubeflow; and what Kubeflow needs."""
TOOL_TIMEOUT = 2
"""Seconds for a tool to tell its version."""
EVERYTHING = ("kubeflow", "browser")
"""The tags that a run of all scenarios has, as far as it matters here."""

Check = Callable[[], Iterable[Finding]]


def findings(
    settings: Settings, release: Release, source: Source, tags: Collection[str], more: Check = tuple
) -> list[Finding]:
    """Looks at what the run needs of this machine, and at the person's own tools, Docker or cluster where it uses them.

    Nothing is changed.

    Arguments:
        source: where things come from.
        tags: those of all scenarios that are to run.
        more: what only the lab's kind knows to look at.
    """
    checks = [more, *_checks(settings, release, source, tags)]
    with ThreadPoolExecutor(len(checks)) as looks:
        return [finding for found in looks.map(_all_of, checks) for finding in found]


def _checks(settings: Settings, release: Release, source: Source, tags: Collection[str]) -> Iterator[Check]:
    yield machine.of_linux
    if "browser" in tags:
        yield _chromium
    there = record.load()
    if settings.lab != "existing" and there is None:  # else memory and ports are in use by the lab itself
        yield machine.memory_controller
        yield partial(machine.inotify, whole_kubeflow=settings.lab == "k3d" and "kubeflow" in tags)
        if settings.lab == "embedded":
            yield machine.memory
        elif "kubeflow" in tags:
            yield partial(machine.size, release.machine)
    if settings.lab == "k3d":
        yield partial(_kubernetes_of_node, source, release)
        yield partial(_docker, release.tools.docker, Site(settings, source, there or Record(kind="k3d")))
        if there is None and not settings.name:
            yield partial(_ports, PORTS)
    if settings.lab == "existing":
        yield partial(_existing, release)
    if settings.lab != "embedded":  # which brings its tools, and has a network of its own
        wanted = _tools_needed(settings, tags)
        yield from (partial(tools, {name: text}, Terminal()) for name, text in release.tools if name in wanted)
        if "kubeflow" in tags:
            yield partial(_ports, {doors.PORT: "the port-forward to Kubeflow"}, str(settings.loopback))


def _all_of(check: Check) -> list[Finding]:
    try:
        return list(check())
    except LabError as problem:
        return [Finding("error", problem)]


def _tools_needed(settings: Settings, tags: Collection[str]) -> list[str]:
    below = TOOLS_BELOW if settings.lab == "k3d" else ()
    return [*TOOLS_OF_ALL, *below, *(TOOLS_OF_KUBEFLOW if "kubeflow" in tags else ())]


def _docker(supported: str, site: Site) -> Iterator[Finding]:
    """What is wrong with Docker; of one that cannot be used, nothing more is to be seen."""
    yield from list(tools({"docker": supported}, Terminal())) or own_docker.unfit(site)


def _chromium() -> Iterator[Finding]:
    browser.executable()
    yield from ()


def _ports(wanted: Mapping[int, str], *address: str) -> Iterator[Finding]:
    yield from (Finding("error", problem) for problem in taken(wanted, *address))


def _existing(release: Release) -> Iterator[Finding]:
    yield from found_cluster.unfit(Terminal({"KUBECONFIG": str(site.kubeconfig())}), release)


def _kubernetes_of_node(source: Source, release: Release) -> Iterator[Finding]:
    """That the node's image has a Kubernetes that the release does not run on, as far as its tag tells."""
    found = re.match(r"v(\d+\.\d+\.\d+)", tag(source.k3s_image))
    return found_cluster.unsupported(found[1], release) if found else iter(())


def tools(supported: Mapping[str, str], terminal: Terminal) -> Iterator[Finding]:
    """The programs that are missing, or of a version that the release does not work with.

    Arguments:
        supported: a version range for each program that is needed.
        terminal: where they are looked for.
    """
    for name in supported:
        try:
            printed = terminal.run(*VERSION_COMMANDS[name], timeout=TOOL_TIMEOUT).output
        except DidNotEndError as problem:
            yield warning(f"{name} did not tell its version", expected=f"{name} {supported[name]}", seen=problem.seen)
            continue
        except LabError as problem:
            yield error(
                f"{name} cannot be used",
                expected=f"{name} {supported[name]}",
                seen=problem.seen,
                remedy=f"install or start {name}, or use --lab embedded, which brings its own",
            )
            continue
        found = re.search(r"(\d+\.\d+\.\d+)", printed)
        version = found[1] if found else "unknown"
        if not found or Version(version) not in SpecifierSet(supported[name]):
            yield error(
                f"{name} has the wrong version",
                expected=f"{name} {supported[name]}",
                seen=f"{name} {version}",
                remedy=f"install a {name} of that range, or use --lab embedded, which brings its own",
            )
