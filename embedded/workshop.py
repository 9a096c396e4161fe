"""A private Docker Engine that builds the kit's images; it is started when the first image is built."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from embedded import engine
from lab.context import RunContext
from lab.host.netns import enter_network_namespace
from lab.run.state import delete_cgroup, kill_enclosure
from lab.run.waiting import poll, wait_until
from lab.web.http_client import get_without_proxy

NAME = "workshop"
TIMEOUT = 900
"""Seconds for a build or a push; the node's image takes about one minute on two cores."""
REGISTRY_TIMEOUT = 30


class Workshop:
    """Builds images, and pushes them into directories with the layout of an image registry's storage.

    Args:
        context: The context of the run.
    """

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._directory = context.paths.cache / NAME
        self._socket_dir, self._cgroup = context.paths.socket_dir(NAME), context.paths.unique_name(NAME)
        self._engine: engine.Engine | None = None

    def __enter__(self) -> Workshop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._engine:
            kill_enclosure(self._engine.first_process, self._context.journal)
            self._remove()

    def _remove(self) -> None:
        """Delete the files of the workshop, or those of a killed run, whose engine has ended with it."""
        delete_cgroup(self._cgroup)
        shutil.rmtree(self._directory, ignore_errors=True)
        shutil.rmtree(self._socket_dir, ignore_errors=True)

    def start(self, root: Path, bounded_runc: Path) -> None:
        """Start the engine unless it runs.

        Args:
            root: The tar file of the engine's root file system.
            bounded_runc: The wrapper of runc for a machine that lacks a capability.
        """
        if not self._engine:
            self._remove()
            shell = self._context.create_shell()
            self._engine = engine.create(shell, root, bounded_runc, self._directory, self._socket_dir, self._cgroup)
            self._engine.start(self._context.journal)

    def build(self, name: str, build_context: Path) -> int:
        """Build an image from a build context, and return its unpacked size in bytes."""
        self._docker("build", "--quiet", "--tag", name, str(build_context))
        return int(self._docker("image", "inspect", "--format", "{{.Size}}", name))

    def load(self, archive: Path) -> None:
        """Load an image from an archive."""
        self._docker("load", "--quiet", "--input", str(archive))

    def save(self, name: str, archive: Path) -> None:
        """Write an image as an archive for `docker load`."""
        self._docker("save", "--output", str(archive), name)

    def push(self, image: str, names: Iterable[str], registry_image: str, storage: Path) -> None:
        """Push an image into the storage directory of a registry, which runs only meanwhile.

        Args:
            image: The image to push.
            names: All names to push it as.
            registry_image: The image of the registry.
            storage: The directory that receives the files.
        """
        with self._run_registry(registry_image, storage):
            for name in names:
                self._docker("tag", image, name)
                self._docker("push", "--quiet", name)

    @contextmanager
    def _run_registry(self, image: str, storage: Path) -> Iterator[None]:
        shared = self._running.directory / "shared/registry"
        shared.mkdir()
        volume = "--volume=/lab/registry:/var/lib/registry"
        container = self._docker("run", "--detach", "--network=host", volume, image)
        # On a terminal, a thread of the progress output runs meanwhile.
        with enter_network_namespace(self._running.first_process.pid, with_other_threads=True):
            wait_until(
                poll(lambda: get_without_proxy(f"http://{engine.REGISTRY}/v2/", timeout=5).ok, transient=(OSError,)),
                satisfied=bool,
                timeout=REGISTRY_TIMEOUT,
                waiting_for="the registry that receives the kit's images to respond",
                journal=self._context.journal,
            )
        yield
        self._docker("rm", "--force", "--volumes", container)
        for part in shared.iterdir():
            shutil.move(part, storage)
        shared.rmdir()

    @property
    def _running(self) -> engine.Engine:
        assert self._engine, "start() must be called first"
        return self._engine

    def _docker(self, *arguments: str) -> str:
        shell = self._context.create_shell({"DOCKER_HOST": self._running.docker_host, "DOCKER_BUILDKIT": "0"})
        return shell.run(self._running.docker_program, *arguments, timeout=TIMEOUT).output.strip()
