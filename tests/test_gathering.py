"""lab/gathering.py: observing several kinds of objects at once."""

from __future__ import annotations

import threading
import time

from lab.gathering import watching_all
from lab.kube import Kube
from tests.fake_cluster import FakeCluster, pod

KINDS = {"Pod": "", "Event": "involvedObject.kind=PersistentVolumeClaim"}


def test_all_kinds_are_told_together_and_again_after_each_change(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("lamp")]
    observations = watching_all(kube, KINDS)(8)
    assert next(observations) == {"Pod": [pod("lamp")], "Event": []}
    cluster.will_say("ADDED", pod("torch"))
    begin = time.monotonic()
    assert next(seen for seen in observations if isinstance(seen, dict) and len(seen["Pod"]) == 2)
    assert time.monotonic() - begin < 1


def test_what_is_known_is_told_once_a_second_also_where_nothing_changes(kube: Kube, cluster: FakeCluster) -> None:
    observations = watching_all(kube, KINDS)(8)
    first = next(observations)
    requests = len(cluster.requests)
    begin = time.monotonic()
    assert [next(observations), next(observations)] == [first, first]
    assert 1.5 < time.monotonic() - begin < 4
    assert len(cluster.watches()) == len(KINDS), "it is told from memory, and not asked of the server"
    assert len(cluster.requests) - requests <= len(KINDS)


def test_a_field_selector_is_asked_of_the_server_in_list_and_watch(kube: Kube, cluster: FakeCluster) -> None:
    observations = watching_all(kube, KINDS)(8)
    next(observations)
    next(observations)
    asked = [request for request in cluster.requests if request.startswith("/api/v1/events?")]
    assert len(asked) == 2
    assert all("fieldSelector=involvedObject.kind%3DPersistentVolumeClaim" in request for request in asked)
    assert not any("fieldSelector" in request for request in cluster.requests if "/pods" in request)


def test_it_ends_when_time_is_up(kube: Kube, cluster: FakeCluster) -> None:
    begin = time.monotonic()
    list(watching_all(kube, KINDS)(1.5))
    assert 1.4 < time.monotonic() - begin < 4
    cluster.end_all_watches()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("watch ")]
