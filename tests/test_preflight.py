"""lab/preflight.py: what can be seen to be unfit before anything is tried."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pytest

from lab import browser, doors, machine, preflight, releases, settings, source
from lab.errors import LabError
from lab.findings import Finding, warning
from lab.record import Record
from lab.terminal import Terminal
from tests.conftest import Listener, WriteProgram

RELEASE = releases.load("1.7")
SUPPORTED = {"docker": ">=20.10", "k3d": ">=5.4", "helm": ">=3.8,<4", "kubectl": ">=1.24,<1.27", "kustomize": ">=5.0"}
# As the tools print them.
PRINTED = {
    "docker": "24.0.7",
    "k3d": "k3d version v5.6.0\nk3s version v1.27.4-k3s1 (default)",
    "helm": "v3.14.4+g81c902a",
    "kustomize": "v5.0.3",
    "kubectl": "clientVersion:\n  buildDate: '2022-11-09T13:36:36Z'\n  gitVersion: v1.25.4\n  goVersion: go1.19.3\n",
}
KUSTOMIZE_4 = "{Version:kustomize/v4.5.7 GitCommit:56d82a8378dfc8dc3b3b1085e5a6e67b82966bd7 GoOs:linux GoArch:amd64}"


@pytest.fixture
def only_stubs(programs: Path, write_program: WriteProgram) -> Terminal:
    """A terminal with programs that print the versions above, and no others but the shell that runs them."""
    for name, text in PRINTED.items():
        write_program(name, f'/bin/cat <<"END"\n{text}\nEND')
    return Terminal({"PATH": str(programs)})


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
        ("kustomize", KUSTOMIZE_4, "4.5.7"),
    ],
)
def test_a_tool_of_the_wrong_version_is_named_with_both(
    only_stubs: Terminal, write_program: WriteProgram, name: str, printed: str, version: str
) -> None:
    write_program(name, f'/bin/cat <<"END"\n{printed}\nEND')
    [finding] = preflight.tools(SUPPORTED, only_stubs)
    assert finding.problem.what == f"{name} has the wrong version"
    assert (finding.problem.expected, finding.problem.seen) == (f"{name} {SUPPORTED[name]}", f"{name} {version}")
    assert f"install a {name}" in finding.problem.remedy


@pytest.mark.parametrize("name", PRINTED)
def test_a_tool_that_is_missing_is_named(only_stubs: Terminal, programs: Path, name: str) -> None:
    (programs / name).unlink()
    [finding] = preflight.tools(SUPPORTED, only_stubs)
    assert finding.problem.what == f"{name} cannot be used"
    assert "No such file or directory" in finding.problem.seen


def test_a_docker_without_its_engine_is_named_with_its_words(only_stubs: Terminal, write_program: WriteProgram) -> None:
    write_program("docker", "echo Cannot connect to the Docker daemon >&2; exit 1")
    [finding] = preflight.tools(SUPPORTED, only_stubs)
    assert "Cannot connect to the Docker daemon" in finding.problem.seen


def look(tags: Collection[str] = (), **options: object) -> list[Finding]:
    """All findings for a run with these options."""
    given = settings.load(options)
    return preflight.findings(given, RELEASE, source.of_the_internet(RELEASE), tags)


def whats(findings: Iterable[Finding]) -> list[str]:
    """What was found, in a sentence each."""
    return [finding.problem.what for finding in findings]


def test_nothing_is_found_where_all_is_fit(fit: None) -> None:
    assert look() == []


def test_what_the_lab_s_kind_finds_is_among_it_also_when_it_cannot_look(fit: None) -> None:
    def broken() -> Iterator[Finding]:
        yield warning("the lamp is old")
        raise LabError("the lamp is missing")

    found = preflight.findings(settings.load({}), RELEASE, source.of_the_internet(RELEASE), (), broken)
    assert [(one.severity, one.problem.what) for one in found] == [("error", "the lamp is missing")]


def test_too_little_memory_says_how_much_is_needed(fit: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MEMORY_NEEDED", 10**9 * machine.GIB)
    [finding] = look()
    assert finding.severity == "error"
    assert finding.problem.what == "there is too little memory"
    assert finding.problem.expected == "1000000000 GiB available"


def test_what_a_lab_that_is_there_uses_itself_is_not_asked_for(fit: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MEMORY_NEEDED", 10**9 * machine.GIB)
    monkeypatch.setattr(machine, "INOTIFY_NEEDED", dict.fromkeys(machine.INOTIFY_NEEDED, 10**9))
    Record(kind="embedded").save()
    assert look() == []


def test_a_machine_without_chromium_is_told_what_to_install(fit: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "NAMES", ("chromium-of-nobody",))
    assert whats(look({"ingress", "browser"})) == ["there is no Chromium"]
    assert look({"ingress"}) == []  # where no scenario looks at a page, none is needed


@pytest.mark.parametrize(
    ("lab", "tags", "looked_at"),
    [
        ("embedded", {"cluster", "kubeflow"}, set()),
        ("k3d", {"cluster"}, {"kubectl", "docker", "k3d", "helm"}),
        ("k3d", {"cluster", "kubeflow"}, {"kubectl", "docker", "k3d", "helm", "kustomize"}),
        ("existing", {"cluster"}, {"kubectl"}),
        ("existing", {"cluster", "kubeflow"}, {"kubectl", "kustomize"}),
    ],
)
def test_the_person_s_own_tools_are_looked_at_where_they_are_used(
    fit: None, own_tools: WriteProgram, lab: str, tags: set[str], looked_at: set[str]
) -> None:
    for name in PRINTED:
        own_tools(name, "echo 0.0.1")
    wrong = {what.split()[0] for what in whats(look(tags, lab=lab)) if "has the wrong version" in what}
    assert wrong == looked_at


def test_a_kustomize_that_is_too_old_is_found_before_anything_is_changed(fit: None, own_tools: WriteProgram) -> None:
    own_tools("kustomize", f"cat <<'END'\n{KUSTOMIZE_4}\nEND")
    found = {finding.problem.what: finding.problem for finding in look({"kubeflow"}, lab="existing")}
    problem = found["kustomize has the wrong version"]
    assert (problem.expected, problem.seen) == ("kustomize >=5.0", "kustomize 4.5.7")


@pytest.mark.parametrize("lab", ["k3d", "existing"])
def test_the_port_forward_s_port_in_use_is_found_where_kubeflow_is_asked_for(
    fit: None, own_tools: WriteProgram, monkeypatch: pytest.MonkeyPatch, listener: Listener, lab: str
) -> None:
    monkeypatch.setattr(doors, "PORT", listener.port)
    in_use = f"port {listener.port} is in use"
    assert in_use not in whats(look({"cluster"}, lab=lab))
    assert look({"kubeflow"}) == []  # an embedded lab has a network of its own
    [problem] = [one.problem for one in look({"kubeflow"}, lab=lab) if one.problem.what == in_use]
    assert "the port-forward" in problem.expected
    assert f"process {listener.pid} (" in problem.seen


def test_a_node_of_a_kubernetes_that_the_release_does_not_support_is_told(fit: None, own_tools: WriteProgram) -> None:
    newer = source.of_the_internet(RELEASE).model_copy(update={"k3s_image": "docker.io/rancher/k3s:v1.34.1-k3s1"})
    found = preflight.findings(settings.load({"lab": "k3d"}), RELEASE, newer, {"cluster"})
    [problem] = [one.problem for one in found if "Kubernetes" in one.problem.what]
    assert (problem.expected, problem.seen.split(";")[0]) == ("Kubernetes >=1.24,<1.26", "Kubernetes 1.34.1")


@pytest.mark.parametrize("lab", ["k3d", "existing"])
def test_however_long_tools_hang_all_is_told_in_three_seconds(
    fit: None, own_tools: WriteProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lab: str
) -> None:
    (tmp_path / "config").touch()
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    for name in PRINTED:
        own_tools(name, "exec sleep 60")
    begin = time.monotonic()
    found = look(preflight.EVERYTHING, lab=lab)
    assert time.monotonic() - begin < 3
    assert "kustomize did not tell its version" in whats(found)
    assert not [
        finding for finding in found if finding.severity == "error" and "cannot be used" in finding.problem.what
    ]


@pytest.fixture
def own_tools(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, programs: Path, write_program: WriteProgram
) -> WriteProgram:
    """Tools of the right versions on this process's PATH, no Docker and no cluster; and how to make other ones."""
    for name, printed in PRINTED.items():
        write_program(name, f"cat <<'END'\n{printed}\nEND")
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "no-kubeconfig"))
    return write_program


@pytest.fixture
def fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asks so little of this machine that it is fit, whatever it is: any program will do for a browser."""
    monkeypatch.setattr(machine, "MEMORY_NEEDED", 1)
    monkeypatch.setattr(machine, "INOTIFY_NEEDED", dict.fromkeys(machine.INOTIFY_NEEDED, 0))
    monkeypatch.setattr(preflight, "PORTS", {})
    monkeypatch.setattr(doors, "PORT", 0)  # every machine has a port that is free
    monkeypatch.setattr(browser, "NAMES", ("sh",))
