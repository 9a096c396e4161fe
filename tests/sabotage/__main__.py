"""`python -m tests.sabotage`: breaks a lab, one thing at a time, and expects the suite to notice."""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from lab import lock, record
from lab.errors import LabError
from lab.kube import Kube
from lab.namespace import inside_network_of
from lab.record import Record
from lab.settings import Settings
from lab.terminal import Terminal
from lab.waiting import polling, wait_until
from pages import run as runs
from tests.sabotage.outcome import Outcome, missed, of_run
from tests.sabotage.seeing import wait_for, wait_until_whole
from tests.sabotage.steps import Ground
from tests.sabotage.table import SABOTAGES, Sabotage

REPOSITORY = Path(__file__).parents[2]
REPORTS = REPOSITORY / "reports"
LATEST = REPORTS / "latest"
"""The reports of the last run that was not refused."""
LOGS = REPORTS / "sabotage"
"""What each run of the features printed."""
RUN_TIMEOUT, LAB_TIMEOUT = 300, 3600
"""Seconds for one run of the features, and for a lab to be made, for which the kit may have to be built."""
TO_FIRST_FAILURE = ("--verify-only", "--maxfail=1", "-m", "not changes")
"""How the features are run on what is broken: what changes Kubeflow applies manifests, and would heal it.

A sabotage that only such a scenario notices has a -m of its own, which takes the place of this one.
"""
INTERRUPTED = 2
"""The exit status of a run that was interrupted, as pytest has it."""
END_TIMEOUT = 180
"""Seconds for a run that is interrupted to take back what it has changed."""
WORDS_SHOWN = 160


@dataclass(frozen=True)
class Row:
    """What became of one sabotage, or of a run of an unbroken lab.

    Arguments:
        name: the sabotage's, or of the run.
        caught: whether the suite did as it must.
        by: the scenario that failed first, by pytest's name; empty if none did.
        seconds: how long the run took, to its first failure if there was one.
        words: what the failure said.
        wrong: why it does not count, in words; empty when it does.
    """

    name: str
    caught: bool
    by: str
    seconds: float
    words: str
    wrong: str


