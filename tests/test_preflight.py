"""lab/preflight.py: what can be seen to be unfit before anything is tried."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import browser, preflight, releases, settings
from lab.errors import LabError
from lab.terminal import Terminal
from tests.conftest import WriteProgram

SUPPORTED = {"docker": ">=20.10", "k3d": ">=5.4", "helm": ">=3.8,<4", "kubectl": ">=1.24,<1.27", "kustomize": ">=5.0"}
# As the tools print them.
PRINTED = {
    "docker": "24.0.7",
    "k3d": "k3d version v5.6.0\nk3s version v1.27.4-k3s1 (default)",
    "helm": "v3.14.4+g81c902a",
    "kubectl": "clientVersion:\n  buildDate: '2022-11-09T13:36:36Z'\n  gitVersion: v1.25.4\n  goVersion: go1.19.3\n",
}


@pytest.fixture
def port() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def only_stubs(programs: Path, write_program: WriteProgram) -> Terminal:
    """A terminal with programs that print the versions above, and no others but the shell that runs them."""
    for name, text in PRINTED.items():
        write_program(name, f'/bin/cat <<"END"\n{text}\nEND')
    return Terminal({"PATH": str(programs)})


def test_a_port_in_use_is_named_with_its_purpose_and_the_process_that_listens(port: int) -> None:
    [finding] = preflight.ports({port: "the Kubernetes API"})
    assert finding.what == f"port {port} is in use"
    assert "the Kubernetes API" in finding.expected
    assert f"process {os.getpid()} (" in finding.seen
    assert "python" in finding.seen


def test_a_port_in_use_by_another_process_is_named_with_its_command() -> None:
    listen = "import socket, sys\nserver = socket.create_server(('127.0.0.1', 0))\n"
    listen += "print(server.getsockname()[1], flush=True)\nsys.stdin.read()"
    command = [sys.executable, "-c", listen, "somebody-s-server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            taken = int(process.stdout.readline())
            [finding] = preflight.ports({taken: "HTTP"})
        finally:
            process.kill()
    assert f"process {process.pid} (" in finding.seen
    assert "somebody-s-server" in finding.seen


def test_a_free_port_is_fine() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        free = listener.getsockname()[1]
    assert list(preflight.ports({free: "HTTP"})) == []


def test_a_port_that_only_a_closed_connection_still_has_is_free() -> None:
    """Else a run right after another one would be refused for a minute."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address) as client:
            accepted, _ = listener.accept()
            accepted.close()  # the side that closes first has to linger
            client.recv(1)
    assert list(preflight.ports({address[1]: "HTTP"})) == []


def test_too_little_space_says_how_much_is_needed_and_how_much_there_is(tmp_path: Path) -> None:
    [finding] = preflight.space(tmp_path, 10**9 * preflight.GIB)
    assert str(tmp_path) in finding.what
    assert finding.expected == "1000000000 GiB free"
    assert finding.seen.endswith(" GiB")
    assert "XDG_CACHE_HOME" in finding.remedy


def test_space_is_that_of_the_file_system_where_the_folder_will_be(tmp_path: Path) -> None:
    assert list(preflight.space(tmp_path / "not/there/yet", 1)) == []


def test_tools_of_the_right_versions_are_fine(only_stubs: Terminal) -> None:
    assert list(preflight.tools(SUPPORTED, only_stubs)) == []


@pytest.mark.parametrize(
    ("name", "printed", "version"),
    [
        ("docker", "19.03.15", "19.03.15"),
        ("k3d", "k3d version v4.4.8\nk3s version v1.21.3-k3s1 (default)", "4.4.8"),
        ("helm", "v4.0.1+g12500dd", "4.0.1"),
        ("helm", "v2.17.0+ga690bad", "2.17.0"),
        ("kubectl", PRINTED["kubectl"].replace("v1.25.4", "v1.30.0"), "1.30.0"),
        ("kubectl", "nothing that is a version", "unknown"),
    ],
)
def test_a_tool_of_the_wrong_version_is_named_with_both(
    only_stubs: Terminal, write_program: WriteProgram, name: str, printed: str, version: str
) -> None:
    write_program(name, f'/bin/cat <<"END"\n{printed}\nEND')
    [finding] = preflight.tools(SUPPORTED, only_stubs)
    assert finding.what == f"{name} has the wrong version"
    assert (finding.expected, finding.seen) == (f"{name} {SUPPORTED[name]}", f"{name} {version}")
    assert f"install a {name}" in finding.remedy


@pytest.mark.parametrize("name", PRINTED)
def test_a_tool_that_is_missing_is_named(only_stubs: Terminal, programs: Path, name: str) -> None:
    (programs / name).unlink()
    [finding] = preflight.tools(SUPPORTED, only_stubs)
    assert finding.what == f"{name} cannot be used"
    assert "No such file or directory" in finding.seen


def test_a_docker_without_its_engine_is_named_with_its_words(only_stubs: Terminal, write_program: WriteProgram) -> None:
    write_program("docker", "echo Cannot connect to the Docker daemon >&2; exit 1")
    [finding] = preflight.tools(SUPPORTED, only_stubs)
    assert "Cannot connect to the Docker daemon" in finding.seen


def test_one_finding_is_raised_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    _fit(monkeypatch)
    finding = LabError("the lamp is missing")
    with pytest.raises(LabError) as caught:
        preflight.check(settings.load({}), releases.load("1.7"), [finding])
    assert caught.value is finding


def test_several_findings_are_raised_together_each_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    _fit(monkeypatch)
    findings = [LabError("the lamp is missing", remedy="buy one"), LabError("the bulb is broken", remedy="change it")]
    with pytest.raises(LabError) as caught:
        preflight.check(settings.load({}), releases.load("1.7"), findings)
    assert caught.value.what == "2 things are not fit, nothing was changed"
    assert all(text in str(caught.value) for text in ("the lamp is missing", "buy one", "change it"))


def test_nothing_is_raised_where_all_is_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    _fit(monkeypatch)
    preflight.check(settings.load({}), releases.load("1.7"))


def test_too_little_memory_says_how_much_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    _fit(monkeypatch)
    monkeypatch.setattr(preflight, "MEMORY_NEEDED", 10**9 * preflight.GIB)
    with pytest.raises(LabError) as caught:
        preflight.check(settings.load({}), releases.load("1.7"))
    assert caught.value.what == "there is too little memory"
    assert caught.value.expected == "1000000000 GiB available"


def test_a_machine_without_chromium_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, programs: Path) -> None:
    _fit(monkeypatch)
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(LabError) as caught:
        preflight.check(settings.load({}), releases.load("1.7"))
    assert caught.value.what == "there is no Chromium"


def test_the_person_s_own_tools_are_looked_at_where_they_are_used(
    monkeypatch: pytest.MonkeyPatch, programs: Path, write_program: WriteProgram
) -> None:
    _fit(monkeypatch)
    monkeypatch.setattr(preflight, "PORTS", {})
    for name in PRINTED:
        write_program(name, "echo 0.0.1")
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    preflight.check(settings.load({"lab": "embedded"}), releases.load("1.7"))
    with pytest.raises(LabError) as caught:
        preflight.check(settings.load({"lab": "k3d"}), releases.load("1.7"))
    assert caught.value.seen.count("has the wrong version") == len(PRINTED)


def _fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asks so little of this machine that it is fit, whatever it is: any program will do for a browser."""
    monkeypatch.setattr(preflight, "MEMORY_NEEDED", 1)
    monkeypatch.setattr(browser, "NAMES", ("sh",))
