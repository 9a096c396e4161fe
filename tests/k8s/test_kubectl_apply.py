"""lab/k8s/kubectl_apply.py: applying manifests in rounds, what is printed, and what ends the loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.errors import LabError, UnrecoverableError, WaitTimeoutError
from lab.k8s.client import Kube
from lab.k8s.documents import join_documents, split_documents
from lab.k8s.kubectl_apply import (
    ApplyRound,
    apply_in_rounds,
    build_manifests,
    select_rejected,
)
from lab.run.shell import Shell
from tests.conftest import WriteProgram
from tests.fake_cluster import FakeCluster, pod

NO_PROFILE = (
    'error: resource mapping not found for name: "kubeflow-user-example-com" namespace: "" from "STDIN": '
    'no matches for kind "Profile" in version "kubeflow.org/v1beta1"'
)
MANIFESTS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: profiles.kubeflow.org}
spec: {group: kubeflow.org, names: {kind: Profile}, versions: [{name: v1beta1, served: true}]}
---
apiVersion: kubeflow.org/v1beta1
kind: Profile
metadata: {name: kubeflow-user-example-com}
"""


WEBHOOK = (
    'Error from server (InternalError): error when creating "STDIN": Internal error occurred: failed calling webhook '
    '"webhook.example.com": failed to call webhook: Post "https://webhook.default.svc:443/validate?timeout=10s": no '
    'endpoints available for service "webhook"'
)


def make_config_maps(*names: str) -> str:
    return join_documents(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: web}}" for name in names
    )


def apply(shell: Shell, directory: Path, manifests: str = MANIFESTS, **options: Any) -> tuple[ApplyRound, list[str]]:
    """Return the last round, and what was printed."""
    printed: list[str] = []
    arguments = {"timeout": 20, "server_side": False, "report": printed.append, **options}
    return apply_in_rounds(shell, manifests, directory / "rounds", **arguments), printed


def test_only_the_stray_line_of_kustomize_is_removed(shell: Shell, write_program: WriteProgram, tmp_path: Path) -> None:
    """CRDs contain descriptions with the same words."""
    (tmp_path / "example").mkdir()
    stray, text = "well-defined vars that were never replaced: kfp-app-name", "    description: a well-defined name"
    write_program("kustomize", f"echo 'kind: A'; echo '{stray}'; echo '{text}'")
    assert build_manifests(shell, tmp_path, "example") == f"kind: A\n{text}\n"


def test_error_for_a_missing_directory_lists_the_others(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "apps").mkdir()
    with pytest.raises(LabError, match="have no directory example") as caught:
        build_manifests(shell, tmp_path, "example")
    assert "apps" in caught.value.seen


def test_rounds_continue_until_all_objects_are_accepted(
    shell: Shell, write_program: WriteProgram, tmp_path: Path
) -> None:
    script = f"""
if [ -e {tmp_path}/second ]; then
  cat > {tmp_path}/applied; echo 'profile.kubeflow.org/kubeflow-user-example-com created'; exit 0
fi
touch {tmp_path}/second
echo 'customresourcedefinition.apiextensions.k8s.io/profiles.kubeflow.org created'
echo '{NO_PROFILE}' >&2
exit 1"""
    write_program("kubectl", script)
    logs = tmp_path / "rounds"
    last, printed = apply(shell, tmp_path)
    assert printed == [
        "round 1: 1 of 2 objects accepted, 1 rejected: no kind Profile yet (1, e.g. Profile kubeflow-user-example-com)",
        "round 2: 2 of 2 objects accepted",
    ]
    assert (last.accepted, last.number, last.rejections) == (2, 2, ())
    assert "no matches for kind" in (logs / "round-1.log").read_text()
    assert "created" in (logs / "round-2.log").read_text()
    assert (tmp_path / "applied").read_text() == MANIFESTS.partition("---")[2].lstrip()


def test_workloads_wait_for_certificates(shell: Shell, write_program: WriteProgram, tmp_path: Path) -> None:
    manifests = join_documents(
        (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: web}\n"
            "spec: {template: {spec: {volumes: [{secret: {secretName: tls}}]}}}",
            "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: web, namespace: web}\n"
            "spec: {secretName: tls}",
        )
    )
    write_program("kubectl", "cat > /dev/null")
    last, printed = apply(shell, tmp_path, manifests)
    assert printed == [
        "round 1: 1 of 2 objects accepted, 1 to be applied later",
        "round 2: 2 of 2 objects accepted",
    ]
    assert (last.accepted, last.number) == (2, 2)


