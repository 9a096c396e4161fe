"""lab/beside.py: work in a thread of its own, which is ended when nobody wants it any more."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psutil
import pytest

from lab.beside import UnwantedError, beside, go_on
from lab.errors import LabError
from lab.layers import Ledger, standing
from lab.terminal import Terminal
from lab.waiting import polling, wait_until

LONG = 60
SOON = 5
"""Seconds within which work that is not wanted must have ended; none of it would end in that time by itself."""


def test_it_goes_on_meanwhile_and_gives_what_it_made() -> None:
    go = threading.Event()

    def make() -> str:
        assert go.wait(SOON)
        return "made"

    with beside(make) as work:
        go.set()
        assert work.result() == "made"


def test_what_it_raises_is_raised_where_its_result_is_wanted() -> None:
    def fail() -> None:
        raise LabError("it cannot be had")

    with beside(fail) as work, pytest.raises(LabError, match="it cannot be had"):
        work.result()


def test_a_program_is_ended_with_it(tmp_path: Path) -> None:
    began = tmp_path / "pid"
    program = ("sh", "-c", f"echo $$ > {began}; exec sleep {LONG}")
    begin = time.monotonic()
    with beside(lambda: Terminal().run(*program)) as work:
        wait_until(polling(began.exists), bool, SOON, "the program runs")
    assert time.monotonic() - begin < SOON
    assert not psutil.pid_exists(int(began.read_text()))
    with pytest.raises(UnwantedError):
        work.result()


def test_a_program_is_not_begun_any_more(tmp_path: Path) -> None:
    stopping, ran = threading.Event(), tmp_path / "ran"

    def run() -> None:
        assert stopping.wait(SOON)
        Terminal().run("sh", "-c", f"sleep 1; touch {ran}")

    with beside(run) as work:
        threading.Timer(0.1, stopping.set).start()  # when stop() has been called below
    with pytest.raises(UnwantedError):
        work.result()
    assert not ran.exists()


def test_a_wait_is_ended_with_it() -> None:
    waiting = threading.Event()

    def look() -> bool:
        waiting.set()
        return False

    begin = time.monotonic()
    with beside(lambda: wait_until(polling(look), bool, LONG, "it is never so")) as work:
        assert waiting.wait(SOON)
    assert time.monotonic() - begin < SOON
    with pytest.raises(UnwantedError):
        work.result()


def test_a_layer_that_is_not_wanted_any_more_is_given_up_and_did_not_fail() -> None:
    class Slow:
        name = "slow"

        def wrong(self) -> str:
            return "it is not there"

        def install(self) -> None:
            wait_until(polling(lambda: False), bool, LONG, "it is never so")

    ledger = Ledger()

    def stand() -> None:
        with standing(Slow(), True, ledger):
            pass

    with beside(stand):
        wait_until(polling(lambda: ledger.rows), bool, SOON, "it is begun")
    assert [row.outcome for row in ledger.rows] == ["given up"]


def test_elsewhere_nothing_is_unwanted() -> None:
    go_on()
