"""lab/preflight/existing_cluster.py: the checks of an existing cluster, with a kubectl that prints fixed answers."""

from __future__ import annotations

import json

import pytest

from lab import releases
from lab.k8s.client import API_VERSIONS
from lab.preflight import existing_cluster
from lab.preflight.findings import Finding
from lab.run.shell import Shell
from tests.conftest import WriteProgram

RELEASE = releases.load("1.7")
DEFAULT = {"storageclass.kubernetes.io/is-default-class": "true"}
REFUSED = "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?"


@pytest.fixture
def answers() -> dict[str, str]:
    """The output of kubectl, by its first argument."""
    client, server = {"gitVersion": "v1.26.0"}, {"major": "1", "minor": "25", "gitVersion": "v1.25.4+k3s1"}
    classes = {"items": [{"metadata": {"name": "local-path", "annotations": DEFAULT}}]}
    return {
        "version": json.dumps(
            {"clientVersion": client, "kustomizeVersion": "v4.5.7", "serverVersion": server}, indent=1
        ),
        "get": json.dumps(classes),
        "api-versions": "\n".join({*API_VERSIONS.values()}),
    }


def check(answers: dict[str, str], shell: Shell, write_program: WriteProgram) -> list[Finding]:
    """Return the findings for a cluster whose kubectl prints these answers."""
    cases = "\n".join(f"{name}) cat <<'END'\n{text}\nEND\n;;" for name, text in answers.items())
    write_program("kubectl", f"case $1 in\n{cases}\nesac")
    return list(existing_cluster.check_cluster(shell, RELEASE))


def test_a_suitable_cluster_has_no_findings(answers: dict[str, str], shell: Shell, write_program: WriteProgram) -> None:
    assert check(answers, shell, write_program) == []


def test_problems_of_a_reachable_cluster_are_warnings(
    answers: dict[str, str], shell: Shell, write_program: WriteProgram
) -> None:
    """The features decide about them."""
    answers["version"] = answers["version"].replace("v1.25.4", "v1.34.1")
    answers["get"] = json.dumps({"items": [{"metadata": {"name": "local-path"}}]})
    answers["api-versions"] = answers["api-versions"].replace("metallb.io/v1beta1", "")
    version, storage, api_versions = check(answers, shell, write_program)
    assert {finding.severity for finding in (version, storage, api_versions)} == {"warning"}
    assert "does not support this Kubernetes" in version.problem.headline
    assert version.problem.expected == "Kubernetes >=1.24,<1.26"
    assert version.problem.seen.startswith("Kubernetes 1.34.1;")
    assert storage.problem.headline == "the cluster has no default StorageClass"
    assert api_versions.problem.seen == "all but metallb.io/v1beta1"


def test_an_unreachable_api_server_is_an_error_with_the_message_of_kubectl(
    shell: Shell, write_program: WriteProgram
) -> None:
    write_program(
        "kubectl", f"""echo '{{"clientVersion": {{"gitVersion": "v1.26.0"}}}}'; echo '{REFUSED}' >&2; exit 1"""
    )
    [finding] = existing_cluster.check_cluster(shell, RELEASE)
    assert (finding.severity, finding.problem.seen) == ("error", REFUSED)


def test_objects_that_the_user_may_not_list_are_no_finding(
    answers: dict[str, str], shell: Shell, write_program: WriteProgram
) -> None:
    assert check({"version": answers["version"]}, shell, write_program) == []
