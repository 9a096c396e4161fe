"""lab/preflight/existing_cluster.py: the checks of an existing cluster, with a kubectl that prints fixed answers."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from lab import releases
from lab.k8s.api_versions import API_VERSIONS
from lab.k8s.client import Kube
from lab.preflight import existing_cluster
from lab.preflight.findings import Finding
from lab.run.shell import Shell
from tests.conftest import MakeContext, WriteProgram
from tests.fake_cluster import FakeCluster

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


def test_expired_credentials_are_an_error_of_their_own(shell: Shell, write_program: WriteProgram) -> None:
    message = "error: You must be logged in to the server (the server has asked for the client to provide credentials)"
    write_program("kubectl", f"echo '{{}}'; echo '{message}' >&2; exit 1")
    [finding] = existing_cluster.check_cluster(shell, RELEASE)
    assert (finding.severity, finding.problem.seen) == ("error", message)
    assert finding.problem.headline == "the API server does not accept the credentials in the kubeconfig"


def test_objects_that_the_user_may_not_list_are_no_finding(
    answers: dict[str, str], shell: Shell, write_program: WriteProgram
) -> None:
    assert check({"version": answers["version"]}, shell, write_program) == []


@pytest.mark.parametrize(
    "version", ["v1.25.16-eks-8cb36c9", "v1.25.10-gke.2700", "v1.24.6-aliyun.1", "v1.25.4+rke2r1", "v1.25.4-rc.1"]
)
def test_versions_of_distributions_are_supported(
    answers: dict[str, str], shell: Shell, write_program: WriteProgram, version: str
) -> None:
    answers["version"] = answers["version"].replace("v1.25.4+k3s1", version)
    assert check(answers, shell, write_program) == []


@pytest.mark.parametrize("version", ["nonsense", "", "v0.0.0-master+$Format:%H$"])
def test_version_that_is_not_recognized_is_a_warning(
    answers: dict[str, str], shell: Shell, write_program: WriteProgram, version: str
) -> None:
    answers["version"] = answers["version"].replace("v1.25.4+k3s1", version)
    [finding] = check(answers, shell, write_program)
    assert finding.severity == "warning"
    assert finding.problem.headline == "the API server reports a version that is not recognized"
    assert finding.problem.seen == repr(version)


@pytest.mark.parametrize("output", ["{", "[]", "null", '{"serverVersion": null}', '{"serverVersion": {}}'])
def test_answer_without_a_version_is_an_unreachable_server(
    answers: dict[str, str], shell: Shell, write_program: WriteProgram, output: str
) -> None:
    answers["version"] = output
    [finding] = check(answers, shell, write_program)
    assert finding.problem.headline == "the API server of the cluster cannot be reached"


def test_several_default_storage_classes_are_a_warning_before_1_26(
    answers: dict[str, str], shell: Shell, write_program: WriteProgram
) -> None:
    items = [{"metadata": {"name": name, "annotations": DEFAULT}} for name in ("gp2", "gp3")]
    answers["get"] = json.dumps({"items": items})
    [finding] = check(answers, shell, write_program)
    assert finding.problem.headline == "the cluster has several default StorageClasses"
    assert "(gp2, gp3): Kubernetes before 1.26 rejects" in finding.problem.seen
    answers["version"] = answers["version"].replace("v1.25.4+k3s1", "v1.26.1-gke.100")
    assert "several default" not in str(check(answers, shell, write_program))


@pytest.mark.parametrize("output", ["{", "[]", '{"items": null}'])
def test_unusual_list_of_storage_classes_is_no_traceback(
    answers: dict[str, str], shell: Shell, write_program: WriteProgram, output: str
) -> None:
    answers["get"] = output
    assert len(check(answers, shell, write_program)) <= 1


class TestPlaces:
    """A gateway or an auth proxy that is not where the user says is an error before the run."""

    @pytest.fixture
    def check(self, make_context: MakeContext, cluster: FakeCluster, kube: Kube) -> Callable[..., list[Finding]]:
        """A function that checks a cluster whose gateway and auth proxy are in namespaces of their own."""
        service = {"kind": "Service", "metadata": {"name": "ingress", "namespace": "istio-ingress"}}
        workload = {"kind": "StatefulSet", "metadata": {"name": "authservice", "namespace": "login"}}
        cluster.objects.update({"Service": [service], "StatefulSet": [workload]})
        return lambda **settings: list(existing_cluster.check_places(kube, make_context(lab="existing", **settings)))

    def test_places_that_exist_have_no_finding(self, check: Callable[..., list[Finding]]) -> None:
        assert not check(gateway_service="istio-ingress/ingress", auth_proxy_namespace="login")

    def test_places_of_the_tutorial_are_left_to_the_scenarios(self, check: Callable[..., list[Finding]]) -> None:
        assert not check()

    def test_places_that_do_not_exist_are_errors(self, check: Callable[..., list[Finding]]) -> None:
        findings = check(gateway_service="istio-ingress/gw", auth_proxy_namespace="auth")
        assert [finding.problem.headline for finding in findings] == [
            "the Service of the gateway is not where --gateway-service says",
            "the auth proxy is not where --auth-proxy-namespace says",
        ]
        assert "`kubectl get services -A`" in findings[0].problem.remedy
