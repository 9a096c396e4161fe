"""lab/k8s/client.py: reading and watching a cluster over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lab.errors import UnreachableError, WaitTimeoutError
from lab.k8s import connection
from lab.k8s.client import Kube
from lab.k8s.objects import Object, ObjectRef
from lab.run.waiting import Observations, Unobserved, wait_until
from tests.fake_cluster import FakeCluster, pod

WAITING_FOR = "the pod web to exist"


def get_names(objects: list[Object]) -> list[str]:
    return [obj["metadata"]["name"] for obj in objects]


def has_web(pods: list[Object]) -> bool:
    return "web" in get_names(pods)


def wait_for_web(kube: Kube, observe: Observations[list[Object]], timeout: float = 5) -> list[str]:
    """Wait until the pod web exists, and return the names of all pods."""
    return get_names(wait_until(observe, has_web, timeout, WAITING_FOR, journal=kube.journal))


def test_server_version(kube: Kube) -> None:
    assert kube.get_server_version() == "v1.25.4"


def test_openapi_is_requested_in_the_content_type_of_kubectl(kube: Kube, http_server: HTTPServer) -> None:
    accepted: list[str] = []

    def answer(request: Request) -> Response:
        accepted.append(request.headers["Accept"])
        return Response(b"\x0a\x03", 200)

    http_server.expect_request("/openapi/v2").respond_with_handler(answer)
    kube.warm_up_openapi()
    assert accepted == ["application/com.github.proto-openapi.spec.v2@v1.0+protobuf"]


def test_discovery_cache_is_written_through_the_overridden_method(kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a new version of the client writes its cache in another way, the override in _Discoverer has no effect."""
    calls: list[object] = []
    monkeypatch.setattr(connection._Discoverer, "_write_cache", lambda discoverer: calls.append(discoverer))
    kube.list_objects("Pod")
    assert calls


def test_discovery_cache_is_not_written_to_a_file(kube: Kube, cluster: FakeCluster, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    kube.list_objects("Pod")
    assert set(tmp_path.iterdir()) == before


def test_list_objects(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("web"), pod("database")]
    assert get_names(kube.list_objects("Pod")) == ["web", "database"]
    assert kube.list_objects("Node") == []


def test_list_names(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("web"), pod("database")]
    cluster.objects["IPAddressPool"] = [{"metadata": {"name": "ip-pool"}}]
    assert kube.list_names("v1", "Pod") == {("default", "web"), ("default", "database")}
    assert kube.list_names("metallb.io/v1beta1", "IPAddressPool") == {("", "ip-pool")}
    assert kube.list_names("v1", "Node") == set()
    assert kube.list_names("example.com/v1", "NoSuchKind") == set()


def test_server_filters_by_namespace_and_selector(kube: Kube, cluster: FakeCluster) -> None:
    kube.list_objects("Pod", "default", "app=web")
    [request] = cluster.requests
    assert request.startswith("/api/v1/namespaces/default/pods?")
    assert "labelSelector=app%3Dweb" in request


def test_kinds_of_other_groups_are_found(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["IPAddressPool"] = [{"metadata": {"name": "ip-pool"}}]
    assert get_names(kube.list_objects("IPAddressPool", "default")) == ["ip-pool"]


def test_unknown_kind_has_no_objects(kube: Kube, cluster: FakeCluster) -> None:
    cluster.groups.remove("/apis/metallb.io/v1beta1")
    assert kube.list_objects("IPAddressPool") == []
    assert kube.get("IPAddressPool", "ip-pool", "default") is None


def test_listed_group_that_is_not_served_yet_hides_no_other_group(kube: Kube, cluster: FakeCluster) -> None:
    """This is the case while CRDs are created."""
    cluster.objects["Pod"] = [pod("web")]
    cluster.set_status("/apis/apps/v1", 404)
    assert get_names(kube.list_objects("Pod")) == ["web"]
    assert kube.list_objects("Deployment") == []


def test_overloaded_server_is_unreachable_not_empty(kube: Kube, cluster: FakeCluster) -> None:
    cluster.set_status("/api/v1", 503)
    with pytest.raises(UnreachableError):
        kube.list_objects("Pod")


def test_get_object(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("database"), pod("web")]
    assert kube.get("Pod", "web", "default") == pod("web")


@pytest.mark.parametrize(("name", "namespace"), [("nginx", "default"), ("web", "kubeflow")])
def test_get_missing_object(kube: Kube, cluster: FakeCluster, name: str, namespace: str) -> None:
    cluster.objects["Pod"] = [pod("web")]
    assert kube.get("Pod", name, namespace) is None


def test_existing_object_is_observed_without_a_watch(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("web")]
    assert wait_for_web(kube, kube.watch("Pod")) == ["web"]
    assert len(cluster.requests) == 1


def test_new_object_is_observed_by_one_watch_from_the_version_of_the_list(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("database")]
    cluster.send_event("ADDED", pod("nginx"))
    cluster.send_event("ADDED", pod("web"))
    assert wait_for_web(kube, kube.watch("Pod", "default", "app=web")) == ["database", "nginx", "web"]
    [watch] = cluster.watches()
    assert len(cluster.requests) == 2
    assert "resourceVersion=100" in watch
    assert "labelSelector=app%3Dweb" in watch


def test_modified_object_replaces_the_old_one(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("web")]
    cluster.send_event("MODIFIED", pod("web", ready=True))
    observed = wait_until(
        kube.watch("Pod"),
        lambda pods: pods[0]["status"]["phase"] == "Running",
        5,
        "the pod web to run",
        journal=kube.journal,
    )
    assert observed == [pod("web", ready=True)]


def test_deleted_object_disappears(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("web"), pod("database")]
    cluster.send_event("DELETED", pod("database"))
    observed = wait_until(
        kube.watch("Pod"), lambda pods: len(pods) == 1, 5, "the pod database to be deleted", journal=kube.journal
    )
    assert get_names(observed) == ["web"]


def test_watch_that_the_server_ends_is_repeated(kube: Kube, cluster: FakeCluster) -> None:
    cluster.send_event("ADDED", pod("database"))
    cluster.end_watch()
    cluster.send_event("ADDED", pod("web"))
    wait_for_web(kube, kube.watch("Pod"))
    assert len(cluster.watches()) == 2


def test_watch_from_an_expired_version_is_repeated(kube: Kube, cluster: FakeCluster) -> None:
    cluster.send_event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})
    cluster.end_watch()
    cluster.send_event("ADDED", pod("web"))
    wait_for_web(kube, kube.watch("Pod"))


