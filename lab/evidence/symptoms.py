"""Symptoms: the texts by which a failure is recognized, and the other contents of an observation of the lab."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from lab.errors import KnownFailureId, LabError
from lab.k8s.blockers import Blocker
from lab.k8s.objects import Object
from lab.request_path.trace import Stop

SymptomSource = Literal["error", "pod", "event", "log", "cluster", "docker", "auth chain", "response", "port-forward"]
"""The sources of symptoms:

- error: the error of the failed step
- pod: the messages of kubelet and scheduler about a pod that is not ready
- event: a recent warning
- log: the log of a container of a pod that is not ready, of Dex, or of the auth proxy
- cluster: the objects of the cluster
- docker: Docker
- auth chain: the auth proxy, Dex and the object that makes the gateway ask the auth proxy
- response: the response at the Ingress entry point
- port-forward: the output of the port-forward
"""


@dataclass(frozen=True)
class Symptom:
    """An observed text.

    Args:
        source: The source of the text.
        subject: The object that the text is about, or comes from.
        text: The text, possibly several lines.
        known_failure: The known failure that the lab's own code reports with this text; None if it reports none.
        is_foreign: Whether the subject is neither a part of Kubeflow nor of the lab, such as a user's notebook.
        remedy: What to do about it; empty if the remedy of the known failure says it.
    """

    source: SymptomSource
    subject: str
    text: str
    known_failure: KnownFailureId | None = None
    is_foreign: bool = False
    remedy: str = ""


@dataclass(frozen=True)
class Observation:
    """An observation of the lab.

    Args:
        symptoms: The observed texts.
        blockers: The reasons why pods of Kubeflow and of the lab do not become ready, or are not created.
        pods: All pods of the cluster.
        foreign_blockers: The blockers of all other pods.
        stops: The hops at which requests to the entry points stop, according to the objects of the cluster.
    """

    symptoms: tuple[Symptom, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    pods: tuple[Object, ...] = ()
    foreign_blockers: tuple[Blocker, ...] = ()
    stops: tuple[Stop, ...] = ()

    @classmethod
    def from_error(cls, error: BaseException) -> Observation:
        """Return an observation that consists of an error.

        The remedy of a LabError is left out, because its text would match as a symptom.
        """
        if not isinstance(error, LabError):
            return cls((Symptom("error", "the error", str(error)),))
        text = f"{error.headline}\n{error.seen}"
        return cls((Symptom("error", "the error", text, error.known_failure),))

    @classmethod
    def merge(cls, observations: Iterable[Observation]) -> Observation:
        """Return one observation with the content of several."""
        parts = list(observations)
        return cls(
            tuple(symptom for part in parts for symptom in part.symptoms),
            tuple(blocker for part in parts for blocker in part.blockers),
            tuple(pod for part in parts for pod in part.pods),
            tuple(blocker for part in parts for blocker in part.foreign_blockers),
            tuple(stop for part in parts for stop in part.stops),
        )
