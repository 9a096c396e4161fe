"""lab/k8s/kubeconfig.py: the kubeconfig of an existing cluster, as kubectl finds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.errors import LabError
from lab.k8s.client import Kube
from lab.k8s.kubeconfig import find_current_context, find_kubeconfig
from lab.run.journal import Journal
from tests.fake_cluster import FakeCluster


def find(tmp_path: Path, *files: str | Path) -> str:
    """Return the kubeconfig for a value of KUBECONFIG that lists these files."""
    return find_kubeconfig({"HOME": str(tmp_path), "KUBECONFIG": ":".join(map(str, files))})


def find_error(tmp_path: Path, *files: str | Path) -> LabError:
    """Return the error for a value of KUBECONFIG that lists these files."""
    with pytest.raises(LabError) as caught:
        find(tmp_path, *files)
    assert "KUBECONFIG" in caught.value.remedy
    return caught.value


def make_content(**changed: Any) -> dict[str, Any]:
    """Return the content of a kubeconfig; a key whose value is None is left out."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "first",
        "contexts": [{"name": "first", "context": {"cluster": "nginx", "user": "ada"}}],
        "clusters": [{"name": "nginx", "cluster": {"server": "https://127.0.0.1:6443"}}],
        "users": [{"name": "ada", "user": {"token": "none"}}],
        **changed,
    }
    return {key: value for key, value in content.items() if value is not None}


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """A file with a current context."""
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(make_content()))
    return file


