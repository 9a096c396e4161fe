"""`python -m tools.interruption KIT`: interrupts runs at random moments, and checks that later runs succeed.

After each interruption, the next run must be green, and nothing of a lab may be left on the machine.

Environment variables: N is the number of rows; SEED is the seed of an earlier run, for the same rows and moments. The
process runs in a mount namespace and on a file system of its own, so that it can fill the disk of the lab only. The
output of the runs is in reports/interruption.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from lab.context import RunContext
from lab.errors import LabError
from lab.host.lock import hold_lab
from lab.run import state
from tools import REPORTS, REPOSITORY
from tools.interruption.machine import Machine, mount_disk
from tools.interruption.rows import ROWS, Row
from tools.interruption.runs import Run

LOGS = REPORTS / "interruption"
DISK_SIZE = 24 * 1024**3
INSIDE_VARIABLE = "INTERRUPTION"
"""Set in the process that has a mount namespace of its own."""
SUBNETS = {name: (f"--name={name}", f"--subnet=172.{number}.0.0/24") for name, number in (("one", 21), ("two", 22))}
"""The options of two labs that exist at the same time, by the name of the lab."""
CHAPTERS = ("-m", "network or cluster or metallb or ingress")
DOWN_TIMEOUT = 600
print_line = Console(highlight=False, soft_wrap=True, markup=False).print


def main(kit: Path, environment: Mapping[str, str]) -> int:
    """Interrupt runs, and return the exit status: 0 if every later run succeeded.

    Args:
        kit: The directory of a complete kit.
        environment: The environment variables of this process.
    """
    if INSIDE_VARIABLE not in environment:
        command = ["unshare", "--mount", sys.executable, "-m", "tools.interruption", str(kit)]
        return subprocess.run(command, env={**environment, INSIDE_VARIABLE: "inside"}, check=False).returncode
    # A script may have started this process with SIGINT ignored, and the runs would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    seed = environment.get("SEED") or str(random.SystemRandom().randrange(10**6))
    choice = random.Random(seed)  # noqa: S311 (the choice must be repeatable)
    rows = choice.sample(ROWS, min(int(environment.get("N") or len(ROWS)), len(ROWS)))
    moments = [choice.uniform(0, row.stage.seconds) for row in rows]
    print_line(f"SEED={seed}, {len(rows)} of {len(ROWS)} rows")
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    with ExitStack() as cleanup:
        directory = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="interruption-"))
        disk = Path(directory, "disk")
        mount_disk(Path(directory, "image"), DISK_SIZE, disk)
        cleanup.callback(lambda: subprocess.run(["umount", "--lazy", disk], check=True))
        context = RunContext.create({}, {**environment, "XDG_CACHE_HOME": str(disk), "TMPDIR": directory})
        shutil.copytree(kit, context.paths.kit, symlinks=True)
        test = InterruptionTest(context, disk)
        numbered_rows = enumerate(zip(rows, moments, strict=True), 1)
        results = [test.try_row(number, row, moment) for number, (row, moment) in numbered_rows]
        results.append(test.try_two_labs())
    failed = results.count(False)
    print_line(f"{failed} failed" if failed else "all succeeded")
    return int(failed > 0)


class InterruptionTest:
    """Interrupts runs of labs on one file system.

    Args:
        context: The context; its environment selects the cache on that file system.
        disk: The mount point of the file system.
    """

    def __init__(self, context: RunContext, disk: Path) -> None:
        self._context, self._disk = context, disk
        self._machine = Machine(disk, context.paths)

    def try_row(self, number: int, row: Row, moment: float) -> bool:
        """Try one row of the table, print the result, and return whether it succeeded.

        Args:
            number: The number of the row in this test.
            row: The row.
            moment: The moment of the interruption, in seconds after the stage has begun.
        """
        kept = " of a run with --keep-lab" if row.keep else ""
        title = f"{number:2} {row.interruption} {moment:.1f} s into {row.stage.name}{kept}"
        return self._report(title, lambda: self._interrupt_and_run_again(number, row, moment))

    def try_two_labs(self) -> bool:
        """Try two labs at the same time, print the result, and return whether it succeeded."""
        return self._report("two labs at the same time", self._run_two_labs)

    def _report(self, title: str, check: Callable[[], str]) -> bool:
        """Run a check, print its result, and return whether it succeeded; remove all labs if it failed."""
        try:
            print_line(f"{title}: {check()}")
        except (AssertionError, LabError) as error:
            print_line(f"{title}: FAILED\n{error}")
            for name in ("", *SUBNETS):
                self._remove_lab(name)
            return False
        return True

    def _interrupt_and_run_again(self, number: int, row: Row, moment: float) -> str:
        """Interrupt a run, and check that the next run is green and leaves nothing; see try_row.

        Every second time, the lab is removed before the next run.

        Returns:
            A description of the result.

        Raises:
            AssertionError: If a check fails.
            LabError: If a run or a removal does not end as expected.
        """
        options = ("--keep-lab",) if row.keep else ()
        interrupted = Run(self._context, LOGS / f"{number:02}-interrupted.log", *options)
        interrupted.wait_for_output(row.stage.marker)
        interrupted.wait(moment)
        status = interrupted.interrupt(row.interruption, self._disk)
        result = f"interrupted after {interrupted.seconds:.0f} s, exit status {status}"
        if not status:
            result += " (it had ended before)"
        if row.interruption == "disk full":
            assert "no space left" in interrupted.output, f"{result}: the error does not report the full disk"
        if number % 2:
            self._remove_lab()
            self._check_leftovers("after the lab of the interrupted run was removed")
            result += ", removed, machine clean"
        next_run = Run(self._context, LOGS / f"{number:02}-next.log")
        status = next_run.wait_for_end()
        assert not status, f"{result}; the next run ended with exit status {status}"
        result += f", next run green in {next_run.seconds:.0f} s"
        if state.load(self._context.paths):  # a lab that an interrupted run was to keep is kept by the next run, too
            self._remove_lab()
        self._check_leftovers("after the green run")
        return f"{result}, machine clean"

    def _run_two_labs(self) -> str:
        """Build two labs at the same time, and check that removing one does not affect the other.

        Returns:
            A description of the result.

        Raises:
            AssertionError: If a check fails.
            LabError: If a removal fails.
        """
        runs = {
            name: Run(self._context, LOGS / f"lab-{name}.log", "--keep-lab", *CHAPTERS, *options)
            for name, options in SUBNETS.items()
        }
        statuses = {name: run.wait_for_end() for name, run in runs.items()}
        assert not any(statuses.values()), f"the exit statuses of the runs are {statuses}"
        self._remove_lab("one")
        verification = Run(self._context, LOGS / "lab-two-alone.log", "--verify-only", *CHAPTERS, *SUBNETS["two"])
        status = verification.wait_for_end()
        assert not status, f"after lab one was removed, the verification of lab two ended with exit status {status}"
        self._remove_lab("two")
        self._check_leftovers("after both labs were removed")
        return f"both green in {max(run.seconds for run in runs.values()):.0f} s, each removed by itself, machine clean"

    def _remove_lab(self, name: str = "") -> None:
        """Remove a lab as a user does.

        Raises:
            ProgramError: If the removal fails.
        """
        shell = self._context.create_shell(directory=REPOSITORY)
        shell.run(sys.executable, "-m", "lab", f"--name={name}", "down", timeout=DOWN_TIMEOUT)

    def _check_leftovers(self, when: str) -> None:
        """Check that nothing of a lab is left on the machine.

        Raises:
            AssertionError: If something is left.
            LabError: If a run still uses the lab.
        """
        with hold_lab(self._context.paths):
            leftovers = self._machine.list_leftovers()
        assert not leftovers, f"{when} these are left: " + "; ".join(leftovers)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), os.environ))
