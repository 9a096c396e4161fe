"""The site of an embedded lab: a private engine with the kit's image registry and web server, in one enclosure."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import requests

from embedded import engine, inventory, kit
from embedded.kit import Kit
from lab import folders, machine, record
from lab.findings import Finding, error, warning
from lab.namespace import inside_network_of
from lab.progress import Progress
from lab.record import Record
from lab.settings import Settings
from lab.site import Site, close, nothing_to_verify, tool_folders
from lab.source import Source, StandIn, load, without
from lab.space import told_when_full
from lab.waiting import polling, wait_until

SPACE_FOR_LAB, SPACE_FOR_KIT = 6 * machine.GIB, 20 * machine.GIB
"""Measured: a lab takes 4 GiB; the kit 1.8 GiB, and what Go keeps of building it 14 GiB."""
PROGRAMS = ("git", "mount", "setpriv", "tar", "unshare")
PROGRAMS_FOR_KIT = ("apt-get", "dpkg-deb", "go")
"""What a lab needs of the machine, and what the kit, if it must be built."""
SOURCE = Path(__file__).parent / "source.toml"
REGISTRY_CONTAINER, WEB_CONTAINER = "kit-registry", "kit-web"
WEB = "127.0.0.1:8000"
WEB_CONFIGURATION = f"server {{ listen {WEB}; root /srv; }}\n"
SERVICES = {REGISTRY_CONTAINER: f"http://{engine.REGISTRY}/v2/", WEB_CONTAINER: f"http://{WEB}/"}
VOLUMES = {
    REGISTRY_CONTAINER: ("/lab/registry:/var/lib/registry",),
    WEB_CONTAINER: ("/lab/web.conf:/etc/nginx/conf.d/default.conf", "/lab/web:/srv"),
}


def unfit(release: str) -> Iterator[Finding]:
    """What this machine, or the kit, lacks for an embedded lab of a release."""
    built = kit.is_built()
    yield from machine.space(folders.cache(), SPACE_FOR_LAB if built else SPACE_FOR_KIT)
    yield from (Finding("error", problem) for problem in without(release, load(SOURCE)))
    yield from machine.programs([*PROGRAMS, *([] if built else PROGRAMS_FOR_KIT)], "the embedded lab")
    if not built:
        yield warning(
            "the kit is not built, or parts of it are not",
            expected="a kit that an earlier run has built",
            seen=f"not all of it is in {folders.cache()}",
            remedy="nothing: the run builds it from package registries, which takes up to half an hour on two cores",
        )
    if os.geteuid() != 0:
        yield error(
            "the embedded lab needs root",
            expected="user 0, for network namespaces, mounts and a Docker Engine of its own",
            seen=f"user {os.geteuid()}",
            remedy="run it as root, or use --lab k3d with your own Docker",
        )


def inventory_of_kit() -> list[dict[str, Any]]:
    """What the kit consists of, as it was last built; nothing where it never was."""
    try:
        return inventory.read(folders.cache() / kit.FOLDER)
    except FileNotFoundError:
        return []


@contextmanager
def opened(settings: Settings, progress: Progress) -> Iterator[Site]:
    """Gives the site of an embedded lab, and keeps this thread inside of the lab's network meanwhile.

    A running engine is taken over; what a killed run left is continued, or removed where its engine is gone.

    Raises LabError when the kit cannot be built, the engine does not come up, or there is nothing to verify.
    """
    there = record.of_kind("embedded")
    # An engine that is not kept is ending, with the run that was killed: this one has the lock.
    running = bool(there and there.keep and there.first_process and there.first_process.runs())
    if settings.verify_only and not running:
        raise nothing_to_verify()
    with told_when_full(folders.cache()):
        built = kit.build(progress)
    source = source_of(built)
    if there and not running:
        progress.say("removing what an earlier run left")
        there.remove()
    there = there if there and running else Record(kind="embedded")
    there.keep = there.keep or settings.keep_lab
    try:
        with told_when_full(folders.cache()):
            there.save()
            if not running:
                with progress.stage("starting the private Docker Engine"):
                    _start(there, built, source)
        assert there.first_process
        if running:
            progress.say("the lab of an earlier run is taken over")
        with inside_network_of(there.first_process.pid):
            with told_when_full(folders.cache()):
                _offer_services(there, built)
            yield Site(settings, source, there, disposable=True)
    finally:
        close(there, settings)


def source_of(built: Kit) -> Source:
    """The kit as a source of the same kind as the internet, and what in it is not what its name says."""
    stand_ins = tuple(
        StandIn(
            seat=entry.record["seat"],
            taken_by=entry.record["taken_by"],
            images=built.pins.images[name].references if kind == "images" else (),
        )
        for (kind, name), entry in built.entries.items()
        if entry.record["seat"]
    )
    source = load(SOURCE)
    commit = built.entries["manifests", kit.MANIFESTS].record["commit"]
    manifests = source.manifests.model_copy(update={"commit": commit})
    return source.model_copy(update={"stand_ins": stand_ins, "manifests": manifests})


def _start(there: Record, built: Kit, source: Source) -> None:
    folder, sockets = folders.lab() / "engine", folders.sockets(folders.lab_id())
    there.cgroup = folders.unique(folders.lab_id())
    there.save()
    root = built.folder("roots", kit.ENGINE) / kit.ROOT
    running = engine.start(root, built.program(kit.RUNC), folder, sockets, there.cgroup, outlives_run=there.keep)
    there.first_process = running.first_process
    there.environment = _environment(running, built) | source.environment
    there.save()
    engine.begin(running)


def _offer_services(there: Record, built: Kit) -> None:
    """Starts the image registry and the web server, unless they are there, and waits until they answer."""
    listed = there.terminal.run("docker", "container", "ls", "--all", "--format={{.Names}}").output.split()
    if not {REGISTRY_CONTAINER, WEB_CONTAINER} <= set(listed):
        _prepare_services(there, built)
    images = {REGISTRY_CONTAINER: built.pins.images[kit.REGISTRY], WEB_CONTAINER: built.pins.images["nginx"]}
    for name, url in SERVICES.items():  # the registry first, the other's image comes from it
        if name not in listed:
            there.terminal.run(
                *("docker", "run", "--detach", "--restart=always", "--network=host", f"--name={name}"),
                *(f"--volume={volume}" for volume in VOLUMES[name]),
                f"{engine.REGISTRY}/{images[name].repository}",
            )
        wait_until(
            polling(partial(_answers, url), every=0.05, passing=(OSError,)),
            satisfied=bool,
            timeout=30,
            what=f"the kit's service {name} answers at {url}",
            remedy=f"`python -m lab exec -- docker logs {name}` says why; `python -m lab down` helps",
        )


def _prepare_services(there: Record, built: Kit) -> None:
    """Lays out what they are to offer, and loads the registry's own image."""
    shared = folders.lab() / "engine/shared"
    _link_images(built, shared / "registry")
    for chart in built.pins.charts:
        shutil.copytree(built.folder("charts", chart), shared / "web/charts" / chart, dirs_exist_ok=True)
    shutil.copytree(built.folder("manifests", kit.MANIFESTS), shared / "web", dirs_exist_ok=True)
    (shared / "web.conf").write_text(WEB_CONFIGURATION)
    there.terminal.run("docker", "load", "--quiet", "--input", built.folder("images", kit.REGISTRY) / kit.ARCHIVE)


def _environment(running: engine.Engine, built: Kit) -> dict[str, str]:
    """The variables of a terminal in the lab: nothing of the person's own configuration is read or written."""
    home, programs = folders.lab() / "home", folders.lab() / "bin"
    programs.mkdir()
    for name, program in built.pins.programs.items():
        for command in program.commands:
            (programs / command).symlink_to(built.folder("programs", name) / command)
    (programs / "docker").symlink_to(running.docker_program)
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "DOCKER_HOST": running.docker_host,
        "DOCKER_CONFIG": str(home / "docker"),
        **tool_folders(home),
    }


def _link_images(built: Kit, storage: Path) -> None:
    """Links the files of all images together into one registry's storage; they are named by their content."""
    for image in built.pins.images:
        for part in built.folder("images", image).glob("docker"):
            shutil.copytree(part, storage / part.name, copy_function=_link_once, dirs_exist_ok=True)


def _link_once(source: str, target: str) -> None:
    """Images share layers, and so files: one of a name is as good as the other."""
    with contextlib.suppress(FileExistsError):
        os.link(source, target)


def _answers(url: str) -> bool:
    return bool(requests.get(url, timeout=5).status_code < requests.codes.server_error)
