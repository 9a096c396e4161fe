"""lab/layers/base.py: a layer is inspected before it is changed, and recorded in the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from lab.context import Lab
from lab.errors import LabError
from lab.layers.base import Ledger, ensure
from lab.run.background import run_in_background
from lab.run.journal import Journal
from lab.run.waiting import poll, wait_until
from tests.conftest import MakeLab


@dataclass
class Database:
    """A layer that records what is done to it."""

    fault: str | None = None
    installable: bool = True
    calls: list[str] = field(default_factory=list)
    name: str = "database"

    def problem(self) -> str | None:
        self.calls.append("inspected")
        return self.fault

    def install(self) -> None:
        self.calls.append("installed")
        if not self.installable:
            raise LabError("the database cannot be installed")
        self.fault = None


@dataclass
class Counted(Database):
    """A layer that counts rows when it is installed."""

    counts: dict[str, int] = field(default_factory=dict)

    def install(self) -> None:
        super().install()
        self.counts["rows"] = 3


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """A lab without layers."""
    return make_lab()


def test_layer_without_a_problem_is_found_and_unchanged(lab: Lab) -> None:
    ledger, database = Ledger(), Database()
    assert ensure(database, lab, ledger, installs=True) is database
    assert database.calls == ["inspected"]
    [row] = ledger.rows
    assert (row.layer, row.status, row.reason) == ("database", "found", "")


def test_layer_with_a_problem_is_installed_for_that_reason(lab: Lab) -> None:
    ledger, database = Ledger(), Database("no database")
    ensure(database, lab, ledger, installs=True)
    assert database.calls == ["inspected", "installed"]
    [row] = ledger.rows
    assert (row.status, row.reason) == ("installed", "no database")
    assert row.seconds >= 0


def test_counts_of_a_layer_are_in_the_ledger(lab: Lab) -> None:
    ledger = Ledger()
    ensure(Counted("no database"), lab, ledger, installs=True)
    ensure(Database("no database"), lab, ledger, installs=True)
    assert [row.counts for row in ledger.rows] == [{"rows": 3}, {}]


def test_layer_with_a_problem_is_returned_if_nothing_may_be_installed(lab: Lab) -> None:
    ledger, database = Ledger(), Database("no database")
    ensure(database, lab, ledger, installs=False)
    assert database.calls == ["inspected"]
    assert (ledger.rows[0].status, ledger.rows[0].reason) == ("misconfigured", "no database")


def test_failed_layer_is_in_the_ledger_and_named_by_the_error(lab: Lab) -> None:
    ledger = Ledger()
    with pytest.raises(LabError, match="cannot be installed") as caught:
        ensure(Database("no database", installable=False), lab, ledger, installs=True)
    assert (ledger.rows[0].status, ledger.rows[0].reason) == ("failed", "no database")
    assert caught.value.layer == "database"


def test_cancelled_layer_has_not_failed(lab: Lab) -> None:
    class Slow(Database):
        def install(self) -> None:
            wait_until(poll(lambda: False), bool, 60, "nothing", journal=lab.journal)

    ledger = Ledger()
    with run_in_background(lambda: ensure(Slow("no database"), lab, ledger, installs=True)):
        wait_until(poll(lambda: ledger.rows), bool, 5, "the layer to start", journal=Journal())
    assert [row.status for row in ledger.rows] == ["cancelled"]


def test_journal_assigns_entries_to_the_layer(lab: Lab) -> None:
    class Recorded(Database):
        def problem(self) -> str | None:
            with lab.journal.record("program", "inspect"):
                return super().problem()

        def install(self) -> None:
            with lab.journal.record("program", "install"):
                super().install()

    ensure(Recorded("no database"), lab, Ledger(), installs=True)
    with lab.journal.record("program", "verify"):
        pass
    assert [(entry.text, entry.layer) for entry in lab.journal.entries] == [
        ("inspect", "database"),
        ("install", "database"),
        ("verify", ""),
    ]
