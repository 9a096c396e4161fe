"""lab/applying.py: what kubectl says in a round, and which refusals pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.applying import Refusal, apply_in_rounds, built, not_accepted, read, served_by_own_crds
from lab.errors import LabError
from lab.terminal import Terminal
from tests.conftest import WriteProgram

PROFILE = {("kubeflow.org", "Profile")}
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
LAMPS = (("green", "cellar"), ("red", "cellar"), ("red", "attic"))


def only_refusal(line: str) -> Refusal:
    """What is made of one line of kubectl's standard error."""
    (refusal,) = read("", line, PROFILE).refusals
    return refusal


def test_accepted_objects_are_counted_and_other_lines_are_not() -> None:
    output = "namespace/auth created\nservice/dex unchanged\ndeployment.apps/dex configured\nnothing else\n"
    assert read(output, "", set()).accepted == 3


def test_warnings_and_advice_are_no_refusals() -> None:
    assert read("", f"Warning: policy/v1beta1 is deprecated\n{ADVICE}\n\n", set()).refusals == ()


def test_the_kinds_that_the_tree_s_own_crds_serve_are_known() -> None:
    assert served_by_own_crds([{"kind": "Service"}]) == set()
    crd = {"kind": "CustomResourceDefinition", "spec": {"group": "kubeflow.org", "names": {"kind": "Profile"}}}
    assert served_by_own_crds([crd]) == PROFILE


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
def test_what_another_round_may_mend_is_not_refused_for_good(line: str) -> None:
    assert only_refusal(line) == Refusal(line)


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        (
            'error: resource mapping not found for name: "x" from "STDIN": no matches for kind '
            '"HorizontalPodAutoscaler" in version "autoscaling/v2beta2"',
            "does not serve HorizontalPodAutoscaler in autoscaling/v2beta2",
        ),
        ('Error from server (Forbidden): error when creating "STDIN": services is forbidden', "may not"),
        ('Error from server (Invalid): error when creating "STDIN": Deployment.apps "dex" is invalid', "not valid"),
        ('The Deployment "dex" is invalid: spec.selector: Invalid value: field is immutable', "not valid"),
        ('Error from server (BadRequest): strict decoding error: unknown field "spec.replica"', "cannot be read"),
        (
            'The CustomResourceDefinition "x" is invalid: metadata.annotations: Too long: '
            "must have at most 262144 bytes",
            "--server-side",
        ),
    ],
)
def test_what_no_round_mends_is_refused_for_good_with_its_meaning(line: str, meaning: str) -> None:
    assert meaning in only_refusal(line).for_good


def test_kustomize_s_stray_line_is_dropped_and_text_of_crds_stays(
    terminal: Terminal, write_program: WriteProgram, tmp_path: Path
) -> None:
    (tmp_path / "example").mkdir()
    stray, text = "well-defined vars that were never replaced: kfp-app-name", "    description: a well-defined name"
    write_program("kustomize", f"echo 'kind: A'; echo '{stray}'; echo '{text}'")
    assert built(terminal, tmp_path, "example") == f"kind: A\n{text}\n"


def test_a_tree_without_the_folder_is_told_of_with_the_folders_that_it_has(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "apps").mkdir()
    with pytest.raises(LabError, match="have no folder example") as caught:
        built(terminal, tmp_path, "example")
    assert "apps" in caught.value.seen


def test_rounds_go_on_until_all_is_accepted_and_each_is_kept(
    terminal: Terminal, write_program: WriteProgram, tmp_path: Path
) -> None:
    first_fails = f"""
if [ -e {tmp_path}/second ]; then
  cat > {tmp_path}/left; echo 'profile.kubeflow.org/kubeflow-user-example-com created'; exit 0
fi
touch {tmp_path}/second
echo 'customresourcedefinition.apiextensions.k8s.io/profiles.kubeflow.org created'
echo '{NO_PROFILE}' >&2
exit 1"""
    write_program("kubectl", first_fails)
    told: list[str] = []
    last = apply_in_rounds(terminal, MANIFESTS, tmp_path / "rounds", timeout=20, server_side=False, tell=told.append)
    assert told == ["round 1: 1 objects accepted, 1 refused", "round 2: 1 objects accepted, 0 refused"]
    assert (last.accepted, last.refusals) == (1, ())
    assert "no matches for kind" in (tmp_path / "rounds/round-1.log").read_text()
    assert "created" in (tmp_path / "rounds/round-2.log").read_text()
    assert (tmp_path / "left").read_text() == MANIFESTS.partition("---")[2].lstrip()


def test_what_was_accepted_is_not_left_and_of_a_name_that_several_have_all_are() -> None:
    lamps = [f"kind: Lamp\napiVersion: v1\nmetadata: {{name: {name}, namespace: {of}}}" for name, of in LAMPS]
    manifests = "---\n# lamps\n---\n" + "\n---\n".join(lamps)
    all_of_them = "lamp/green created\nlamp/red configured\nlamp/red unchanged\n"
    assert not_accepted(manifests, all_of_them) == ""
    assert not_accepted(manifests, "lamp/green created\nlamp/red created\n") == f"{lamps[1]}\n---\n{lamps[2]}\n"
    assert not_accepted(manifests, "lamp/red created\nlamp/red created\n") == f"{lamps[0]}\n"


def test_what_is_refused_for_good_ends_the_loop_at_once_and_is_named(
    terminal: Terminal, write_program: WriteProgram, tmp_path: Path
) -> None:
    write_program(
        "kubectl", f"echo x >> {tmp_path}/rounds.txt; echo 'The Deployment \"dex\" is invalid: no' >&2; exit 1"
    )
    with pytest.raises(LabError, match="cannot come true") as caught:
        apply_in_rounds(terminal, MANIFESTS, tmp_path / "rounds", timeout=20, server_side=False, tell=print)
    assert 'The Deployment "dex" is invalid' in caught.value.seen
    assert (tmp_path / "rounds.txt").read_text().splitlines() == ["x"]


def test_server_side_apply_is_asked_for_where_the_release_needs_it(
    terminal: Terminal, write_program: WriteProgram, tmp_path: Path
) -> None:
    write_program("kubectl", f'echo "$@" > {tmp_path}/arguments')
    apply_in_rounds(terminal, MANIFESTS, tmp_path / "rounds", timeout=5, server_side=True, tell=print)
    assert "--server-side --force-conflicts" in (tmp_path / "arguments").read_text()
