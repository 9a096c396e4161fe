"""lab/k8s/kubectl_apply.py: applying manifests in rounds, and which rejections are permanent."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LabError, UnrecoverableError
from lab.k8s.kubectl_apply import (
    Rejection,
    apply_in_rounds,
    build_manifests,
    list_crd_kinds,
    parse_kubectl_output,
    select_rejected,
)
from lab.run.shell import Shell
from tests.conftest import WriteProgram

CRD_KINDS = {("kubeflow.org", "Profile")}
NO_PROFILE = (
    'error: resource mapping not found for name: "kubeflow-user-example-com" namespace: "" from "STDIN": '
    'no matches for kind "Profile" in version "kubeflow.org/v1beta1"'
)
ADVICE = "ensure CRDs are installed first"
MANIFESTS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: profiles.kubeflow.org}
spec: {group: kubeflow.org, names: {kind: Profile}}
---
apiVersion: kubeflow.org/v1beta1
kind: Profile
metadata: {name: kubeflow-user-example-com}
"""


def parse_error(line: str) -> Rejection:
    """Return the only rejection in a line of kubectl's standard error."""
    (rejection,) = parse_kubectl_output("", line, CRD_KINDS).rejections
    return rejection


def test_only_accepted_objects_are_counted() -> None:
    output = "namespace/auth created\nservice/dex unchanged\ndeployment.apps/dex configured\nnothing else\n"
    assert parse_kubectl_output(output, "", set()).accepted == 3


def test_warnings_and_advice_are_not_rejections() -> None:
    assert parse_kubectl_output("", f"Warning: policy/v1beta1 is deprecated\n{ADVICE}\n\n", set()).rejections == ()


def test_list_crd_kinds() -> None:
    assert list_crd_kinds([{"kind": "Service"}]) == set()
    crd = {"kind": "CustomResourceDefinition", "spec": {"group": "kubeflow.org", "names": {"kind": "Profile"}}}
    assert list_crd_kinds([crd]) == CRD_KINDS


@pytest.mark.parametrize(
    "line",
    [
        NO_PROFILE,
        'Error from server (InternalError): error when creating "STDIN": Internal error occurred: failed calling '
        'webhook "webhook.cert-manager.io": no endpoints available for service "cert-manager-webhook"',
        'Error from server (NotFound): error when creating "STDIN": namespaces "kubeflow" not found',
        'Error from server (InternalError): error when creating "STDIN": Internal error occurred: failed calling '
        'webhook "webhook.cert-manager.io": Post "https://cert-manager-webhook.cert-manager.svc:443/mutate": '
        "dial tcp 10.43.0.7:443: connect: connection refused",
        "Unable to connect to the server: dial tcp 0.0.0.0:6443: connect: connection refused",
        'error: error validating "STDIN": error validating data: failed to download openapi: dial tcp: '
        "connect: connection refused",
        "Error from server (Forbidden): unable to create new content in namespace auth because it is being terminated",
    ],
)
def test_transient_rejection(line: str) -> None:
    assert parse_error(line) == Rejection(line)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            'error: resource mapping not found for name: "x" from "STDIN": no matches for kind '
            '"HorizontalPodAutoscaler" in version "autoscaling/v2beta2"',
            "does not serve HorizontalPodAutoscaler in autoscaling/v2beta2",
        ),
        ('Error from server (Forbidden): error when creating "STDIN": services is forbidden', "not allowed"),
        ('Error from server (Invalid): error when creating "STDIN": Deployment.apps "dex" is invalid', "is invalid"),
        ('The Deployment "dex" is invalid: spec.selector: Invalid value: field is immutable', "is invalid"),
        ('Error from server (BadRequest): strict decoding error: unknown field "spec.replica"', "cannot be decoded"),
        (
            'The CustomResourceDefinition "x" is invalid: metadata.annotations: Too long: '
            "must have at most 262144 bytes",
            "--server-side",
        ),
    ],
)
def test_permanent_rejection_has_a_reason(line: str, reason: str) -> None:
    assert reason in parse_error(line).permanent_reason


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
    reported: list[str] = []
    last = apply_in_rounds(shell, MANIFESTS, logs, timeout=20, server_side=False, report=reported.append)
    assert reported == ["round 1: 1 objects accepted, 1 rejected", "round 2: 1 objects accepted, 0 rejected"]
    assert (last.accepted, last.rejections) == (1, ())
    assert "no matches for kind" in (logs / "round-1.log").read_text()
    assert "created" in (logs / "round-2.log").read_text()
    assert (tmp_path / "applied").read_text() == MANIFESTS.partition("---")[2].lstrip()


def test_select_rejected_returns_all_objects_of_a_rejected_name() -> None:
    names = (("web", "shop"), ("database", "shop"), ("database", "archive"))
    pods = [
        f"kind: Pod\napiVersion: v1\nmetadata: {{name: {name}, namespace: {namespace}}}" for name, namespace in names
    ]
    manifests = "---\n# pods\n---\n" + "\n---\n".join(pods)
    assert select_rejected(manifests, "pod/web created\npod/database configured\npod/database unchanged\n") == ""
    assert select_rejected(manifests, "pod/web created\npod/database created\n") == f"{pods[1]}\n---\n{pods[2]}\n"
    assert select_rejected(manifests, "pod/database created\npod/database created\n") == f"{pods[0]}\n"


def test_permanent_rejection_ends_the_loop_immediately(
    shell: Shell, write_program: WriteProgram, tmp_path: Path
) -> None:
    rejection = 'The Deployment "dex" is invalid: no'
    write_program("kubectl", f"echo round >> {tmp_path}/rounds.txt; echo '{rejection}' >&2; exit 1")
    with pytest.raises(UnrecoverableError) as caught:
        apply_in_rounds(shell, MANIFESTS, tmp_path / "rounds", timeout=20, server_side=False, report=print)
    assert 'The Deployment "dex" is invalid' in caught.value.seen
    assert (tmp_path / "rounds.txt").read_text().splitlines() == ["round"]


def test_server_side_apply(shell: Shell, write_program: WriteProgram, tmp_path: Path) -> None:
    write_program("kubectl", f'echo "$@" > {tmp_path}/arguments')
    apply_in_rounds(shell, MANIFESTS, tmp_path / "rounds", timeout=5, server_side=True, report=print)
    assert "--server-side --force-conflicts" in (tmp_path / "arguments").read_text()
