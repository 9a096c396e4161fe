"""`python -m tests.interruption KIT`: interrupts runs at random moments, and expects green runs and a clean machine.

In the environment: N, how many of the rows; SEED, that of an earlier run, for its rows and moments. It takes a mount
namespace and a file system of its own, so that the disk can be full for the lab alone. The runs' output is kept in
reports/interruption.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from lab import folders, record
from lab.errors import LabError
from lab.lock import held
from tests.conftest import REPOSITORY
from tests.interruption.machine import Machine, mount
from tests.interruption.rows import ROWS, Row
from tests.interruption.runs import Run, interrupt

REPORTS = REPOSITORY / "reports/interruption"
DISK = 24 * 1024**3
SUBNETS = {
    name: tuple(
        f"--{option}={value}"
        for option, value in (
            ("name", name),
            ("subnet", f"172.{number}.0.0/24"),
            ("gateway", f"172.{number}.0.1"),
            ("pool", f"172.{number}.0.10-172.{number}.0.15"),
            ("ingress-address", f"172.{number}.0.13"),
        )
    )
    for name, number in (("one", 21), ("two", 22))
}
"""The options of two labs that are there at the same time."""
CHAPTERS = ("-m", "network or cluster or metallb or ingress")
say = Console(highlight=False, soft_wrap=True, markup=False).print


def main(kit: Path) -> int:
    """Goes through the rows, and gives the exit status."""
    if "INTERRUPTION" not in os.environ:
        inside = {**os.environ, "INTERRUPTION": "inside"}
        command = ["unshare", "--mount", sys.executable, "-m", "tests.interruption", str(kit)]
        return subprocess.run(command, env=inside, check=False).returncode
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which runs would not hear, had a script begun this
    seed = os.environ.get("SEED") or str(random.SystemRandom().randrange(10**6))
    chosen = random.Random(seed)
    rows = chosen.sample(ROWS, min(int(os.environ.get("N") or len(ROWS)), len(ROWS)))
    moments = [chosen.uniform(0, row.stage.seconds) for row in rows]
    say(f"SEED={seed}, {len(rows)} of {len(ROWS)} rows")
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    failed = 0
    with ExitStack() as cleanup:
        workplace = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="interruption-"))
        disk = Path(workplace, "disk")
        mount(Path(workplace, "image"), DISK, disk)
        cleanup.callback(lambda: subprocess.run(["umount", "--lazy", disk], check=True))
        os.environ.update(XDG_CACHE_HOME=str(disk), TMPDIR=workplace)
        shutil.copytree(kit, folders.cache() / "kit", symlinks=True)
        machine = Machine(disk)
        for number, (row, moment) in enumerate(zip(rows, moments, strict=True), 1):
            failed += not _goes_on(number, row, moment, machine, disk)
        failed += not _told("two labs at once", lambda: two_labs(machine))
    say(f"{failed} failed" if failed else "all went on")
    return int(failed > 0)


def _goes_on(number: int, row: Row, moment: float, machine: Machine, disk: Path) -> bool:
    kept = " of a run with --keep-lab" if row.keep else ""
    what = f"{number:2} {row.deed} {moment:.1f} s into {row.stage.name}{kept}"
    return _told(what, lambda: goes_on(number, row, moment, machine, disk))


def _told(what: str, check: Callable[[], str]) -> bool:
    """Tells how a check went."""
    try:
        say(f"{what}: {check()}")
    except (AssertionError, LabError) as error:
        say(f"{what}: FAILED\n{error}")
        for name in ("", *SUBNETS):
            down(name)
        return False
    return True


def goes_on(number: int, row: Row, moment: float, machine: Machine, disk: Path) -> str:
    """Interrupts a run; a green run and a clean machine must follow, every second time by way of a removal.

    Returns how it went. Raises AssertionError where it did not.
    """
    first = Run(REPORTS / f"{number:02}-interrupted.log", *(["--keep-lab"] if row.keep else []))
    first.wait_until_it_says(row.stage.after)
    first.goes_on_for(moment)
    status = interrupt(first, row.deed, disk)
    told = f"interrupted after {first.seconds():.0f} s with {status}"
    told += "" if status else ", when it had ended already"
    if row.deed == "disk full":
        assert "no space left" in first.said, f"{told}: it did not say that the disk is full"
    if number % 2:
        down()
        clean(machine, "after the interrupted run's removal")
        told += ", removed, machine clean"
    next_run = Run(REPORTS / f"{number:02}-next.log")
    status = next_run.exit_status()
    assert not status, f"{told}; the next run ended with {status}"
    told += f", next run green in {next_run.seconds():.0f} s"
    if record.load():  # what was to be kept is kept by the next run, too
        down()
    clean(machine, "after the green run")
    return f"{told}, machine clean"


def two_labs(machine: Machine) -> str:
    """Two labs are built at the same time; one is removed, and the other one does not notice.

    Returns how it went. Raises AssertionError where they met.
    """
    runs = {
        name: Run(REPORTS / f"lab-{name}.log", "--keep-lab", *CHAPTERS, *options) for name, options in SUBNETS.items()
    }
    ended = {name: run.exit_status() for name, run in runs.items()}
    assert not any(ended.values()), f"the runs ended with {ended}"
    down("one")
    status = Run(REPORTS / "lab-two-alone.log", "--verify-only", *CHAPTERS, *SUBNETS["two"]).exit_status()
    assert not status, f"after one was removed, the other one's verification ended with {status}"
    down("two")
    clean(machine, "after both were removed")
    return f"both green in {max(run.seconds() for run in runs.values()):.0f} s, each removed by itself, machine clean"


def down(name: str = "") -> None:
    """Removes a lab as a person does."""
    command = [sys.executable, "-m", "lab", f"--name={name}", "down"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert not done.returncode, f"`python -m lab down` failed: {done.stdout}{done.stderr}"


def clean(machine: Machine, when: str) -> None:
    """Raises AssertionError when something of a lab is left on the machine."""
    with held():  # nobody is at it
        left = machine.left()
    assert not left, f"{when} there are left: " + "; ".join(left)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
