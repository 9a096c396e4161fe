"""lab/layers/runner.py: layers start when the layers that they need are installed, and fail in the tutorial's order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from lab.errors import LabError
from lab.layers.base import Ledger
from lab.layers.runner import Installation, LayerSpec, Preparation
from lab.run.background import CancelledError
from lab.run.journal import Journal
from lab.run.waiting import poll, wait_until
from tests.conftest import MakeLab

SOON = 5


@dataclass
class Web:
    """A layer that calls a function when it is installed."""

    name: str
    do: Callable[[], object] = lambda: None
    fault: str | None = "missing"
    calls: list[str] = field(default_factory=list)

    def problem(self) -> str | None:
        return self.fault

    def install(self) -> None:
        self.calls.append("installed")
        self.do()


Open = Callable[..., Installation]


@pytest.fixture
def open_installation(make_lab: MakeLab) -> Iterator[Open]:
    """A function that returns the installation of a table, for the selected tags."""
    opened: list[Installation] = []

    def open_(*table: Preparation[Any], tags: tuple[str, ...] = ("first", "second"), **options: Any) -> Installation:
        installation = Installation(make_lab(**options), table, tags, Ledger())
        opened.append(installation)
        return installation

    yield open_
    for installation in opened:
        installation.close()


def spec(name: str, *needs: Preparation[Any], chapter: str = "first", do: Callable[[], object] = lambda: None) -> Any:
    return LayerSpec(name, chapter, needs, lambda _: Web(name, do))


def fail() -> None:
    raise LabError("no space left")


def rows(installation: Installation) -> list[tuple[str, str]]:
    return [(row.layer, row.status) for row in installation.ledger.rows]


def test_layer_starts_when_its_needs_are_installed(open_installation: Open) -> None:
    database = spec("database", do=lambda: order.append("database"))
    web = spec("web", database, do=lambda: order.append("web"))
    order: list[str] = []
    installation = open_installation(database, web)
    assert installation.get(web).calls == ["installed"]
    assert order == ["database", "web"]
    assert rows(installation) == [("database", "installed"), ("web", "installed")]


def test_independent_layers_are_installed_in_parallel(open_installation: Open) -> None:
    both = threading.Barrier(2, timeout=SOON)
    first, second = spec("first", do=both.wait), spec("second", do=both.wait)
    open_installation(first, second).get(second)


def test_layer_is_installed_once(open_installation: Open) -> None:
    web = spec("web")
    installation = open_installation(web)
    assert installation.get(web) is installation.wait_for(web)
    assert rows(installation) == [("web", "installed")]


def test_error_is_that_of_the_first_layer_that_fails(open_installation: Open) -> None:
    database, web = spec("database", do=fail), spec("web")
    installation = open_installation(database, web)
    with pytest.raises(LabError, match="no space left") as caught:
        installation.get(web)
    assert caught.value.layer == "database"


def test_layer_whose_need_has_failed_is_not_started(open_installation: Open) -> None:
    database = spec("database", do=fail)
    web = spec("web", database)
    installation = open_installation(database, web)
    with pytest.raises(LabError) as caught:
        installation.wait_for(web)
    assert caught.value.layer == "database"
    assert rows(installation) == [("database", "failed")]


def test_layer_that_waits_for_another_one_later_leaves_it_its_name(open_installation: Open) -> None:
    database = spec("database", do=fail)
    web = LayerSpec("web", "first", (), lambda run: Web("web", lambda: run.wait_for(database)))
    installation = open_installation(database, web)
    with pytest.raises(LabError) as caught:
        installation.wait_for(web)
    assert caught.value.layer == "database"


def test_chapters_up_to_the_last_selected_one_are_started(open_installation: Open) -> None:
    table = [spec(name, chapter=name) for name in ("first", "second", "third")]
    installation = open_installation(*table, tags=("second",))
    installation.start_selected()
    assert [installation.is_started(layer) for layer in table] == [True, True, False]


def test_layer_for_a_tag_is_started_with_it_only(open_installation: Open) -> None:
    layer = LayerSpec("login", "first", (), lambda _: Web("login"), only_for="login")
    for tags in (("first",), ("first", "login")):
        installation = open_installation(layer, tags=tags)
        installation.start_selected()
        assert installation.is_started(layer) is ("login" in tags)


def test_layer_on_request_is_started_by_a_request(open_installation: Open) -> None:
    layer = LayerSpec("prepull", "first", (), lambda _: Web("prepull"), on_request=True)
    installation = open_installation(layer)
    installation.start_selected()
    assert not installation.is_started(layer)
    assert installation.wait_for(layer).name == "prepull"


def test_layer_that_does_not_apply_is_needed_by_nobody(open_installation: Open) -> None:
    network = LayerSpec("network", "first", (), lambda _: Web("network"), applies=lambda lab: False)
    cluster = spec("cluster", network)
    installation = open_installation(network, cluster)
    installation.get(cluster)
    assert rows(installation) == [("cluster", "installed")]


def test_preparation_returns_its_result_without_a_row(open_installation: Open) -> None:
    build = Preparation("build", "first", (), lambda _: "manifests")
    web = LayerSpec("web", "first", (build,), lambda run: Web(run.wait_for(build)))
    installation = open_installation(build, web)
    assert installation.get(web).name == "manifests"
    assert rows(installation) == [("manifests", "installed")]


@pytest.mark.parametrize(
    ("options", "status", "local_status"),
    [
        ({}, "installed", "installed"),
        ({"lab": "existing"}, "misconfigured", "installed"),
        ({"verify_only": True}, "misconfigured", "misconfigured"),
        ({"lab": "existing", "verify_only": True}, "misconfigured", "installed"),
    ],
)
def test_only_local_layers_are_installed_on_an_existing_cluster(
    open_installation: Open, options: dict[str, Any], status: str, local_status: str
) -> None:
    web, manifests = spec("web"), LayerSpec("manifests", "first", (), lambda _: Web("manifests"), is_local=True)
    installation = open_installation(web, manifests, **options)
    installation.get(web)
    installation.get(manifests)
    assert sorted(rows(installation)) == [("manifests", local_status), ("web", status)]


def test_closing_cancels_what_still_runs(open_installation: Open) -> None:
    started = threading.Event()

    def hang() -> None:
        started.set()
        wait_until(poll(lambda: False), bool, 60, "nothing", journal=Journal())

    database = spec("database", do=hang)
    web = spec("web", database)
    installation = open_installation(database, web)
    installation.start_selected()
    assert started.wait(SOON)
    installation.close()
    with pytest.raises(CancelledError):
        installation.wait_for(web)
    assert rows(installation) == [("database", "cancelled")]
