"""lab/diagnosis.py: what is wrong with what a visitor meets before Kubeflow is said, a cause before what follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab import releases
from lab.diagnosis import findings
from lab.kube import Kube, Object, UnreachableError
from lab.terminal import Terminal
from tests.conftest import WriteProgram
from tests.fake_cluster import pod

RELEASE = releases.load("1.7")
DEX, AUTHSERVICE = {"app": "dex"}, {"app": "authservice"}


class Objects(Kube):
    """A cluster that has some objects, and nothing else."""

    def __init__(self, *objects: Object) -> None:
        self.objects = objects

    def one(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        return next((one for one in self.all(kind, namespace) if one["metadata"]["name"] == name), None)

    def all(self, kind: str, namespace: str | None = None, selector: str = "") -> list[Object]:
        found = [one for one in self.objects if (one["kind"], one["metadata"]["namespace"]) == (kind, namespace)]
        wanted = dict(part.split("=") for part in selector.split(",") if part)
        return [one for one in found if wanted.items() <= one["metadata"].get("labels", {}).items()]


class Unreachable(Kube):
    """A cluster that does not answer."""

    def __init__(self) -> None:
        pass

    def one(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        raise UnreachableError("the API server of the cluster cannot be reached", seen="Connection refused")


def thing(kind: str, name: str, namespace: str, spec: Any = None) -> Object:
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def workload(kind: str, name: str, namespace: str, labels: dict[str, str], replicas: int = 1) -> Object:
    return thing(kind, name, namespace, {"replicas": replicas, "selector": {"matchLabels": labels}})


def labelled(one: Object, labels: dict[str, str]) -> Object:
    return {**one, "metadata": {**one["metadata"], "labels": {**labels, "pod-template-hash": "1"}}}


def healthy() -> dict[str, Object]:
    """All that is before Kubeflow, by what a test calls it."""
    return {
        "guard": thing("EnvoyFilter", "authn-filter", "istio-system"),
        "dex": workload("Deployment", "dex", "auth", DEX),
        "its pod": labelled(pod("dex-1", ready=True, namespace="auth"), DEX),
        "its service": thing("Service", "dex", "auth", {"selector": DEX}),
        "authservice": workload("StatefulSet", "authservice", "istio-system", AUTHSERVICE),
        "authservice's pod": labelled(pod("authservice-0", ready=True, namespace="istio-system"), AUTHSERVICE),
        "authservice's service": thing("Service", "authservice", "istio-system", {"selector": AUTHSERVICE}),
        "another service": thing("Service", "api", "istio-system", {}),
    }


@pytest.fixture
def logs(write_program: WriteProgram) -> Path:
    """A kubectl that has one log, of what crashed."""
    return write_program("kubectl", 'case "$*" in *dex-1*--previous) echo bad config;; *) exit 1;; esac')


def test_where_all_is_there_and_ready_nothing_is_found(terminal: Terminal) -> None:
    assert findings(Objects(*healthy().values()), terminal, RELEASE) == []


@pytest.mark.parametrize(
    ("missing", "found"),
    [
        ({"guard"}, ["the EnvoyFilter authn-filter is not in istio-system"]),
        ({"dex"}, ["Dex is not there (no Deployment dex in auth)"]),
        ({"its pod"}, ["Dex is not ready (Deployment dex in auth, of 1 pods none)"]),
        ({"its service"}, ["no Service in auth leads to Dex"]),
        ({"authservice"}, ["oidc-authservice is not there (no StatefulSet authservice in istio-system)"]),
        ({"authservice's pod"}, ["oidc-authservice is not ready (StatefulSet authservice in istio-system"]),
        ({"authservice's service"}, ["no Service in istio-system leads to oidc-authservice"]),
        ({"its pod", "authservice's pod"}, ["Dex is not ready", "oidc-authservice is not ready"]),
    ],
)
def test_what_is_missing_is_found(missing: set[str], found: list[str], terminal: Terminal) -> None:
    there = [one for name, one in healthy().items() if name not in missing]
    told = findings(Objects(*there), terminal, RELEASE)
    assert len(told) == len(found)
    assert all(said.startswith(begin) for said, begin in zip(told, found, strict=True))


def test_a_missing_guard_means_that_everybody_may_come_in(terminal: Terminal) -> None:
    there = [one for name, one in healthy().items() if name != "guard"]
    [told] = findings(Objects(*there), terminal, RELEASE)
    assert "open to everybody" in told


def test_of_a_pod_that_crashes_the_last_words_are_told(logs: Path, terminal: Terminal) -> None:
    crashing = labelled(pod("dex-1", waiting="CrashLoopBackOff", namespace="auth"), DEX)
    there = {**healthy(), "its pod": crashing}
    not_ready, its_words = findings(Objects(*there.values()), terminal, RELEASE)
    assert not_ready.startswith("Dex is not ready")
    assert its_words == "Dex: dex-1 (CrashLoopBackOff), whose last words are\nbad config"


def test_a_pod_that_crashes_beside_one_that_serves_is_told_of(logs: Path, terminal: Terminal) -> None:
    crashing = labelled(pod("authservice-1", waiting="CrashLoopBackOff", namespace="istio-system"), AUTHSERVICE)
    told = findings(Objects(*healthy().values(), crashing), terminal, RELEASE)
    assert told == ["oidc-authservice: authservice-1 (CrashLoopBackOff), which has said nothing"]


def test_a_cluster_that_cannot_be_asked_is_a_finding(terminal: Terminal) -> None:
    [told] = findings(Unreachable(), terminal, RELEASE)
    assert told.endswith("the API server of the cluster cannot be reached: Connection refused")
