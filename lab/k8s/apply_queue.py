"""The objects that the API server has not accepted yet, and which of them the next round applies."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lab.k8s.documents import Document
from lab.k8s.objects import Object, ObjectRef, get_nested, namespace_of
from lab.k8s.ordering import list_mounted_objects
from lab.k8s.workloads import WORKLOADS

CERT_MANAGER = "cert-manager.io"
"""The group of the kinds of cert-manager, whose webhook rejects them until it is ready."""


class ApplyQueue:
    """The objects that are not accepted yet, in their order.

    A workload that mounts the Secret of a Certificate is applied after all Certificates: the kubelet, which retries
    ever more rarely, would notice the Secret up to a minute late. So that Certificates are accepted soon, every other
    round applies only the objects of cert-manager, which takes a second instead of twenty.

    Args:
        documents: All objects, in the order in which they are applied.

    Attributes:
        next: The objects for the next round.
    """

    def __init__(self, documents: Sequence[Document]) -> None:
        secrets = {
            ObjectRef("Secret", str(get_nested(obj, "spec", "secretName")), namespace_of(obj))
            for obj, _ in documents
            if obj["kind"] == "Certificate" and _is_of_cert_manager(obj)
        }
        self._documents = self._remaining = list(documents)
        self._waiting = {
            text
            for obj, text in documents
            if obj["kind"] in WORKLOADS and not secrets.isdisjoint(list_mounted_objects(obj))
        }
        self._number = 0
        self.next = self._select_next()

    @property
    def left_out(self) -> int:
        """The number of objects that are not accepted, and that the next round does not apply."""
        return len(self._remaining) - len(self.next)

    def update(self, again: Collection[str]) -> None:
        """Record the result of a round.

        Args:
            again: The texts of the objects to apply again; they can be of earlier rounds.
        """
        sent = {text for _, text in self.next}
        unsent = {text for _, text in self._remaining} - sent
        self._remaining = [document for document in self._documents if document[1] in unsent or document[1] in again]
        self._number += 1
        self.next = self._select_next()

    def _select_next(self) -> list[Document]:
        issued = [document for document in self._remaining if _is_of_cert_manager(document[0])]
        if not issued or not self._waiting:
            return self._remaining
        if self._number % 2:
            return issued
        return [document for document in self._remaining if document[1] not in self._waiting]


def _is_of_cert_manager(obj: Object) -> bool:
    return bool(obj["apiVersion"].startswith(f"{CERT_MANAGER}/"))
