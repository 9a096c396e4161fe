"""lab/preflight.py: what can be seen to be unfit before anything is tried."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from lab import browser, doors, preflight, releases, settings
from lab.errors import LabError
from lab.terminal import Terminal
from tests.conftest import WriteProgram

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
        ("kustomize", KUSTOMIZE_4, "4.5.7"),
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
        preflight.check(settings.load({}), RELEASE, (), [finding])
    assert caught.value is finding


def test_several_findings_are_raised_together_each_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    _fit(monkeypatch)
    findings = [LabError("the lamp is missing", remedy="buy one"), LabError("the bulb is broken", remedy="change it")]
    with pytest.raises(LabError) as caught:
        preflight.check(settings.load({}), RELEASE, (), findings)
    assert caught.value.what == "2 things are not fit, nothing was changed"
    assert all(text in str(caught.value) for text in ("the lamp is missing", "buy one", "change it"))


def test_nothing_is_raised_where_all_is_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    _fit(monkeypatch)
    preflight.check(settings.load({}), RELEASE, ())


def test_too_little_memory_says_how_much_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    _fit(monkeypatch)
    monkeypatch.setattr(preflight, "MEMORY_NEEDED", 10**9 * preflight.GIB)
    with pytest.raises(LabError) as caught:
        preflight.check(settings.load({}), RELEASE, ())
    assert caught.value.what == "there is too little memory"
    assert caught.value.expected == "1000000000 GiB available"


def test_a_machine_without_chromium_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    _fit(monkeypatch)
    monkeypatch.setattr(browser, "NAMES", ("chromium-of-nobody",))
    with pytest.raises(LabError) as caught:
        preflight.check(settings.load({}), RELEASE, {"ingress", "browser"})
    assert caught.value.what == "there is no Chromium"
    preflight.check(settings.load({}), RELEASE, {"ingress"})  # where no scenario looks at a page, none is needed


@pytest.mark.parametrize(
    ("lab", "tags", "looked_at"),
    [
        ("embedded", {"cluster", "kubeflow"}, ()),
        ("k3d", {"cluster"}, ("kubectl", "docker", "k3d", "helm")),
        ("k3d", {"cluster", "kubeflow"}, ("kubectl", "docker", "k3d", "helm", "kustomize")),
        ("existing", {"cluster"}, ("kubectl",)),
        ("existing", {"cluster", "kubeflow"}, ("kubectl", "kustomize")),
    ],
)
def test_the_person_s_own_tools_are_looked_at_where_they_are_used(
    old_tools: None, lab: str, tags: set[str], looked_at: tuple[str, ...]
) -> None:
    with pytest.raises(LabError) as caught:
        preflight.check(settings.load({"lab": lab}), RELEASE, tags, [LabError("the lamp is missing")])
    text = str(caught.value)
    assert text.count("has the wrong version") == len(looked_at)
    assert all(f"{name} has the wrong version" in text for name in looked_at)


def test_a_kustomize_that_is_too_old_is_found_before_anything_is_changed(
    monkeypatch: pytest.MonkeyPatch, programs: Path, write_program: WriteProgram
) -> None:
    _fit(monkeypatch)
    for name, printed in {**PRINTED, "kustomize": KUSTOMIZE_4}.items():
        write_program(name, f"cat <<'END'\n{printed}\nEND")
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    with pytest.raises(LabError) as caught:
        preflight.check(settings.load({"lab": "existing"}), RELEASE, {"kubeflow"})
    assert caught.value.what == "kustomize has the wrong version"
    assert (caught.value.expected, caught.value.seen) == ("kustomize >=5.0", "kustomize 4.5.7")


@pytest.mark.parametrize("lab", ["k3d", "existing"])
def test_the_port_forward_s_port_in_use_is_found_where_kubeflow_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, programs: Path, write_program: WriteProgram, lab: str
) -> None:
    _fit(monkeypatch)
    for name, printed in PRINTED.items():
        write_program(name, f"cat <<'END'\n{printed}\nEND")
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(doors, "PORT", port := server.getsockname()[1])
        preflight.check(settings.load({"lab": lab}), RELEASE, {"cluster"})
        preflight.check(settings.load({}), RELEASE, {"kubeflow"})  # an embedded lab has a network of its own
        with pytest.raises(LabError) as caught:
            preflight.check(settings.load({"lab": lab}), RELEASE, {"kubeflow"})
    assert caught.value.what == f"port {port} is in use"
    assert "the port-forward" in caught.value.expected
    assert f"process {os.getpid()} (" in caught.value.seen


@pytest.fixture
def old_tools(monkeypatch: pytest.MonkeyPatch, programs: Path, write_program: WriteProgram) -> None:
    """Tools that are all too old."""
    _fit(monkeypatch)
    for name in PRINTED:
        write_program(name, "echo 0.0.1")
    monkeypatch.setenv("PATH", str(programs), prepend=":")


def _fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asks so little of this machine that it is fit, whatever it is: any program will do for a browser."""
    monkeypatch.setattr(preflight, "MEMORY_NEEDED", 1)
    monkeypatch.setattr(preflight, "PORTS", {})
    monkeypatch.setattr(doors, "PORT", 0)  # every machine has a port that is free
    monkeypatch.setattr(browser, "NAMES", ("sh",))