def main(arguments: list[str]) -> int:
    """Tries the sabotages that were asked for; the exit status is 0 when all were caught, and the lab is green."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.sabotage", description="Breaks a lab; the suite must notice."
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--only", choices=[one.name for one in SABOTAGES], help="one sabotage")
    which.add_argument("--part", type=part, default=SABOTAGES, metavar="K/N", help="the Kth part of N")
    which.add_argument("--clean-runs", type=int, metavar="N", help="no sabotage, but N runs, which must be green")
    given = parser.parse_args(arguments)
    sabotages = [one for one in SABOTAGES if one.name == given.only] if given.only else given.part
    for number in (signal.SIGINT, signal.SIGTERM):  # what is broken is put back, also then
        signal.signal(number, signal.default_int_handler)
    LOGS.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    try:
        with _lab() as there:
            first = there.first_process
            with inside_network_of(first.pid) if first else nullcontext():
                if given.clean_runs:
                    _clean_runs(given.clean_runs, rows)
                else:
                    _sabotages(sabotages, _ground(there), rows)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; what was broken is put back", file=sys.stderr)
        return INTERRUPTED
    finally:
        _report(rows)
    return 0 if all(row.caught for row in rows) else 1


def part(text: str) -> Sequence[Sabotage]:
    """The sabotages of a part, as in 1/3: every third one, so that each part has some of all chapters.

    Raises ValueError when there is no such part.
    """
    number, count = map(int, text.split("/"))
    if not 1 <= number <= count:
        raise ValueError(f"there is no part {text}")
    return SABOTAGES[number - 1 :: count]


@contextmanager
def _lab() -> Iterator[Record]:
    """The lab that was kept; or one that is made now, and removed in the end."""
    if there := record.load():
        yield there
        return
    print(f"there is no lab, one is made; {LOGS / 'lab.log'} tells how it goes", flush=True)
    try:
        outcome = _run("lab", "--keep-lab", timeout=LAB_TIMEOUT)
        there = record.load()
        if not there or not outcome.is_green:
            raise LabError("there is no lab that could be broken", seen=f"{outcome}", remedy="`make lab` must be green")
        yield there
    finally:
        with lock.held():
            if there := record.load():
                there.remove()


def _ground(there: Record) -> Ground:
    kubeconfig = Path(there.environment["KUBECONFIG"])
    return Ground(there.terminal, Kube(kubeconfig), Settings())


def _sabotages(sabotages: Sequence[Sabotage], ground: Ground, rows: list[Row]) -> None:
    """Tries one after another, and in the end runs the features on the whole lab once more.

    Raises LabError when what is broken cannot be put back: what follows would say nothing.
    """
    for sabotage in sabotages:
        rows.append(_tried(sabotage, ground))
        _tell(rows[-1])
    _clean_runs(1, rows)


def _clean_runs(count: int, rows: list[Row]) -> None:
    for number in range(1, count + 1):
        outcome = _run(f"clean-{number}", "--verify-only")
        wrong = "" if outcome.is_green else "a lab in which nothing is broken is not green"
        rows.append(_row(f"nothing is broken, run {number}", outcome, wrong))
        _tell(rows[-1])


def _tried(sabotage: Sabotage, ground: Ground) -> Row:
    with ExitStack() as broken:
        broken.callback(wait_until_whole, ground)
        for step in sabotage.steps:
            broken.enter_context(step(ground))
        if sabotage.seen:
            wait_for(sabotage.seen, ground)
        outcome = _run(sabotage.name, *TO_FIRST_FAILURE, *sabotage.options)
    wrong = missed(sabotage, outcome)
    if outcome.failed and (test := outcome.failed[0].test):
        again = _run(f"{sabotage.name}-restored", "--verify-only", test)
        if not again.is_green:
            wrong = wrong or f"it is not green when all is put back: {again.failed}"
    return _row(sabotage.name, outcome, wrong)


def _row(name: str, outcome: Outcome, wrong: str) -> Row:
    first = outcome.failed[0] if outcome.failed else None
    words, by = (first.words, first.test) if first else (f"{outcome.green} scenarios are green", "")
    return Row(name, not wrong, by, round(outcome.seconds, 1), words, wrong)


def _run(name: str, *options: str, timeout: float = RUN_TIMEOUT) -> Outcome:
    """Runs the features, as a person does, in a process of their own.

    It is ended as by Ctrl-C when this one is: what its scenarios have changed must be taken back first.
    """
    begin, before = time.monotonic(), LATEST.resolve()
    process = Terminal(directory=REPOSITORY).start(
        *(sys.executable, "-m", "pytest", *options), log_file=LOGS / f"{name}.log"
    )
    try:
        wait_until(
            polling(process.poll),
            satisfied=lambda status: status is not None,
            show=lambda _: "it still runs",
            timeout=timeout,
            what=f"the features have run ({name})",
            remedy=f"{LOGS / name}.log has what it printed",
        )
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(END_TIMEOUT)
    return of_run(runs.load(LATEST) if LATEST.resolve() != before else None, time.monotonic() - begin)


def _tell(row: Row) -> None:
    print(f"{row.name}: {row.wrong or 'as it must be'}, {row.by}, {row.seconds:.1f} s", flush=True)


def _report(rows: Sequence[Row]) -> None:
    """Prints the table, and below it what is not as it must be; writes reports/sabotage.json."""
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 160)
    table = Table("sabotage", "caught", "by", "seconds", "words", box=box.SIMPLE_HEAD, title="Sabotage")
    for row in rows:
        words = textwrap.shorten(row.words, WORDS_SHOWN, placeholder="…")
        caught = "yes" if row.caught else "no"
        table.add_row(row.name, caught, row.by.removeprefix("steps/"), f"{row.seconds:.1f}", words)
    console.print(table)
    for row in rows:
        if not row.caught:
            print(f"{row.name} is not as it must be: {row.wrong}; seen, by {row.by or 'no scenario'}: {row.words}")
    (REPORTS / "sabotage.json").write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=1))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