def test_missing_and_empty_files_of_a_list_are_ignored(tmp_path: Path, kubeconfig: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    assert find(tmp_path, tmp_path / "missing", kubeconfig, "", empty) == str(kubeconfig)
    other = tmp_path / "other"
    other.write_text("{kind: Config}")
    assert find(tmp_path, other, kubeconfig) == f"{other}:{kubeconfig}"


@pytest.mark.parametrize("variable", [{}, {"KUBECONFIG": ""}])
def test_the_default_is_that_of_kubectl(tmp_path: Path, kubeconfig: Path, variable: dict[str, str]) -> None:
    (tmp_path / ".kube").mkdir()
    default = kubeconfig.rename(tmp_path / ".kube/config")
    assert find_kubeconfig({"HOME": str(tmp_path), **variable}) == str(default)


def test_paths_are_made_absolute(tmp_path: Path, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs of the lab run in other directories, and no shell expands ~ after a colon in quotes."""
    monkeypatch.chdir(tmp_path)
    assert find(tmp_path, "config") == str(kubeconfig)
    assert find(tmp_path, "~/config") == str(kubeconfig)


def test_no_file_at_all_is_an_error_that_names_all(tmp_path: Path) -> None:
    error = find_error(tmp_path, "/missing", "/absent")
    assert error.headline == "there is no cluster to verify"
    assert error.seen == "no file /missing, no file /absent"
    assert find_error(tmp_path, "", "").seen == "KUBECONFIG is ':'"


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        ("a: {b", "it is not YAML: an error in line "),
        ("\0", "it is not YAML"),
        ("- a", "its content is a YAML list, and not a mapping with the kind Config"),
        ("text", "its content is a YAML str"),
    ],
)
def test_file_that_is_no_kubeconfig_is_an_error(tmp_path: Path, kubeconfig: Path, content: str, seen: str) -> None:
    file = tmp_path / "other"
    file.write_text(content)
    error = find_error(tmp_path, kubeconfig, file)
    assert error.headline == f"{file} is not a kubeconfig"
    assert seen in error.seen


def test_unreadable_files_are_errors(tmp_path: Path) -> None:
    assert find_error(tmp_path, tmp_path).seen == "it cannot be read: Is a directory"
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert find_error(tmp_path, loop).seen == "it cannot be read: Too many levels of symbolic links"


def test_first_current_context_of_a_list_is_used_as_by_kubectl(
    cluster: FakeCluster, tmp_path: Path, journal: Journal
) -> None:
    """The Python client would use the last one."""
    first = cluster.write_kubeconfig(tmp_path / "first")
    second = tmp_path / "second"
    second.write_text("{current-context: other, contexts: [{name: other, context: {cluster: none, user: none}}]}")
    kubeconfig = find(tmp_path, first, second)
    assert find_current_context(kubeconfig) == "fake"
    assert Kube(kubeconfig, journal).get_server_version() == "v1.25.4"


def test_cluster_and_context_may_be_in_different_files(cluster: FakeCluster, tmp_path: Path, journal: Journal) -> None:
    content = yaml.safe_load(cluster.write_kubeconfig(tmp_path / "whole").read_text())
    clusters, others = tmp_path / "clusters", tmp_path / "others"
    clusters.write_text(yaml.safe_dump({"clusters": content.pop("clusters")}))
    others.write_text(yaml.safe_dump(content))
    assert Kube(find(tmp_path, clusters, others), journal).get_server_version() == "v1.25.4"


def make_context(**context: str) -> list[dict[str, Any]]:
    """Return contexts, of which the one named first has these values."""
    return [{"name": "first", "context": context}]


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({"current-context": None}, "no current context; its contexts are first"),
        ({"current-context": "", "contexts": None}, "no current context; it has no contexts"),
        ({"current-context": "gone"}, "the current context gone does not exist; its contexts are first"),
        ({"contexts": make_context()}, "the context first names no cluster"),
        ({"contexts": [{"name": "first", "context": "text"}]}, "the context first names no cluster"),
        ({"clusters": []}, "the context first names the cluster nginx, which does not exist"),
        ({"users": None}, "the context first names the user ada, which does not exist"),
        ({"clusters": [{"name": "nginx"}]}, "the cluster nginx has no server"),
        ({"clusters": [{"name": "nginx", "cluster": ["a"]}]}, "the cluster nginx is a YAML list, and no mapping"),
        (
            {"clusters": [{"name": "nginx", "cluster": {"server": "127.0.0.1:6443"}}]},
            "the cluster nginx has the server 127.0.0.1:6443, which is no URL with http or https",
        ),
        (
            {"users": [{"name": "ada", "user": {"client-certificate": "gone.pem"}}]},
            "the client-certificate of the user ada cannot be read: {directory}/gone.pem: No such file or directory",
        ),
    ],
)
def test_kubeconfig_that_does_not_name_a_usable_cluster_is_an_error(
    kubeconfig: Path, tmp_path: Path, changed: dict[str, Any], seen: str
) -> None:
    kubeconfig.write_text(yaml.safe_dump(make_content(**changed)))
    with pytest.raises(LabError, match="the kubeconfig does not name a cluster that can be used") as caught:
        find(tmp_path, kubeconfig)
    assert caught.value.seen == f"{kubeconfig}: {seen.format(directory=tmp_path)}"
    assert "kubectl config" in caught.value.remedy


@pytest.mark.parametrize("content", ["", "{}"])
def test_empty_kubeconfig_is_an_error(tmp_path: Path, content: str) -> None:
    file = tmp_path / "config"
    file.write_text(content)
    with pytest.raises(LabError) as caught:
        find(tmp_path, file)
    assert caught.value.seen == f"{file}: an empty file"


@pytest.mark.parametrize("key", ["contexts", "clusters", "users"])
@pytest.mark.parametrize("value", ["text", {"name": "first"}, ["text"], [{"cluster": {}}]])
def test_lists_of_another_type_are_errors(tmp_path: Path, kubeconfig: Path, key: str, value: object) -> None:
    kubeconfig.write_text(yaml.safe_dump(make_content(**{key: value})))
    error = find_error(tmp_path, kubeconfig)
    assert error.headline == f"{kubeconfig} is not a kubeconfig"
    assert error.seen == f"its {key} are no list of entries with names"


def test_missing_program_for_credentials_is_an_error_with_its_hint(tmp_path: Path, kubeconfig: Path) -> None:
    program = {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-login", "installHint": "see docs"}
    kubeconfig.write_text(yaml.safe_dump(make_content(users=[{"name": "ada", "user": {"exec": program}}])))
    with pytest.raises(LabError) as caught:
        find(tmp_path, kubeconfig)
    assert caught.value.seen == "the user ada gets credentials from the program no-such-login, which is not on PATH"
    assert caught.value.remedy == "install no-such-login: see docs"
    own = tmp_path / "no-such-login"
    own.write_text("#!/bin/sh")
    own.chmod(0o755)
    program["command"] = "./no-such-login"
    kubeconfig.write_text(yaml.safe_dump(make_content(users=[{"name": "ada", "user": {"exec": program}}])))
    assert find(tmp_path, kubeconfig) == str(kubeconfig)


def test_context_needs_no_user(tmp_path: Path, kubeconfig: Path) -> None:
    """Where a proxy adds the credentials, there is none."""
    kubeconfig.write_text(yaml.safe_dump(make_content(contexts=make_context(cluster="nginx"), users=None)))
    assert find(tmp_path, kubeconfig) == str(kubeconfig)


def test_file_of_a_data_field_is_not_read(tmp_path: Path, kubeconfig: Path) -> None:
    user = {"client-certificate": "gone.pem", "client-certificate-data": "YQ=="}
    kubeconfig.write_text(yaml.safe_dump(make_content(users=[{"name": "ada", "user": user}])))
    assert find(tmp_path, kubeconfig) == str(kubeconfig)


def test_client_reports_a_kubeconfig_that_it_cannot_use(tmp_path: Path, journal: Journal) -> None:
    file = tmp_path / "config"
    file.write_text("{current-context: gone}")
    with pytest.raises(LabError, match="the kubeconfig does not name a cluster that can be used") as caught:
        Kube(file, journal).get_server_version()
    assert str(file) in caught.value.seen