def test_select_rejected_returns_all_objects_of_a_rejected_name() -> None:
    names = (("web", "shop"), ("database", "shop"), ("database", "archive"))
    pods = [
        f"kind: Pod\napiVersion: v1\nmetadata: {{name: {name}, namespace: {namespace}}}" for name, namespace in names
    ]
    documents = split_documents("---\n# pods\n---\n" + "\n---\n".join(pods))
    assert select_rejected(documents, "pod/web created\npod/database configured\npod/database unchanged\n") == []
    assert select_rejected(documents, "pod/web created\npod/database created\n") == documents[1:]
    assert select_rejected(documents, "pod/database created\npod/database created\n") == documents[:1]


def test_permanent_rejection_ends_the_loop_immediately(
    shell: Shell, write_program: WriteProgram, tmp_path: Path
) -> None:
    rejection = 'The Deployment "dex" is invalid: no'
    write_program("kubectl", f"echo round >> {tmp_path}/rounds.txt; echo '{rejection}' >&2; exit 1")
    with pytest.raises(UnrecoverableError) as caught:
        apply(shell, tmp_path)
    assert 'The Deployment "dex" is invalid' in caught.value.seen
    assert (tmp_path / "rounds.txt").read_text().splitlines() == ["round"]


def test_server_side_apply(shell: Shell, write_program: WriteProgram, tmp_path: Path) -> None:
    write_program("kubectl", f'echo "$@" > {tmp_path}/arguments')
    apply(shell, tmp_path, server_side=True)
    assert "--server-side --force-conflicts" in (tmp_path / "arguments").read_text()


def test_log_line_of_kubectl_is_no_rejection(shell: Shell, write_program: WriteProgram, tmp_path: Path) -> None:
    """Kubectl 1.26 and newer writes such a line if an aggregated API does not answer."""
    line = "E1127 10:00:01.123456   12345 memcache.go:287] couldn't get resource list for custom.metrics.k8s.io/v1beta1"
    write_program("kubectl", f'cat > /dev/null; echo "namespace/kubeflow unchanged"; echo "{line}" >&2')
    last, printed = apply(shell, tmp_path, "apiVersion: v1\nkind: Namespace\nmetadata: {name: kubeflow}\n")
    assert last == ApplyRound(1, 1, number=1)
    assert printed == ["round 1: 1 of 1 objects accepted"]


def test_round_is_printed_only_if_something_has_changed(
    shell: Shell, write_program: WriteProgram, tmp_path: Path
) -> None:
    script = f"""
echo round >> {tmp_path}/count
[ $(wc -l < {tmp_path}/count) -ge 4 ] && exit 0
echo 'configmap/a created'
echo '{WEBHOOK}' >&2
echo '{WEBHOOK}' >&2
exit 1"""
    write_program("kubectl", script)
    _, printed = apply(shell, tmp_path, make_config_maps("a", "b", "c"))
    assert printed == [
        "round 1: 1 of 3 objects accepted, 2 rejected: webhook webhook.example.com not ready (2, e.g. ConfigMap b "
        "in web)",
        "round 4: 3 of 3 objects accepted",
    ]
    assert len(list((tmp_path / "rounds").iterdir())) == 4


def test_causes_are_grouped(shell: Shell, write_program: WriteProgram, tmp_path: Path) -> None:
    write_program(
        "kubectl",
        f"[ -e {tmp_path}/second ] && exit 0; touch {tmp_path}/second; echo '{WEBHOOK}' >&2; "
        f"echo '{WEBHOOK}' >&2; echo 'Error from server (NotFound): namespaces \"web\" not found' >&2; exit 1",
    )
    manifests = make_config_maps("a", "b", "c") + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n"
    printed = apply(shell, tmp_path, manifests)[1][0]
    assert ", 3 rejected: webhook webhook.example.com not ready (2), no namespace web yet (1)" in printed


