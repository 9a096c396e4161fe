"""The embedded lab: a private Docker Engine with the kit's image registry and web server, in one enclosure."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import requests

from embedded import engine, inventory, kit, rules
from embedded.engine import Engine
from embedded.kit import Kit
from embedded.rehearsal.rehearsal import KitRehearsal
from embedded.remote_bases import check_remote_bases, copy_remote_bases
from embedded.upstream import clone_tree, find_tree
from lab.config import source as source_module
from lab.config.locations import parse_location
from lab.config.paths import Paths
from lab.config.source import Source, StandIn
from lab.context import Lab, RunContext, no_lab_to_verify, tool_environment
from lab.errors import LabError
from lab.host.disk import report_full_disk
from lab.host.memory import MemoryRecorder
from lab.host.netns import enter_network_namespace
from lab.layers.vendored_manifests import list_targets
from lab.preflight import machine
from lab.preflight.findings import Finding, error, warning
from lab.preflight.requirements import GIB
from lab.run import state as state_module
from lab.run.state import LabState
from lab.run.waiting import poll, wait_until
from lab.web.http_client import get_without_proxy

SPACE_FOR_LAB, SPACE_FOR_KIT = 6 * GIB, 20 * GIB
"""Measured: a lab needs 4 GiB; the kit needs 1.8 GiB, and Go's caches after building it 14 GiB."""
PROGRAMS = ("git", "mount", "setpriv", "tar", "unshare")
"""The programs that a lab needs on this machine."""
PROGRAMS_FOR_KIT = ("apt-get", "dpkg-deb", "go")
"""The programs that building the kit needs in addition."""
SOURCE = Path(__file__).parent / "source.toml"
SERVICE_TIMEOUT = 30
NODE = "node"
REGISTRY_CONTAINER, WEB_CONTAINER = "kit-registry", "kit-web"
WEB = "127.0.0.1:8000"
WEB_CONFIGURATION = f"server {{ listen {WEB}; root /srv; }}\n"
SERVICES = {REGISTRY_CONTAINER: f"http://{engine.REGISTRY}/v2/", WEB_CONTAINER: f"http://{WEB}/"}
"""The containers in the order of their start, with their URLs: the image of the web server is in the registry."""
VOLUMES = {
    REGISTRY_CONTAINER: ("/lab/registry:/var/lib/registry",),
    WEB_CONTAINER: ("/lab/web.conf:/etc/nginx/conf.d/default.conf", "/lab/web:/srv"),
}


def check_kit(context: RunContext) -> Iterator[Finding]:
    """Check that this machine and the kit can provide an embedded lab of the release.

    Yields:
        A finding for each problem.
    """
    try:
        built = kit.is_built(context)
    except LabError as problem:
        yield Finding("error", problem)
        return
    yield from _check_manifests(context)
    yield from machine.check_disk(context.paths.cache, SPACE_FOR_LAB if built else SPACE_FOR_KIT)
    programs = PROGRAMS if built else (*PROGRAMS, *PROGRAMS_FOR_KIT)
    yield from machine.check_programs(programs, "the embedded lab", context.environment.get("PATH", ""))
    if not built:
        yield warning(
            "the kit is not built completely",
            seen=f"items of it are missing in {context.paths.kit}",
            remedy="nothing: the run builds it from package registries, which takes up to half an hour on two cores",
        )
    if os.geteuid() != 0:
        yield error(
            "the embedded lab needs root",
            expected="user 0, for network namespaces, mounts and a Docker Engine of its own",
            seen=f"user {os.geteuid()}",
            remedy="run it as root, or use --lab k3d with your own Docker",
        )


def _check_manifests(context: RunContext) -> Iterator[Finding]:
    """Check that there are copies of the remote bases, if the manifests are on this machine already."""
    try:
        if not context.settings.remote_bases and (tree := find_tree(context)):
            check_remote_bases(tree, list_targets(context))
    except LabError as problem:
        yield Finding("error", problem)


