"""lab/layers/owner.py: the owner is the user of a Profile, and takes the place of the tutorial's in the features."""

from __future__ import annotations

import pytest

from lab.config import settings
from lab.config.settings import TUTORIAL_NAMESPACE, TUTORIAL_USER, Settings
from lab.errors import LabError
from lab.k8s.objects import Object
from lab.layers.owner import Owner, find_in_cluster, find_in_manifests, list_profiles, wrong_password

OTHER = "ada@corp.example"


def make_profile(name: str, owner: str, kind: str = "User") -> Object:
    """Return a Profile."""
    spec = {"owner": {"kind": kind, "name": owner}}
    return {"apiVersion": "kubeflow.org/v1beta1", "kind": "Profile", "metadata": {"name": name}, "spec": spec}


TUTORIAL = make_profile(TUTORIAL_NAMESPACE, TUTORIAL_USER)
ADA = make_profile("ada", OTHER)


def load(**options: str) -> Settings:
    """Return settings with options of the command line."""
    return settings.load(options)


class TestManifests:
    """The owner of an installed lab is that of the manifests."""

    def test_the_tutorials_owner_is_found_among_others(self) -> None:
        owner = find_in_manifests([{"kind": "List", "items": []}, ADA, TUTORIAL], load())
        assert (owner.user, owner.namespace, owner.password) == (TUTORIAL_USER, TUTORIAL_NAMESPACE, "12341234")

    def test_the_only_owner_is_found_without_a_setting(self) -> None:
        owner = find_in_manifests([ADA, make_profile("second", OTHER)], load(password="correct horse"))
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


@pytest.mark.parametrize(
    ("options", "source"), [({}, "the tutorial"), ({"password": "correct horse"}, "the setting --password")]
)
def test_a_rejected_login_asks_for_the_password(options: dict[str, str], source: str) -> None:
    given = load(**options)
    owner = find_in_manifests([TUTORIAL], given)
    error = wrong_password(owner, "Invalid Email Address and password.", given)
    assert error.headline == (
        "login failed: user@example.com has another password than the one given; set KUBEFLOW_LAB_PASSWORD"
    )
    assert "Invalid Email Address and password." in error.seen
    assert source in error.seen
    assert error.layer
    assert owner.password not in str(error) + repr(owner)
