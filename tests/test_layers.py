"""lab/layers.py: a layer is looked at before it is acted on, and entered into the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from lab import releases, settings, source
from lab.errors import LabError
from lab.layers import Ledger, standing
from lab.record import Record
from lab.site import Site


@dataclass
class Lamp:
    """A layer that notes what is done to it."""

    fault: str | None = None
    repairable: bool = True
    done: list[str] = field(default_factory=list)
    name: str = "lamp"

    def wrong(self) -> str | None:
        self.done.append("looked at")
        return self.fault

    def install(self) -> None:
        self.done.append("installed")
        if not self.repairable:
            raise LabError("the lamp cannot be had")
        self.fault = None


def site(*, verify_only: bool = False) -> Site:
    """Where the lamp stands."""
    given = settings.load({"verify_only": verify_only})
    return Site(given, source.of_the_internet(releases.load("1.7")), Record(kind="k3d"))


def test_a_layer_that_is_right_is_found_and_not_touched() -> None:
    ledger, lamp = Ledger(), Lamp()
    with standing(lamp, site(), ledger) as standing_lamp:
        assert standing_lamp is lamp
        assert lamp.done == ["looked at"]
    [row] = ledger.rows
    assert (row.layer, row.outcome, row.reason) == ("lamp", "found", "")


def test_a_layer_that_is_not_right_is_installed_and_the_ledger_says_why() -> None:
    ledger, lamp = Ledger(), Lamp("no lamp")
    with standing(lamp, site(), ledger):
        assert lamp.done == ["looked at", "installed"]
    [row] = ledger.rows
    assert (row.outcome, row.reason) == ("installed", "no lamp")
    assert row.seconds >= 0


def test_with_verify_only_nothing_is_installed_and_the_layer_is_given_as_it_is() -> None:
    ledger, lamp = Ledger(), Lamp("no lamp")
    with standing(lamp, site(verify_only=True), ledger):
        assert lamp.done == ["looked at"]
    assert (ledger.rows[0].outcome, ledger.rows[0].reason) == ("not right", "no lamp")


def test_a_layer_that_cannot_be_installed_is_in_the_ledger_all_the_same() -> None:
    ledger = Ledger()
    with pytest.raises(LabError, match="cannot be had"), standing(Lamp("no lamp", repairable=False), site(), ledger):
        pytest.fail("it does not stand")
    assert (ledger.rows[0].outcome, ledger.rows[0].reason) == ("failed", "no lamp")


def test_a_failure_above_a_layer_is_not_the_layer_s() -> None:
    ledger = Ledger()
    with pytest.raises(ZeroDivisionError), standing(Lamp(), site(), ledger):
        raise ZeroDivisionError
    assert [row.outcome for row in ledger.rows] == ["found"]


def test_the_ledger_has_the_layers_in_their_order() -> None:
    ledger = Ledger()
    with standing(Lamp(name="lamp"), site(), ledger), standing(Lamp(name="shade"), site(), ledger):
        assert [row.layer for row in ledger.rows] == ["lamp", "shade"]
