"""tools/bench: the simulated API server, and the medians."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from lab.k8s.client import Kube
from lab.k8s.readiness import is_ready
from lab.k8s.rollout import wait_until_ready
from lab.run.journal import Journal
from lab.run.shell import Shell
from tools.bench.installing import Measurement, median
from tools.bench.simulated import DURATION, NAMESPACE, START_DELAY, Handler, Simulation, build_kubeconfig

PODS = 3


@pytest.fixture
def last_change(tmp_path: Path) -> Path:
    """The file for the time of the last change."""
    return tmp_path / "last-change"


@pytest.fixture
def simulated_kube(
    tmp_path: Path, last_change: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Kube]:
    """The API of a simulated API server with a few pods."""
    monkeypatch.setattr(Handler, "simulation", Simulation(PODS, last_change), raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever).start()
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(build_kubeconfig(server.server_port))
        yield Kube(kubeconfig, journal)
        server.shutdown()


def test_the_simulated_pods_become_ready_one_by_one(simulated_kube: Kube, shell: Shell, last_change: Path) -> None:
    begin = time.monotonic()
    wait_until_ready(simulated_kube, shell, [NAMESPACE], [], 2 * (START_DELAY + DURATION), lambda counts: None)
    assert begin + START_DELAY < float(last_change.read_text()) <= time.monotonic()
    pods = simulated_kube.list_objects("Pod", NAMESPACE)
    assert [is_ready(pod) for pod in pods] == [True] * PODS


def test_medians_are_per_method() -> None:
    suite = [Measurement("the suite", seconds, 2 * seconds, 100) for seconds in (3.0, 1.0, 2.0)]
    measurements = [*suite, Measurement("by hand", 50, 50, 50)]
    assert median(measurements, "the suite") == Measurement("the suite, median", 2, 4, 100)
