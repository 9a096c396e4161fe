"""What is done to runs, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Deed = Literal["SIGINT", "SIGTERM", "SIGKILL", "engine killed", "disk full"]


@dataclass(frozen=True)
class Stage:
    """A stretch of a run.

    Arguments:
        name: what the run is at.
        after: what it has printed when that begins.
        seconds: about how long it takes; the moment is a random one within.
    """

    name: str
    after: str
    seconds: float


KIT = Stage("kit", "collecting", 3)
ENGINE = Stage("engine", "starting the private Docker Engine", 3)
CLUSTER = Stage("cluster", "test_02_cluster.py::", 25)
CLONE = Stage("clone", "test_02_cluster.py::", 3)
HELM = Stage("helm", "test_03_metallb.py::", 30)
PROBES = Stage("probes", "test_a_service_gets_an_address_of_the_pool", 10)
INGRESS = Stage("ingress", "test_a_service_gets_an_address_of_the_pool", 15)
APPLYING = Stage("applying", "images of the manifests can be had", 40)
READINESS = Stage("readiness", "test_04_ingress.py::", 10)
DOORS = Stage("doors", "test_08_authservice.py::", 15)
LOGIN = Stage("log-in", "test_10_login.py::", 15)
WRITES = Stage("writes", "test_11_writes.py::", 10)
PASSWORD = Stage("changed password", "test_12_password.py::", 15)
TEARDOWN = Stage("teardown", "test_the_tutorials_password_is_back", 4)


@dataclass(frozen=True)
class Row:
    """One interruption.

    Arguments:
        deed: what is done to the run.
        stage: in which stretch of it.
        keep: whether it is one with --keep-lab.
    """

    deed: Deed
    stage: Stage
    keep: bool = False


ROWS = (
    Row("SIGKILL", KIT),
    Row("SIGINT", ENGINE, keep=True),
    Row("SIGKILL", ENGINE, keep=True),
    Row("SIGTERM", CLUSTER),
    Row("SIGKILL", CLUSTER, keep=True),
    Row("engine killed", CLUSTER, keep=True),
    Row("SIGKILL", CLONE, keep=True),
    Row("SIGINT", HELM),
    Row("SIGKILL", HELM, keep=True),
    Row("SIGKILL", PROBES, keep=True),
    Row("SIGKILL", INGRESS),
    Row("disk full", APPLYING, keep=True),
    Row("SIGKILL", APPLYING, keep=True),
    Row("SIGINT", APPLYING),
    Row("engine killed", READINESS),
    Row("SIGTERM", DOORS, keep=True),
    Row("SIGKILL", LOGIN),
    Row("SIGKILL", WRITES, keep=True),
    Row("SIGKILL", PASSWORD, keep=True),
    Row("SIGKILL", TEARDOWN),
)
