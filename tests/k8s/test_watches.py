"""lab/k8s/watches.py: observing several kinds of objects at the same time."""

from __future__ import annotations

import threading
import time

from lab.k8s.client import Kube
from lab.k8s.watches import watch_all
from tests.fake_cluster import FakeCluster, pod

KINDS = {"Pod": "", "Event": "involvedObject.kind=PersistentVolumeClaim"}


def test_all_kinds_are_observed_together_after_each_change(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("web")]
    observations = watch_all(kube, KINDS)(8)
    assert next(observations) == {"Pod": [pod("web")], "Event": []}
    cluster.send_event("ADDED", pod("database"))
    begin = time.monotonic()
    assert next(seen for seen in observations if isinstance(seen, dict) and len(seen["Pod"]) == 2)
    assert time.monotonic() - begin < 1


def test_objects_are_observed_once_a_second_without_a_change(kube: Kube, cluster: FakeCluster) -> None:
    observations = watch_all(kube, KINDS)(8)
    first = next(observations)
    requests = len(cluster.requests)
    begin = time.monotonic()
    assert [next(observations), next(observations)] == [first, first]
    assert 1.5 < time.monotonic() - begin < 4
    assert len(cluster.watches()) == len(KINDS), "the objects are known, and not requested from the server again"
    assert len(cluster.requests) - requests <= len(KINDS)


def test_server_filters_list_and_watch_by_field_selector(kube: Kube, cluster: FakeCluster) -> None:
    observations = watch_all(kube, KINDS)(8)
    next(observations)
    next(observations)
    requests = [request for request in cluster.requests if request.startswith("/api/v1/events?")]
    assert len(requests) == 2
    assert all("fieldSelector=involvedObject.kind%3DPersistentVolumeClaim" in request for request in requests)
    assert not any("fieldSelector" in request for request in cluster.requests if "/pods" in request)


def test_watches_end_when_the_time_is_up(kube: Kube, cluster: FakeCluster) -> None:
    begin = time.monotonic()
    list(watch_all(kube, KINDS)(1.5))
    assert 1.4 < time.monotonic() - begin < 4
    cluster.end_all_watches()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("watch ")]
