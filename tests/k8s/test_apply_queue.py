"""lab/k8s/apply_queue.py: which objects a round applies."""

from __future__ import annotations

from lab.k8s.apply_queue import ApplyQueue
from lab.k8s.documents import split_documents

MANIFESTS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: webhook, namespace: shop}
spec: {template: {spec: {volumes: [{name: tls, secret: {secretName: webhook-tls}}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {spec: {volumes: [{name: tls, secret: {secretName: web-tls}}]}}}
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {name: own, namespace: shop}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: webhook, namespace: shop}
spec: {secretName: webhook-tls}
---
apiVersion: example.com/v1
kind: Rule
metadata: {name: rule, namespace: shop}
"""
"""The Secret of the Deployment web is of no Certificate."""


def make_queue(manifests: str = MANIFESTS) -> ApplyQueue:
    return ApplyQueue(split_documents(manifests))


def list_next(queue: ApplyQueue) -> list[str]:
    """Return the names of the objects of the next round; those of workloads end with "/workload"."""
    return [f"{obj['metadata']['name']}{'/workload' if obj['kind'] == 'Deployment' else ''}" for obj, _ in queue.next]


def reject(queue: ApplyQueue, *names: str) -> None:
    """End a round in which the objects with some names were rejected."""
    queue.update({text for obj, text in queue.next if obj["metadata"]["name"] in names})


def test_a_workload_with_the_secret_of_a_certificate_waits_for_it() -> None:
    queue = make_queue()
    assert list_next(queue) == ["settings", "web/workload", "own", "webhook", "rule"]
    assert queue.left_out == 1
    reject(queue)
    assert list_next(queue) == ["webhook/workload"]
    reject(queue)
    assert not queue.next


def test_every_other_round_applies_only_the_objects_of_cert_manager() -> None:
    queue = make_queue()
    reject(queue, "webhook", "rule")
    assert (list_next(queue), queue.left_out) == (["webhook"], 2)
    reject(queue, "webhook")
    assert (list_next(queue), queue.left_out) == (["webhook", "rule"], 1)
    reject(queue, "webhook", "rule")
    assert list_next(queue) == ["webhook"]
    reject(queue)
    assert list_next(queue) == ["webhook/workload", "rule"]
    reject(queue, "rule")
    assert list_next(queue) == ["rule"]


def test_accepted_objects_can_be_applied_again() -> None:
    """They are lost with a namespace that was being deleted."""
    queue = make_queue()
    reject(queue)
    queue.update({text for _, text in split_documents(MANIFESTS)})
    assert list_next(queue) == ["settings", "web/workload", "own", "webhook", "rule"]
    assert queue.left_out == 1


def test_without_certificates_a_round_applies_everything() -> None:
    manifests = MANIFESTS.replace("kind: Certificate", "kind: ClusterIssuer")
    queue = make_queue(manifests)
    assert len(queue.next) == 6
    reject(queue, "own")
    assert list_next(queue) == ["own"]
