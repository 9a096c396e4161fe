"""Shared fixtures: a cache directory, a context and a lab of the test's own, and small programs on PATH."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from pytest_httpserver import HTTPServer

from lab.config.paths import NAME_VARIABLE, Paths
from lab.context import Lab, RunContext
from lab.k8s.client import Kube
from lab.run.journal import Journal
from lab.run.redaction import Secrets
from lab.run.shell import Shell
from lab.run.state import LabState
from tests.fake_cluster import FakeCluster
from tests.git_repositories import commit, git
from tests.trees import archives

pytest_plugins = ["pytester"]

REPOSITORY = Path(__file__).parent.parent

# The same examples in every run: these tests decide whether a change lands. No deadline: the machine may be busy.
hypothesis.settings.register_profile("tests", deadline=None, derandomize=True)
hypothesis.settings.load_profile("tests")

WriteProgram = Callable[[str, str], Path]
MakeContext = Callable[..., RunContext]
MakeLab = Callable[..., Lab]


def pytest_report_header() -> str:
    """Report which trees of upstream are checked, or that they are deselected."""
    return archives.describe()


@pytest.fixture(autouse=True)
def paths(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """The directories of a lab in this test; neither this machine's own lab nor its settings are used.

    The working directory is another one than the repository, which may have a kubeflow-lab.toml of the developer's.
    """
    monkeypatch.chdir(tmp_path_factory.mktemp("working-directory"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg-cache"))
    for name in list(os.environ):
        if name.upper().startswith("KUBEFLOW_LAB_"):
            monkeypatch.delenv(name)
    monkeypatch.delenv(NAME_VARIABLE, raising=False)
    return Paths.from_environment(os.environ)


@pytest.fixture
def journal() -> Journal:
    """An empty journal."""
    return Journal()


@pytest.fixture
def secrets() -> Secrets:
    """The secrets of this test."""
    return Secrets()


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A directory for programs of this test."""
    directory = tmp_path / "programs"
    directory.mkdir()
    return directory


@pytest.fixture
def write_program(programs: Path) -> WriteProgram:
    """A function that writes a shell script as a program with a name."""

    def write(name: str, script: str) -> Path:
        program = programs / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    return write


@pytest.fixture
def shell(programs: Path, journal: Journal, secrets: Secrets) -> Shell:
    """A shell that finds the programs of this test first."""
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    return Shell(environment, journal=journal, secrets=secrets)


@pytest.fixture
def make_context(programs: Path, paths: Paths) -> MakeContext:
    """A function that returns a context, from settings by name; its PATH lists the programs of this test first."""

    def make(environment: Mapping[str, str] | None = None, **options: Any) -> RunContext:
        variables = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", **(environment or {})}
        return RunContext.create(options, variables)

    return make


@pytest.fixture
def context(make_context: MakeContext) -> RunContext:
    """A context with the default settings."""
    return make_context()


@pytest.fixture
def make_lab(make_context: MakeContext) -> MakeLab:
    """A function that returns a lab, from settings by name, with a state and a disposable Docker if given."""

    def make(
        state: LabState | None = None,
        *,
        disposable: bool = False,
        environment: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Lab:
        context = make_context(environment, **options)
        state = state or LabState(kind=context.settings.lab)
        return Lab.from_context(context, state, disposable=disposable)

    return make


@pytest.fixture
def silent_server() -> Iterator[str]:
    """The URL of a server on loopback that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(scope="session")
def _http_server() -> Iterator[HTTPServer]:
    """One server for all tests, since ending it takes half a second."""
    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as server:
        yield server


@pytest.fixture
def http_server(_http_server: HTTPServer) -> Iterator[HTTPServer]:
    """An HTTP server on the loopback interface that answers several requests in parallel, as a watch needs."""
    yield _http_server
    _http_server.clear()


@pytest.fixture
def registry(http_server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> HTTPServer:
    """A server that answers as a registry does about an image that it does not have."""
    monkeypatch.setattr(http_server, "no_handler_status_code", 404)
    return http_server


@pytest.fixture
def cluster(http_server: HTTPServer) -> Iterator[FakeCluster]:
    """An API server without objects; its watches end with the test."""
    cluster = FakeCluster(http_server)
    yield cluster
    cluster.end_all_watches()


@pytest.fixture
def kube(cluster: FakeCluster, tmp_path: Path, journal: Journal) -> Kube:
    """The client of that API server."""
    return Kube(cluster.write_kubeconfig(tmp_path / "kubeconfig"), journal)


@pytest.fixture
def unreachable_kube(cluster: FakeCluster, tmp_path: Path, journal: Journal) -> Kube:
    """The client of an API server that does not run."""
    kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig")
    kubeconfig.write_text(kubeconfig.read_text().replace(cluster.server.url_for(""), "http://127.0.0.1:1"))
    return Kube(kubeconfig, journal)


@dataclass(frozen=True)
class Listener:
    """A process that listens on a port of 127.0.0.1."""

    pid: int
    port: int


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A foreign process; a port of the test's own process would be inherited by programs that it starts."""
    listen = "import socket, sys\nserver = socket.create_server(('127.0.0.1', 0))\n"
    listen += "print(server.getsockname()[1], flush=True)\nsys.stdin.read()"
    command = [sys.executable, "-c", listen, "foreign-server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Listener(process.pid, int(process.stdout.readline()))
        finally:
            process.kill()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit on the branch v1."""
    directory = tmp_path / "origin"
    directory.mkdir()
    git(directory, "init", "--quiet", "--initial-branch=v1")
    commit(directory, "first")
    return directory