def load_inventory(paths: Paths) -> list[inventory.Row]:
    """Return the inventory of the kit as it was last built; empty if it was never built."""
    try:
        return inventory.read(paths.kit)
    except FileNotFoundError:
        return []


@contextmanager
def open_embedded_lab(context: RunContext) -> Iterator[Lab]:
    """Open an embedded lab, and move this thread into the lab's network during the block.

    The lab of an earlier run is reused if its engine runs and is kept; otherwise the remains of a killed run are
    removed. At the end, the lab is removed unless it is to be kept.

    Args:
        context: The context of the run.

    Raises:
        LabError: If the kit cannot be built, the engine does not start, or there is no lab to verify.
    """
    cache = context.paths.cache
    state = state_module.load_kind(context.paths, "embedded")
    # An engine that is not kept is about to end, with the run that was killed: this run holds the lock of the lab.
    is_reused = bool(state and state.keep and state.first_process and state.first_process.is_running())
    if context.settings.verify_only and not is_reused:
        raise no_lab_to_verify()
    with report_full_disk(cache):
        built = kit.build(context, verifies_files=not is_reused)
    if state and not is_reused:
        context.progress.print("removing the remains of an earlier run")
        state.remove(context.paths, context.create_shell(state.environment))
    if not (state and is_reused):
        state = LabState(kind="embedded")
    state.keep = state.keep or context.settings.keep_lab
    rehearsal = KitRehearsal(built, context.paths.home, context.journal)
    memory = MemoryRecorder(context.paths.unique_name(context.paths.lab_id))
    source = source_from_kit(built, context)
    lab = Lab.from_context(context, state, source=source, disposable=True, rehearsal=rehearsal, memory=memory)
    try:
        with report_full_disk(cache):
            state.save(context.paths)
            if not is_reused:
                with context.progress.stage("starting the private Docker Engine"):
                    _start_engine(lab, built)
        assert state.first_process
        if is_reused:
            context.progress.print("reusing the lab of an earlier run")
        with enter_network_namespace(state.first_process.pid), memory.record():
            with report_full_disk(cache):
                _start_services(lab, built)
            yield lab
    finally:
        lab.close()


def source_from_kit(built: Kit, context: RunContext) -> Source:
    """Return the source of an embedded lab: the kit's registry and web server, and a list of its stand-ins.

    Args:
        built: The kit.
        context: The context of the run. Manifests that are not on this machine are cloned, and what
            they refer to by URL is copied from Go modules, unless the user gives copies.

    Raises:
        LabError: If the manifests cannot be cloned, or a Go module cannot be downloaded.
    """
    stand_ins = tuple(
        StandIn(
            component=entry.item.component,
            implemented_by=entry.item.implemented_by,
            images=built.pins.images[name].references if kind == "images" else (),
        )
        for (kind, name), entry in built.entries.items()
        if entry.item.component
    )
    source = source_module.load(SOURCE)
    changes: dict[str, object] = {"k3s_image": built.pins.images[NODE].reference, "stand_ins": stand_ins}
    if built.pins.has_manifests:
        commit = built.entries["manifests", rules.MANIFESTS].record["commit"]
        changes["manifests"] = source.manifests.model_copy(update={"commit": commit})
    cloned = _clone_manifests(context, built)
    tree = cloned or find_tree(context)
    if tree and not context.settings.remote_bases:
        changes["remote_bases"] = copy_remote_bases(context, tree, built)
    changes["manifests_directory"] = cloned
    return source.model_copy(update=changes)


def _clone_manifests(context: RunContext, built: Kit) -> Path | None:
    """Return a clone of the manifests, since no Git host is in reach of the lab; None if they are on this machine."""
    given = context.settings.manifests
    is_here = isinstance(parse_location(given), Path) if given else built.pins.has_manifests
    return None if is_here else clone_tree(context)


