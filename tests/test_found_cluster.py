"""lab/found_cluster.py: what a cluster tells at once, by a kubectl that prints what the real one does."""

from __future__ import annotations

import json

import pytest

from lab import found_cluster, releases
from lab.findings import Finding
from lab.kube import API_VERSIONS
from lab.terminal import Terminal
from tests.conftest import WriteProgram

RELEASE = releases.load("1.7")
DEFAULT = {"storageclass.kubernetes.io/is-default-class": "true"}
REFUSED = "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?"


@pytest.fixture
def answers() -> dict[str, str]:
    """What kubectl prints, by its first argument."""
    client, server = {"gitVersion": "v1.26.0"}, {"major": "1", "minor": "25", "gitVersion": "v1.25.4+k3s1"}
    classes = {"items": [{"metadata": {"name": "local-path", "annotations": DEFAULT}}]}
    return {
        "version": json.dumps(
            {"clientVersion": client, "kustomizeVersion": "v4.5.7", "serverVersion": server}, indent=1
        ),
        "get": json.dumps(classes),
        "api-versions": "\n".join({*API_VERSIONS.values()}),
    }


def look(answers: dict[str, str], terminal: Terminal, write_program: WriteProgram) -> list[Finding]:
    cases = "\n".join(f"{name}) cat <<'END'\n{text}\nEND\n;;" for name, text in answers.items())
    write_program("kubectl", f"case $1 in\n{cases}\nesac")
    return list(found_cluster.unfit(terminal, RELEASE))


def test_a_cluster_as_it_should_be_is_fit(
    answers: dict[str, str], terminal: Terminal, write_program: WriteProgram
) -> None:
    assert look(answers, terminal, write_program) == []


def test_all_that_is_not_as_it_should_be_is_told_and_is_for_the_features_to_fail(
    answers: dict[str, str], terminal: Terminal, write_program: WriteProgram
) -> None:
    answers["version"] = answers["version"].replace("v1.25.4", "v1.34.1")
    answers["get"] = json.dumps({"items": [{"metadata": {"name": "local-path"}}]})
    answers["api-versions"] = answers["api-versions"].replace("metallb.io/v1beta1", "")
    version, storage, served = look(answers, terminal, write_program)
    assert {finding.severity for finding in (version, storage, served)} == {"warning"}
    assert "does not support this Kubernetes" in version.problem.what
    assert version.problem.expected == "Kubernetes >=1.24,<1.26"
    assert version.problem.seen.startswith("Kubernetes 1.34.1;")
    assert storage.problem.what == "the cluster has no default StorageClass"
    assert served.problem.seen == "all but metallb.io/v1beta1"


def test_an_api_server_that_refuses_is_an_error_in_kubectl_s_words(
    terminal: Terminal, write_program: WriteProgram
) -> None:
    write_program(
        "kubectl", f"""echo '{{"clientVersion": {{"gitVersion": "v1.26.0"}}}}'; echo '{REFUSED}' >&2; exit 1"""
    )
    [finding] = found_cluster.unfit(terminal, RELEASE)
    assert (finding.severity, finding.problem.seen) == ("error", REFUSED)


def test_what_may_not_be_looked_at_is_no_finding(
    answers: dict[str, str], terminal: Terminal, write_program: WriteProgram
) -> None:
    assert look({"version": answers["version"]}, terminal, write_program) == []
