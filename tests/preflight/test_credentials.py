"""lab/preflight/credentials.py: contradictory settings, and the password, the Profile and Dex's user of the owner."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.context import RunContext
from lab.preflight import credentials
from tests.conftest import MakeContext
from tests.fake_cluster import FakeCluster

LOGIN = {"login", "login_form"}
OTHER = "ada@corp.example"
DEX = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "dex", "namespace": "auth"},
    "data": {"config.yaml": "storage: {type: kubernetes}\nstaticPasswords: [{email: user@example.com}]"},
}


def make_profile(name: str, owner: str) -> dict[str, object]:
    """Return a Profile."""
    spec = {"owner": {"kind": "User", "name": owner}}
    return {"apiVersion": "kubeflow.org/v1", "kind": "Profile", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def make_existing(make_context: MakeContext, cluster: FakeCluster, tmp_path: Path) -> MakeContext:
    """A function that returns the context of a run on a cluster with two Profiles and one user of Dex."""
    kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig")
    cluster.objects["Profile"] = [
        make_profile("kubeflow-user-example-com", "user@example.com"),
        make_profile("a", OTHER),
    ]
    cluster.objects["ConfigMap"] = [DEX]

    def make(**options: str) -> RunContext:
        return make_context({"KUBECONFIG": str(kubeconfig)}, lab="existing", **options)

    return make


def list_findings(context: RunContext) -> list[tuple[str, str]]:
    """Return the severity and the headline of each finding about the owner."""
    return [(finding.severity, finding.problem.headline) for finding in credentials.check_owner(context)]


def test_an_owner_whom_dex_knows_has_no_findings(make_existing: MakeContext) -> None:
    assert list_findings(make_existing()) == []


def test_a_chosen_user_whom_dex_does_not_know_is_an_error(make_existing: MakeContext) -> None:
    assert list_findings(make_existing(user=OTHER)) == [("error", f"login is impossible: Dex has no user {OTHER}")]


def test_a_profile_of_another_user_is_an_error(make_existing: MakeContext) -> None:
    headline = f"the Profile a belongs to {OTHER}, and not to user@example.com"
    assert list_findings(make_existing(profile="a")) == [("error", headline)]


def test_a_default_user_without_a_profile_is_a_warning(make_existing: MakeContext, cluster: FakeCluster) -> None:
    cluster.objects["Profile"] = []
    assert list_findings(make_existing()) == [("warning", "the cluster has no Profile of user@example.com")]


def test_with_a_session_dex_need_not_know_the_user(make_existing: MakeContext, tmp_path: Path) -> None:
    (tmp_path / "session").touch(0o600)
    (tmp_path / "session").write_text("a=1")
    context = make_existing(user=OTHER, session_cookie_file=str(tmp_path / "session"))
    assert list_findings(context) == []
    assert list(credentials.check_password(context, LOGIN)) == []


def test_contradictory_settings_are_warnings(make_context: MakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEFLOW_LAB_RELEASE", "1.8")
    [finding] = credentials.check_settings(make_context(release="1.9"))
    assert (finding.severity, finding.problem.headline) == ("warning", "a setting has contradictory values")
    assert finding.problem.seen.startswith("--release 1.9 has priority over KUBEFLOW_LAB_RELEASE=1.8")


class TestPassword:
    """Without a terminal, the password of another user than the tutorial's must be given."""

    @pytest.fixture(autouse=True)
    def _no_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(credentials, "has_terminal", lambda: False)

    def test_of_another_user_is_required(self, make_context: MakeContext) -> None:
        [finding] = credentials.check_password(make_context(lab="existing", user=OTHER), LOGIN)
        assert finding.problem.headline == f"the password of {OTHER} is not given"
        for way in ("KUBEFLOW_LAB_PASSWORD", "--password-file", "prompt"):
            assert way in finding.problem.remedy

    def test_of_the_tutorials_user_is_known(self, make_context: MakeContext) -> None:
        assert list(credentials.check_password(make_context(lab="existing"), LOGIN)) == []

    def test_is_only_required_by_scenarios_that_log_in(self, make_context: MakeContext) -> None:
        assert list(credentials.check_password(make_context(lab="existing", user=OTHER), {"cluster"})) == []

    def test_that_is_given_is_enough(self, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KUBEFLOW_LAB_PASSWORD", "correct horse")
        assert list(credentials.check_password(make_context(lab="existing", user=OTHER), LOGIN)) == []