def _start_engine(lab: Lab, built: Kit) -> None:
    """Start the engine; the state is saved before each step that creates something on this machine."""
    paths, state = lab.paths, lab.state
    state.cgroup = paths.unique_name(paths.lab_id)
    state.save(paths)
    created = engine.create(
        lab.create_shell(),
        built.directory("roots", rules.ENGINE) / rules.ROOT,
        built.program(rules.RUNC),
        paths.lab / "engine",
        paths.socket_dir(paths.lab_id),
        state.cgroup,
        outlives_run=state.keep,
    )
    state.first_process = created.first_process
    state.environment = _create_environment(lab, created, built) | lab.source.environment
    state.save(paths)
    created.start(lab.journal)


def _start_services(lab: Lab, built: Kit) -> None:
    """Start the image registry and the web server unless they exist, and wait until they respond."""
    existing = lab.shell.run("docker", "container", "ls", "--all", "--format={{.Names}}").output.split()
    if not SERVICES.keys() <= set(existing):
        _prepare_services(lab, built)
    images = {REGISTRY_CONTAINER: built.pins.images[rules.REGISTRY], WEB_CONTAINER: built.pins.images["nginx"]}
    for name, url in SERVICES.items():
        if name not in existing:
            volumes = [f"--volume={volume}" for volume in VOLUMES[name]]
            image = f"{engine.REGISTRY}/{images[name].repository}"
            options = ("--detach", "--restart=always", "--network=host", f"--name={name}", *volumes)
            lab.shell.run("docker", "run", *options, image)
        wait_until(
            poll(partial(_responds, url), every=0.05, transient=(OSError,)),
            satisfied=bool,
            timeout=SERVICE_TIMEOUT,
            waiting_for=f"the kit's service {name} to respond at {url}",
            remedy=f"run again with --keep-lab, and read `docker logs {name}`; `python -m lab down` removes the lab",
            journal=lab.journal,
        )


def _prepare_services(lab: Lab, built: Kit) -> None:
    """Write the files that the services serve, and load the registry's own image."""
    shared = lab.paths.lab / "engine/shared"
    _link_images(built, shared / "registry")
    for chart in built.pins.charts:
        shutil.copytree(built.directory("charts", chart), shared / "web/charts" / chart, dirs_exist_ok=True)
    if built.pins.has_manifests:
        shutil.copytree(built.directory("manifests", rules.MANIFESTS), shared / "web", dirs_exist_ok=True)
    (shared / "web.conf").write_text(WEB_CONFIGURATION)
    lab.shell.run("docker", "load", "--quiet", "--input", built.directory("images", rules.REGISTRY) / rules.ARCHIVE)


def _create_environment(lab: Lab, created: Engine, built: Kit) -> dict[str, str]:
    """Return variables for programs in the lab, so that they do not use the user's own configuration."""
    programs = lab.paths.lab / "bin"
    programs.mkdir()
    for name, program in built.pins.programs.items():
        for command in program.commands:
            (programs / command).symlink_to(built.directory("programs", name) / command)
    (programs / "docker").symlink_to(created.docker_program)
    return {
        "PATH": f"{programs}:{lab.environment['PATH']}",
        "DOCKER_HOST": created.docker_host,
        "DOCKER_CONFIG": str(lab.home / "docker"),
        **tool_environment(lab.home),
    }


def _link_images(built: Kit, storage: Path) -> None:
    """Link the files of all images into the storage of one registry; their names are digests of their content."""
    for image in built.pins.images:
        for part in built.directory("images", image).glob("docker"):
            shutil.copytree(part, storage / part.name, copy_function=_link_once, dirs_exist_ok=True)


def _link_once(source: str, target: str) -> None:
    """Link a file, unless another image has it too; copy a small one, because the registry may write it again."""
    with suppress(FileExistsError):
        if Path(source).name == "link":
            shutil.copyfile(source, target)
        else:
            os.link(source, target)


def _responds(url: str) -> bool:
    return bool(get_without_proxy(url, timeout=5).status_code < requests.codes.server_error)
