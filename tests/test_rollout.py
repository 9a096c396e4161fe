"""lab/rollout.py: when a workload is ready."""

from __future__ import annotations

from typing import Any

import pytest

from lab.rollout import workload_is_ready


def workload(replicas: int | None = 1, generation: int = 2, **status: int) -> dict[str, Any]:
    """A Deployment, or a StatefulSet."""
    spec = {} if replicas is None else {"replicas": replicas}
    return {"metadata": {"generation": generation}, "spec": spec, "status": status}


@pytest.mark.parametrize(
    "one",
    [
        workload(1, observedGeneration=2, readyReplicas=1, updatedReplicas=1),
        workload(2, observedGeneration=3, readyReplicas=2, updatedReplicas=2),
        workload(None, observedGeneration=2, readyReplicas=1, updatedReplicas=1),
        workload(0, observedGeneration=2),
    ],
)
def test_all_replicas_in_the_newest_state_are_ready(one: dict[str, Any]) -> None:
    assert workload_is_ready(one)


@pytest.mark.parametrize(
    ("one", "because"),
    [
        (workload(1), "nothing is known of it"),
        (workload(2, observedGeneration=2, readyReplicas=1, updatedReplicas=2), "one is not ready"),
        (workload(1, observedGeneration=1, readyReplicas=1, updatedReplicas=1), "the change was not seen yet"),
        (workload(1, observedGeneration=2, readyReplicas=2, updatedReplicas=1), "an old one is still there"),
        (workload(1, observedGeneration=2, readyReplicas=1), "the ready one is an old one"),
    ],
)
def test_anything_less_is_not(one: dict[str, Any], because: str) -> None:
    assert not workload_is_ready(one), because
