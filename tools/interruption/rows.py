"""The table of interruptions: how a run is interrupted, and at which stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Interruption = Literal["SIGINT", "SIGTERM", "SIGKILL", "engine killed", "disk full"]


@dataclass(frozen=True)
class Stage:
    """A part of a run.

    Args:
        name: The name.
        marker: A text that the run prints when the stage begins.
        seconds: The approximate duration. The interruption happens at a random moment within it.
    """

    name: str
    marker: str
    seconds: float


KIT = Stage("kit", "collecting", 3)
ENGINE = Stage("engine", "starting the private Docker Engine", 3)
CLUSTER = Stage("cluster", "test_02_cluster.py::", 25)
CLONE = Stage("clone", "test_02_cluster.py::", 3)
HELM = Stage("Helm", "test_03_metallb.py::", 30)
PROBES = Stage("probes", "test_a_service_gets_an_address_from_the_pool", 10)
INGRESS = Stage("Ingress", "test_a_service_gets_an_address_from_the_pool", 15)
APPLY = Stage("apply", "images of the manifests are pullable", 40)
READINESS = Stage("readiness", "test_04_ingress.py::", 10)
ENTRY_POINTS = Stage("entry points", "test_08_authservice.py::", 15)
LOGIN = Stage("login", "test_10_login.py::", 15)
RESOURCES = Stage("resources", "test_11_resources.py::", 10)
PASSWORD = Stage("password change", "test_12_password.py::", 15)
TEARDOWN = Stage("teardown", "test_the_tutorials_password_works_again", 4)


@dataclass(frozen=True)
class Row:
    """One interrupted run.

    Args:
        interruption: How the run is interrupted.
        stage: The stage at which it is interrupted.
        keep: Whether it is a run with --keep-lab.
    """

    interruption: Interruption
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
    Row("disk full", APPLY, keep=True),
    Row("SIGKILL", APPLY, keep=True),
    Row("SIGINT", APPLY),
    Row("engine killed", READINESS),
    Row("SIGTERM", ENTRY_POINTS, keep=True),
    Row("SIGKILL", LOGIN),
    Row("SIGKILL", RESOURCES, keep=True),
    Row("SIGKILL", PASSWORD, keep=True),
    Row("SIGKILL", TEARDOWN),
)
