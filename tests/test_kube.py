"""lab/kube.py: observing a cluster, over HTTP, by lists and watches."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lab.errors import LabError
from lab.kube import Kube, Object, UnreachableError, marked, named
from lab.waiting import wait_until
from tests.fake_cluster import FakeCluster, pod

WHAT = "the lamp's pod is there"


def names(objects: list[Object]) -> list[str]:
    return [one["metadata"]["name"] for one in objects]


def has_lamp(pods: list[Object]) -> bool:
    return "lamp" in names(pods)


def test_the_server_s_version(kube: Kube) -> None:
    assert kube.server_version() == "v1.25.4"


def test_schemas_are_asked_for_as_kubectl_does(kube: Kube, http_server: HTTPServer) -> None:
    asked: list[str] = []

    def answer(request: Request) -> Response:
        asked.append(request.headers["Accept"])
        return Response(b"\x0a\x03", 200)

    http_server.expect_request("/openapi/v2").respond_with_handler(answer)
    kube.have_schemas_made()
    assert asked == ["application/com.github.proto-openapi.spec.v2@v1.0+protobuf"]


def test_all_objects_of_a_kind(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("lamp"), pod("torch")]
    assert names(kube.all("Pod")) == ["lamp", "torch"]
    assert kube.all("Node") == []


def test_the_names_of_all_objects_of_a_kind(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("lamp"), pod("torch")]
    cluster.objects["IPAddressPool"] = [{"metadata": {"name": "ip-pool"}}]
    assert kube.names("v1", "Pod") == {("default", "lamp"), ("default", "torch")}
    assert kube.names("metallb.io/v1beta1", "IPAddressPool") == {("", "ip-pool")}
    assert kube.names("v1", "Node") == set()
    assert kube.names("example.com/v1", "NoSuchKind") == set()


def test_namespace_and_selector_are_asked_of_the_server(kube: Kube, cluster: FakeCluster) -> None:
    kube.all("Pod", "default", "app=lamp")
    [request] = cluster.requests
    assert request.startswith("/api/v1/namespaces/default/pods?")
    assert "labelSelector=app%3Dlamp" in request


def test_kinds_of_other_groups_are_found(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["IPAddressPool"] = [{"metadata": {"name": "ip-pool"}}]
    assert names(kube.all("IPAddressPool", "default")) == ["ip-pool"]


def test_of_a_kind_that_the_server_does_not_know_there_is_nothing(kube: Kube, cluster: FakeCluster) -> None:
    cluster.groups.remove("/apis/metallb.io/v1beta1")
    assert kube.all("IPAddressPool") == []
    assert kube.one("IPAddressPool", "ip-pool", "default") is None


def test_a_group_that_is_listed_and_not_served_yet_hides_no_other(kube: Kube, cluster: FakeCluster) -> None:
    """As while CRDs come."""
    cluster.objects["Pod"] = [pod("lamp")]
    cluster.will_answer("/apis/apps/v1", 404)
    assert names(kube.all("Pod")) == ["lamp"]
    assert kube.all("Deployment") == []


def test_a_server_that_has_too_much_to_do_is_not_one_that_has_nothing(kube: Kube, cluster: FakeCluster) -> None:
    cluster.will_answer("/api/v1", 503)
    with pytest.raises(UnreachableError):
        kube.all("Pod")


def test_one_object_by_name(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("torch"), pod("lamp")]
    assert kube.one("Pod", "lamp", "default") == pod("lamp")


@pytest.mark.parametrize(("name", "namespace"), [("candle", "default"), ("lamp", "elsewhere")])
def test_one_object_that_is_not_there(kube: Kube, cluster: FakeCluster, name: str, namespace: str) -> None:
    cluster.objects["Pod"] = [pod("lamp")]
    assert kube.one("Pod", name, namespace) is None


def test_what_is_there_already_is_seen_without_a_watch(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("lamp")]
    assert names(wait_until(kube.watching("Pod"), has_lamp, 5, WHAT)) == ["lamp"]
    assert len(cluster.requests) == 1


def test_what_comes_later_is_seen_by_one_watch_from_where_the_list_ended(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("torch")]
    cluster.will_say("ADDED", pod("lantern"))
    cluster.will_say("ADDED", pod("lamp"))
    assert names(wait_until(kube.watching("Pod", "default", "app=lamp"), has_lamp, 5, WHAT)) == [
        *("torch", "lantern", "lamp")
    ]
    [watch] = cluster.watches()
    assert len(cluster.requests) == 2
    assert "resourceVersion=100" in watch
    assert "labelSelector=app%3Dlamp" in watch


def test_a_change_takes_the_place_of_what_was_there(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("lamp")]
    cluster.will_say("MODIFIED", pod("lamp", ready=True))
    pods = wait_until(kube.watching("Pod"), lambda pods: pods[0]["status"]["phase"] == "Running", 5, WHAT)
    assert pods == [pod("lamp", ready=True)]


def test_what_is_deleted_is_no_longer_seen(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("lamp"), pod("torch")]
    cluster.will_say("DELETED", pod("torch"))
    assert names(wait_until(kube.watching("Pod"), lambda pods: len(pods) == 1, 5, WHAT)) == ["lamp"]


def test_a_watch_that_the_server_ends_is_taken_up_again(kube: Kube, cluster: FakeCluster) -> None:
    cluster.will_say("ADDED", pod("torch"))
    cluster.will_end_watch()
    cluster.will_say("ADDED", pod("lamp"))
    wait_until(kube.watching("Pod"), has_lamp, 5, WHAT)
    assert len(cluster.watches()) == 2


def test_a_watch_that_is_too_old_for_the_server_is_taken_up_again(kube: Kube, cluster: FakeCluster) -> None:
    cluster.will_say("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})
    cluster.will_end_watch()
    cluster.will_say("ADDED", pod("lamp"))
    wait_until(kube.watching("Pod"), has_lamp, 5, WHAT)


def test_a_kind_that_comes_to_be_known_later_is_waited_for(kube: Kube, cluster: FakeCluster) -> None:
    cluster.groups.remove("/apis/metallb.io/v1beta1")
    cluster.objects["IPAddressPool"] = [{"metadata": {"name": "ip-pool", "uid": "1"}}]
    seen: list[list[str]] = []

    def there(pools: list[Object]) -> bool:
        seen.append(names(pools))
        if len(seen) == 1:
            cluster.groups.append("/apis/metallb.io/v1beta1")
        return bool(pools)

    wait_until(kube.watching("IPAddressPool"), there, 5, "the pool is there")
    assert (seen[0], seen[-1]) == ([], ["ip-pool"])


def test_a_server_that_does_not_answer_yet_is_trouble_that_is_reported(tmp_path: Path, http_server: HTTPServer) -> None:
    kube = Kube(FakeCluster(http_server).write_kubeconfig(tmp_path / "kubeconfig"))
    http_server.clear()
    http_server.expect_request("/version").respond_with_data("starting", 503)
    with pytest.raises(LabError, match="503"):
        wait_until(kube.watching("Pod"), has_lamp, 0.5, WHAT)


def test_time_is_up_when_nothing_changes(kube: Kube, cluster: FakeCluster) -> None:
    begin = time.monotonic()
    with pytest.raises(LabError, match="in vain"):
        wait_until(kube.watching("Pod"), has_lamp, 1, WHAT)
    assert time.monotonic() - begin < 3


def test_time_is_up_also_where_watches_end_and_begin_again(kube: Kube, cluster: FakeCluster) -> None:
    """The second watch has only the time that the first one left."""
    timer = threading.Timer(1.2, cluster.will_end_watch)
    timer.start()
    begin = time.monotonic()
    with pytest.raises(LabError, match="in vain"):
        wait_until(kube.watching("Pod"), has_lamp, 2, WHAT)
    assert time.monotonic() - begin < 3.1


def test_time_is_up_also_where_the_server_has_stopped_to_say_anything(kube: Kube, cluster: FakeCluster) -> None:
    """As on a machine that hangs: connections stay open, and nothing comes, not even the end that was asked for."""
    cluster.will_hang(10)
    cluster.will_say("ADDED", pod("torch"))
    begin = time.monotonic()
    with pytest.raises(LabError, match="in vain"):
        wait_until(kube.watching("Pod"), has_lamp, 1, WHAT)
    cluster.will_end_watch()
    assert time.monotonic() - begin < 5


def test_an_object_is_found_among_others_by_name() -> None:
    assert named([pod("lamp"), pod("torch")], "torch") == pod("torch")
    assert named([pod("lamp")], "torch") is None


@pytest.mark.parametrize(
    ("annotations", "is_marked"),
    [({"default": "true"}, True), ({"default": "false"}, False), ({}, False), (None, False)],
)
def test_objects_are_marked_by_an_annotation_that_says_true(
    annotations: dict[str, str] | None, is_marked: bool
) -> None:
    objects: list[Object] = [
        {"metadata": {"name": "standard", "annotations": annotations}},
        {"metadata": {"name": "plain"}},
    ]
    assert marked(objects, "default") == (["standard"] if is_marked else [])
