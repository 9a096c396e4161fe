"""What the tests share: a cache folder of their own, and small programs to be found on a PATH."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from pytest_httpserver import HTTPServer

from lab import folders
from lab.kube import Kube
from lab.masking import SECRETS
from lab.terminal import Terminal
from tests.fake_cluster import FakeCluster

pytest_plugins = ["pytester"]

REPOSITORY = Path(__file__).parent.parent

# Found by hypothesis today means found by everybody: these tests decide whether a change lands. No deadline, since the
# machine may be busy.
hypothesis.settings.register_profile("tests", deadline=None, derandomize=True)
hypothesis.settings.load_profile("tests")

WriteProgram = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lab's cache folder in this test; this machine's own lab, and its settings, are neither seen nor touched."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg-cache"))
    for name in list(os.environ):
        if name.upper().startswith("KUBEFLOW_LAB_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv(folders.NAME_VARIABLE, "")  # so that what a test sets is gone after it
    return folders.cache()


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets of other tests, and of the run of pytest that this is, are none here."""
    monkeypatch.setattr(SECRETS, "_texts", set())
    monkeypatch.setattr(SECRETS, "_forms", [])


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder for programs of the test's own."""
    folder = tmp_path / "programs"
    folder.mkdir()
    return folder


@pytest.fixture
def write_program(programs: Path) -> WriteProgram:
    """Writes a shell script as a program of that name."""

    def write(name: str, script: str) -> Path:
        program = programs / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    return write


@pytest.fixture
def terminal(programs: Path) -> Terminal:
    """A terminal that finds the test's own programs first."""
    return Terminal({"PATH": f"{programs}:{os.environ['PATH']}"})


@pytest.fixture(scope="session")
def _http_server() -> Iterator[HTTPServer]:
    """One for all tests, since ending it takes half a second."""
    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as server:
        yield server


@pytest.fixture
def http_server(_http_server: HTTPServer) -> Iterator[HTTPServer]:
    """An HTTP server on the loopback interface that answers several requests at once, as a watch needs."""
    yield _http_server
    _http_server.clear()


@pytest.fixture
def cluster(http_server: HTTPServer) -> Iterator[FakeCluster]:
    """An API server without any object; its watches end with the test."""
    one = FakeCluster(http_server)
    yield one
    one.end_all_watches()


@pytest.fixture
def kube(cluster: FakeCluster, tmp_path: Path) -> Kube:
    """Its observer."""
    return Kube(cluster.write_kubeconfig(tmp_path / "kubeconfig"))


@dataclass(frozen=True)
class Listener:
    """A process of somebody else's that listens: its id, and the port of 127.0.0.1."""

    pid: int
    port: int


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Somebody else's: what a test's own process has, a program that it starts has for a moment, too."""
    listen = "import socket, sys\nserver = socket.create_server(('127.0.0.1', 0))\n"
    listen += "print(server.getsockname()[1], flush=True)\nsys.stdin.read()"
    command = [sys.executable, "-c", listen, "somebody-s-server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Listener(process.pid, int(process.stdout.readline()))
        finally:
            process.kill()