def test_error_names_a_dozen_objects(shell: Shell, write_program: WriteProgram, tmp_path: Path) -> None:
    names = [f"settings-{number:02}" for number in range(15)]
    lines = "; ".join(
        f'echo \'Error from server (Invalid): ConfigMap "{name}" is invalid: data: Forbidden: field is immutable when '
        "`immutable` is set' >&2"
        for name in names
    )
    write_program("kubectl", f"{lines}; exit 1".replace("`", "'\\`'"))
    with pytest.raises(UnrecoverableError) as caught:
        apply(shell, tmp_path, make_config_maps(*names))
    assert sum(name in caught.value.seen for name in names) == 12
    assert "and 3 more" in caught.value.seen
    assert "`kubectl delete configmap/settings-00 -n web`" in caught.value.remedy


def test_time_out_names_each_cause_with_its_message(shell: Shell, write_program: WriteProgram, tmp_path: Path) -> None:
    write_program("kubectl", f"echo '{WEBHOOK}' >&2; exit 1")
    with pytest.raises(WaitTimeoutError) as caught:
        apply(shell, tmp_path, make_config_maps("a"), timeout=1)
    assert "0 of 1 objects accepted, 1 rejected: webhook webhook.example.com not ready" in caught.value.seen
    assert 'no endpoints available for service "webhook"' in caught.value.seen
    assert "check that the pod of the Service in the message is ready" in caught.value.remedy
    assert str(tmp_path / "rounds") in caught.value.remedy


def test_cause_that_lasts_ends_the_loop_after_the_patience(
    shell: Shell, write_program: WriteProgram, tmp_path: Path
) -> None:
    write_program("kubectl", "echo 'error: You must be logged in to the server (Unauthorized)' >&2; exit 1")
    with pytest.raises(UnrecoverableError, match="does not accept the credentials"):
        apply(shell, tmp_path, patience=1)
    assert len(list((tmp_path / "rounds").iterdir())) > 1


def test_failed_kubectl_without_a_message_is_not_success(
    shell: Shell, write_program: WriteProgram, tmp_path: Path
) -> None:
    write_program("kubectl", "exit 137")
    with pytest.raises(WaitTimeoutError, match="exit status 137"):
        apply(shell, tmp_path, timeout=1)


def test_webhook_whose_pod_cannot_start_ends_the_loop(
    shell: Shell, write_program: WriteProgram, tmp_path: Path, kube: Kube, cluster: FakeCluster
) -> None:
    """The chain is: webhook, its configuration, its Service, and the pod."""
    write_program("kubectl", f"echo '{WEBHOOK}' >&2; exit 1")
    service = {"name": "webhook", "namespace": "default"}
    cluster.objects["ValidatingWebhookConfiguration"] = [
        {
            "metadata": {"name": "web"},
            "webhooks": [{"name": "webhook.example.com", "clientConfig": {"service": service}}],
        }
    ]
    spec = {"ports": [{"port": 443}], "selector": {"app": "webhook"}}
    cluster.objects["Service"] = [{"apiVersion": "v1", "kind": "Service", "metadata": service, "spec": spec}]
    cluster.objects["Pod"] = [pod("webhook-1", waiting="ImagePullBackOff")]
    printed: list[str] = []
    with pytest.raises(UnrecoverableError) as caught:
        apply(shell, tmp_path, make_config_maps("a"), kube=kube, patience=1, report=printed.append)
    assert "pod default/webhook-1, container main: its image cannot be pulled" in caught.value.seen
    assert "webhook webhook.example.com: Service default/webhook" in caught.value.seen
    assert caught.value.remedy
    assert printed[1:] == [
        "waiting for webhook webhook.example.com: Service default/webhook, pod webhook-1 (ImagePullBackOff)"
    ]


def test_objects_of_a_deleted_namespace_are_applied_again(
    shell: Shell, write_program: WriteProgram, tmp_path: Path
) -> None:
    """The API server accepts the namespace and existing objects in it, and then deletes them."""
    message = (
        'Error from server (Forbidden): error when creating "STDIN": configmaps "b" is forbidden: unable to create new '
        "content in namespace web because it is being terminated"
    )
    script = f"""
if [ -e {tmp_path}/second ]; then cat > {tmp_path}/applied; exit 0; fi
touch {tmp_path}/second
echo 'Warning: Detected changes to resource a which is currently being deleted.' >&2
echo 'namespace/web configured'; echo 'configmap/a configured'
echo '{message}' >&2; exit 1"""
    write_program("kubectl", script)
    manifests = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n---\n" + make_config_maps("a", "b")
    apply(shell, tmp_path, manifests)
    assert (tmp_path / "applied").read_text() == manifests
