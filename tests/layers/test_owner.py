"""lab/layers/owner.py: the owner is the user of a Profile, and takes the place of the tutorial's in the features."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer

from lab.config import loading
from lab.config.settings import TUTORIAL_NAMESPACE, TUTORIAL_USER, Settings
from lab.errors import LabError
from lab.k8s.objects import Object
from lab.layers.owner import Owner, check_session, find_in_cluster, find_in_manifests, list_profiles, wrong_password
from lab.run.state import LabState
from tests.conftest import MakeLab
from tests.fake_cluster import FakeCluster

OTHER = "ada@corp.example"


def make_profile(name: str, owner: str, kind: str = "User") -> Object:
    """Return a Profile."""
    spec = {"owner": {"kind": kind, "name": owner}}
    return {"apiVersion": "kubeflow.org/v1beta1", "kind": "Profile", "metadata": {"name": name}, "spec": spec}


TUTORIAL = make_profile(TUTORIAL_NAMESPACE, TUTORIAL_USER)
ADA = make_profile("ada", OTHER)


def load(**options: str) -> Settings:
    """Return settings with options of the command line."""
    return loading.load(options)


class TestManifests:
    """The owner of an installed lab is that of the manifests."""

    def test_the_tutorials_owner_is_found_among_others(self) -> None:
        owner = find_in_manifests([{"kind": "List", "items": []}, ADA, TUTORIAL], load())
        assert (owner.user, owner.namespace, owner.password) == (TUTORIAL_USER, TUTORIAL_NAMESPACE, "12341234")

    def test_the_only_owner_is_found_without_a_setting(self) -> None:
        owner = find_in_manifests([ADA, make_profile("second", OTHER)], load().with_password("correct horse"))
        assert (owner.user, owner.namespace, owner.password) == (OTHER, "ada", "correct horse")

    def test_a_given_user_is_found(self) -> None:
        assert find_in_manifests([TUTORIAL, ADA], load(user=OTHER)).namespace == "ada"

    def test_the_tutorials_namespace_is_preferred(self) -> None:
        profiles = [make_profile("another", TUTORIAL_USER), TUTORIAL]
        assert find_in_manifests(profiles, load()).namespace == TUTORIAL_NAMESPACE

    def test_manifests_without_a_profile_are_rejected(self) -> None:
        crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
        with pytest.raises(LabError, match="the manifests contain no Profile") as caught:
            find_in_manifests([crd], load())
        assert "common/user-namespace/base" in caught.value.remedy

    @pytest.mark.parametrize(
        ("profiles", "options"),
        [([ADA], {"user": TUTORIAL_USER}), ([ADA, make_profile("eve", "eve@corp.example")], {})],
        ids=["another user is given", "several owners"],
    )
    def test_an_ambiguous_owner_is_rejected(self, profiles: list[Object], options: dict[str, str]) -> None:
        with pytest.raises(LabError) as caught:
            find_in_manifests(profiles, load(**options))
        assert caught.value.headline == f"the manifests contain no Profile of {TUTORIAL_USER}"
        assert "the Profile ada belongs to ada@corp.example" in caught.value.seen
        assert OTHER in caught.value.remedy


class TestCluster:
    """The owner in an existing cluster is the user of the settings."""

    def test_the_profile_of_the_user_is_found(self) -> None:
        assert find_in_cluster([TUTORIAL, ADA], load(user=OTHER)).namespace == "ada"

    @pytest.mark.parametrize(
        ("profiles", "seen"), [([], "no Profile"), ([ADA], "the Profile ada belongs to ada@corp.example")]
    )
    def test_a_user_without_a_profile_is_reported(self, profiles: list[Object], seen: str) -> None:
        with pytest.raises(LabError) as caught:
            find_in_cluster(profiles, load())
        assert caught.value.headline == f"the cluster has no Profile of {TUTORIAL_USER}"
        assert caught.value.seen == seen
        assert "KUBEFLOW_LAB_USER" in caught.value.remedy


def test_only_profiles_of_users_count() -> None:
    objects = [
        ADA,
        make_profile("group", "admins", "Group"),
        {**ADA, "apiVersion": "other.example/v1"},
        {"apiVersion": "kubeflow.org/v1", "kind": "Profile", "metadata": {"name": "empty"}},
    ]
    assert list_profiles(objects) == [("ada", OTHER)]


@pytest.mark.parametrize(
    ("user", "text", "translated"),
    [
        (TUTORIAL_USER, "user@example.com", "user@example.com"),
        (OTHER, "user@example.com", OTHER),
        (OTHER, "admin@example.com", "admin@example.com"),
        ("admin@example.com", "admin@example.com", TUTORIAL_USER),
        ("superuser@example.com", "user@example.com", "superuser@example.com"),
        (OTHER, "/jupyter/api/namespaces/kubeflow-user-example-com/notebooks", "/jupyter/api/namespaces/ada/notebooks"),
        (OTHER, "kubeflow-user-example-com/ml-pipeline-ui-artifact", "ada/ml-pipeline-ui-artifact"),
        (OTHER, "kubeflow", "kubeflow"),
    ],
)
def test_user_and_namespace_are_translated(user: str, text: str, translated: str) -> None:
    namespace = TUTORIAL_NAMESPACE if user == TUTORIAL_USER else "ada"
    assert Owner(user, namespace, "12341234").translate(text) == translated


class TestProfile:
    """The setting --profile selects one of several Profiles of the user, and no other."""

    SECOND = make_profile("second", OTHER)

    def test_one_of_several_is_selected(self) -> None:
        assert find_in_cluster([ADA, self.SECOND], load(user=OTHER, profile="second")).namespace == "second"
        assert find_in_manifests([ADA, self.SECOND], load(profile="second")).namespace == "second"

    def test_selects_its_owner_in_manifests_if_no_user_is_given(self) -> None:
        assert find_in_manifests([TUTORIAL, ADA], load(profile="ada")).user == OTHER

    def test_of_another_user_is_rejected(self) -> None:
        for find, user in ((find_in_cluster, {}), (find_in_manifests, {"user": TUTORIAL_USER})):
            with pytest.raises(LabError) as caught:
                find([TUTORIAL, ADA], load(profile="ada", **user))
            assert caught.value.headline == f"the Profile ada belongs to {OTHER}, and not to {TUTORIAL_USER}"
            assert f"--profile: {TUTORIAL_NAMESPACE}, or its owner with --user {OTHER}" in caught.value.remedy

    def test_that_does_not_exist_is_rejected(self) -> None:
        with pytest.raises(LabError) as caught:
            find_in_cluster([ADA], load(user=OTHER, profile="eve"))
        assert caught.value.headline == "there is no Profile eve of a user in the cluster"
        assert caught.value.seen == f"the Profile ada belongs to {OTHER}"


@pytest.mark.parametrize("source", ["the tutorial", "KUBEFLOW_LAB_PASSWORD", "the prompt", "the file"])
def test_a_rejected_login_asks_for_the_password(
    source: str, make_lab: MakeLab, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    options = {}
    kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig")
    if source == "KUBEFLOW_LAB_PASSWORD":
        monkeypatch.setenv(source, "correct horse")
    if source == "the file":
        (tmp_path / "password").touch(0o600)
        (tmp_path / "password").write_text("correct horse")
        options = {"password_file": str(tmp_path / "password")}
    lab = make_lab(LabState(kind="existing", environment={"KUBECONFIG": str(kubeconfig)}), **options)
    if source == "the prompt":
        lab = replace(lab, settings=lab.settings.with_password("correct horse"))
    owner = find_in_manifests([TUTORIAL], lab.settings)
    error = wrong_password(owner, "Invalid Email Address and password.", lab)
    assert error.headline == (
        "login failed: user@example.com has another password than the one given; set KUBEFLOW_LAB_PASSWORD"
    )
    assert "Invalid Email Address and password." in error.seen
    assert source in error.seen
    assert "--password-file" in error.remedy
    assert error.layer
    assert owner.password not in str(error) + repr(owner)


class TestSession:
    """Cookies that a user has copied give a session of the owner, or one error says why not."""

    OWNER = Owner(OTHER, "ada", "12341234")

    def check(self, server: HTTPServer, **answer: Any) -> LabError | None:
        """Return the error about cookies with which the dashboard's API gives an answer."""
        server.expect_request("/env-info").respond_with_data(content_type="application/json", **answer)
        response = requests.get(server.url_for("/env-info"), allow_redirects=False, timeout=5)
        return check_session(response, self.OWNER, Path("cookies"), lambda: ["Dex is not ready"])

    def test_of_the_owner_is_accepted(self, http_server: HTTPServer) -> None:
        assert self.check(http_server, response_data=json.dumps({"user": OTHER})) is None

    @pytest.mark.parametrize(
        ("answer", "headline", "seen"),
        [
            (
                {"response_data": '{"user": "eve@corp.example"}'},
                "the session of cookies belongs to another user",
                "the dashboard identifies eve@corp.example",
            ),
            (
                {"status": 302, "headers": {"Location": "/dex/auth?client_id=a"}},
                "the session of cookies has expired, or its cookies are not those of a session",
                "a redirect to the login",
            ),
            ({"status": 403}, "the session of cookies has expired", "returns 403"),
            ({"response_data": "<html>"}, "the session of cookies has expired", "returns 200"),
            ({"status": 503}, "the session of cookies cannot be checked", "Dex is not ready"),
        ],
    )
    def test_others_are_one_error(
        self, answer: dict[str, Any], headline: str, seen: str, http_server: HTTPServer
    ) -> None:
        error = self.check(http_server, **answer)
        assert error is not None
        assert error.headline.startswith(headline)
        assert seen in error.seen
        assert (error.layer, error.expected) == ("login", f"a session of {OTHER}")
