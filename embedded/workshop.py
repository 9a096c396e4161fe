"""A private Docker Engine for building the kit's images, started when the first one is built."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import requests

from embedded import engine
from lab import folders
from lab.namespace import inside_network_of
from lab.record import delete_cgroup, end_enclosure
from lab.terminal import Terminal
from lab.waiting import polling, wait_until

NAME = "workshop"
TIMEOUT = 900
"""Seconds for a build or a push; the node's image takes about one minute on two cores."""


class Workshop:
    """Builds images and pushes them into folders in the layout of an image registry."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._engine: engine.Engine | None = None

    def __enter__(self) -> Workshop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._engine:
            end_enclosure(self._engine.first_process)
            self._remove()

    def _remove(self) -> None:
        """Deletes its files; what a killed run left, too, whose engine has ended with it."""
        delete_cgroup(folders.unique(NAME))
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(folders.sockets(NAME), ignore_errors=True)

    def start(self, root: Path, bounded_runc: Path) -> None:
        """Starts the engine unless it runs; see embedded.engine.start for the arguments."""
        if not self._engine:
            self._remove()
            self._engine = engine.start(root, bounded_runc, self.folder, folders.sockets(NAME), folders.unique(NAME))
            engine.begin(self._engine)

    def build(self, name: str, context: Path) -> int:
        """Builds an image from its context; returns its unpacked size in bytes."""
        self._docker("build", "--quiet", "--tag", name, str(context))
        return int(self._docker("image", "inspect", "--format", "{{.Size}}", name))

    def load(self, archive: Path) -> None:
        """Loads an image from an archive."""
        self._docker("load", "--quiet", "--input", str(archive))

    def save(self, name: str, archive: Path) -> None:
        """Writes an image as an archive that `docker load` reads."""
        self._docker("save", "--output", str(archive), name)

    def push(self, image: str, names: Iterable[str], registry_image: str, storage: Path) -> None:
        """Pushes an image under all its names into a folder, through a registry that runs for as long as that takes."""
        with self._registry(registry_image, storage):
            for name in names:
                self._docker("tag", image, name)
                self._docker("push", "--quiet", name)

    @contextmanager
    def _registry(self, image: str, storage: Path) -> Iterator[None]:
        shared = self._running.folder / "shared/registry"
        shared.mkdir()
        container = self._docker(
            *("run", "--detach", "--network=host", "--volume=/lab/registry:/var/lib/registry", image),
        )
        with inside_network_of(self._running.first_process.pid):
            wait_until(
                polling(lambda: requests.get(f"http://{engine.REGISTRY}/v2/", timeout=5).ok, passing=(OSError,)),
                satisfied=bool,
                timeout=30,
                what="the workshop's image registry answers",
            )
        yield
        self._docker("rm", "--force", "--volumes", container)
        for part in shared.iterdir():
            shutil.move(part, storage)
        shared.rmdir()

    @property
    def _running(self) -> engine.Engine:
        assert self._engine, "start() comes first"
        return self._engine

    def _docker(self, *arguments: str) -> str:
        environment = {"DOCKER_HOST": self._running.docker_host, "DOCKER_BUILDKIT": "0"}
        result = Terminal(environment).run(self._running.docker_program, *arguments, timeout=TIMEOUT)
        return result.output.strip()