def test_kind_that_is_defined_later_is_waited_for(kube: Kube, cluster: FakeCluster) -> None:
    cluster.groups.remove("/apis/metallb.io/v1beta1")
    cluster.objects["IPAddressPool"] = [{"metadata": {"name": "ip-pool", "uid": "1"}}]
    observed: list[list[str]] = []

    def observations(seconds: float) -> Iterator[list[Object] | Unobserved]:
        for seen in kube.watch("IPAddressPool")(seconds):
            observed.append([] if isinstance(seen, Unobserved) else get_names(seen))
            if len(observed) == 1:
                cluster.groups.append("/apis/metallb.io/v1beta1")
            yield seen

    wait_until(observations, bool, 5, "the pool to exist", journal=kube.journal)
    assert (observed[0], observed[-1]) == ([], ["ip-pool"])


def test_error_of_an_unreachable_server_is_the_last_observation(kube: Kube, http_server: HTTPServer) -> None:
    http_server.clear()
    http_server.expect_request("/version").respond_with_data("starting", 503)
    with pytest.raises(WaitTimeoutError, match="503"):
        wait_for_web(kube, kube.watch("Pod"), 0.5)


def test_timeout_without_changes(kube: Kube, cluster: FakeCluster) -> None:
    begin = time.monotonic()
    with pytest.raises(WaitTimeoutError):
        wait_for_web(kube, kube.watch("Pod"), 1)
    assert time.monotonic() - begin < 3


def test_timeout_with_repeated_watches(kube: Kube, cluster: FakeCluster) -> None:
    """The second watch has only the time that the first one has left."""
    timer = threading.Timer(1.2, cluster.end_watch)
    timer.start()
    begin = time.monotonic()
    with pytest.raises(WaitTimeoutError):
        wait_for_web(kube, kube.watch("Pod"), 2)
    assert time.monotonic() - begin < 3.1


def test_timeout_with_a_server_that_hangs(kube: Kube, cluster: FakeCluster) -> None:
    """Connections stay open without data on a machine that hangs, even when the requested timeout is over."""
    cluster.hang(10)
    cluster.send_event("ADDED", pod("database"))
    begin = time.monotonic()
    with pytest.raises(WaitTimeoutError):
        wait_for_web(kube, kube.watch("Pod"), 1)
    cluster.end_watch()
    assert time.monotonic() - begin < 5


def test_reconnect_reads_the_kubeconfig_again(kube: Kube, cluster: FakeCluster, tmp_path: Path) -> None:
    kube.list_objects("Pod")
    (tmp_path / "kubeconfig").write_text("")
    kube.list_objects("Pod")  # the connection is kept
    kube.reconnect()
    with pytest.raises(Exception, match="kube-config"):
        kube.list_objects("Pod")
    cluster.write_kubeconfig(tmp_path / "kubeconfig")
    assert kube.list_objects("Pod") == []


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_local_api_server_is_reached_without_a_proxy(
    name: str, kube: Kube, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    cluster.objects["Node"] = [{"metadata": {"name": "node-1"}}]
    assert [node["metadata"]["name"] for node in kube.list_objects("Node")] == ["node-1"]


@pytest.mark.parametrize("status", [200, 404])
def test_deleted_and_missing_objects_are_deleted(kube: Kube, http_server: HTTPServer, status: int) -> None:
    """The object that does not exist is no error."""
    path = "/api/v1/namespaces/default/services/web"
    http_server.expect_request(path, method="DELETE").respond_with_json({"kind": "Status"}, status=status)
    kube.delete(ObjectRef("Service", "web", "default"))
    assert [request.path for request, _ in http_server.log if request.method == "DELETE"] == [path]
