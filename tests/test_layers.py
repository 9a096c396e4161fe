"""lab/layers.py: a layer is looked at before it is acted on, and entered into the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from lab import layers
from lab.errors import LabError
from lab.journal import Journal
from lab.layers import Ledger, coming, standing


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


def test_a_layer_that_is_right_is_found_and_not_touched() -> None:
    ledger, lamp = Ledger(), Lamp()
    with standing(lamp, True, ledger) as standing_lamp:
        assert standing_lamp is lamp
        assert lamp.done == ["looked at"]
    [row] = ledger.rows
    assert (row.layer, row.outcome, row.reason) == ("lamp", "found", "")


def test_a_layer_that_is_not_right_is_installed_and_the_ledger_says_why() -> None:
    ledger, lamp = Ledger(), Lamp("no lamp")
    with standing(lamp, True, ledger):
        assert lamp.done == ["looked at", "installed"]
    [row] = ledger.rows
    assert (row.outcome, row.reason) == ("installed", "no lamp")
    assert row.seconds >= 0


def test_where_nothing_is_to_be_installed_the_layer_is_given_as_it_is() -> None:
    ledger, lamp = Ledger(), Lamp("no lamp")
    with standing(lamp, False, ledger):
        assert lamp.done == ["looked at"]
    assert (ledger.rows[0].outcome, ledger.rows[0].reason) == ("not right", "no lamp")


def test_a_layer_that_cannot_be_installed_is_in_the_ledger_all_the_same() -> None:
    ledger = Ledger()
    lamp = Lamp("no lamp", repairable=False)
    with pytest.raises(LabError, match="cannot be had") as caught, standing(lamp, True, ledger):
        pytest.fail("it does not stand")
    assert (ledger.rows[0].outcome, ledger.rows[0].reason) == ("failed", "no lamp")
    assert caught.value.layer == "lamp"


def test_a_failure_above_a_layer_is_not_the_layer_s() -> None:
    ledger = Ledger()
    with pytest.raises(ZeroDivisionError), standing(Lamp(), True, ledger):
        raise ZeroDivisionError
    assert [row.outcome for row in ledger.rows] == ["found"]


def test_the_ledger_has_the_layers_in_their_order() -> None:
    ledger = Ledger()
    with standing(Lamp(name="lamp"), True, ledger), standing(Lamp(name="shade"), True, ledger):
        assert [row.layer for row in ledger.rows] == ["lamp", "shade"]


def test_what_is_run_for_a_layer_is_noted_as_its_and_what_is_run_over_it_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journal = Journal()
    monkeypatch.setattr(layers, "JOURNAL", journal)

    class Lit(Lamp):
        def wrong(self) -> str | None:
            with journal.entry("program", "look"):
                return super().wrong()

        def install(self) -> None:
            with journal.entry("program", "light"):
                super().install()

    with standing(Lit("no lamp"), True, Ledger()), journal.entry("program", "read"):
        pass
    assert [(entry.what, entry.layer) for entry in journal.entries] == [
        ("look", "lamp"),
        ("light", "lamp"),
        ("read", ""),
    ]


class TestComing:
    """Layers on their way."""

    def test_one_begins_when_what_it_stands_on_is_there(self) -> None:
        ledger, lamp, shade = Ledger(), Lamp("no lamp", name="lamp"), Lamp(name="shade")

        def made() -> Lamp:
            assert below.result().done == ["looked at", "installed"]
            return shade

        with coming(lambda: lamp, True, ledger) as below, coming(made, True, ledger) as above:
            assert above.result() is shade
        assert [(row.layer, row.outcome) for row in ledger.rows] == [("lamp", "installed"), ("shade", "found")]

    def test_what_kept_the_one_below_from_coming_is_told_of_that_layer(self) -> None:
        ledger, lamp, shade = Ledger(), Lamp("no lamp", repairable=False, name="lamp"), Lamp(name="shade")

        def made() -> Lamp:
            below.result()
            return shade

        with coming(lambda: lamp, True, ledger) as below, coming(made, True, ledger) as above:
            with pytest.raises(LabError, match="cannot be had") as caught:
                above.result()
            above.wait()
        assert (caught.value.layer, shade.done) == ("lamp", [])

    def test_one_that_waits_for_another_in_the_middle_leaves_it_its_name(self) -> None:
        ledger = Ledger()

        class Shade(Lamp):
            def install(self) -> None:
                below.result()

        lamp, shade = Lamp("no lamp", repairable=False, name="lamp"), Shade("no shade", name="shade")
        with (
            coming(lambda: lamp, True, ledger) as below,
            coming(lambda: shade, True, ledger) as above,
            pytest.raises(LabError) as caught,
        ):
            above.result()
        assert caught.value.layer == "lamp"
