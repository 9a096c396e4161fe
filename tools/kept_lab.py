"""Experiments on a kept lab: changes that are always reverted, and the exit status of the program."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from lab.config.exit_status import ExitStatus
from lab.config.paths import Paths
from lab.context import Lab, RunContext
from lab.errors import LabError
from lab.host.lock import hold_lab
from lab.host.netns import enter_network_namespace
from lab.run import state
from tools.features import run_features
from tools.observations import Condition, find_problems, wait_for, wait_until_intact
from tools.steps import Step

LAB_TIMEOUT = 3600
"""Seconds for the installation of a lab, for which the kit may have to be built."""
CHANGE_TIMEOUT = 1800
"""Seconds to wait for another tool that changes the lab; longer than a sabotage or a variant may take."""


class NotAppliedError(LabError):
    """A change to the lab could not be made, or has had no effect; it was reverted."""


def run_on_lab(experiment: Callable[[Lab], None], logs: Path) -> ExitStatus:
    """Run an experiment in the network of the kept lab; or install a lab for it, and remove that at the end.

    Args:
        experiment: Changes the lab and runs the features.
        logs: The directory for the output of the runs of the features.

    Returns:
        PASSED if the experiment has ended, whatever its results; otherwise the exit status for the reason, which is
        printed.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt_once)
    logs.mkdir(parents=True, exist_ok=True)
    try:
        context = RunContext.create({})
    except LabError as error:
        print(error, file=sys.stderr)
        return ExitStatus.USAGE_ERROR
    try:
        with _open_lab(context, logs) as lab:
            first = lab.state.first_process
            with enter_network_namespace(first.pid) if first else nullcontext():
                experiment(lab)
    except LabError as error:
        print(context.render_commands(str(error)), file=sys.stderr)
        return ExitStatus.FAILED
    except KeyboardInterrupt:
        print("interrupted; the change to the lab was reverted", file=sys.stderr)
        return ExitStatus.INTERRUPTED
    return ExitStatus.PASSED


def interrupt_once(_number: int, _frame: FrameType | None) -> None:
    """Handle the first signal as an interrupt; ignore later ones, since the change to the lab is being reverted.

    Raises:
        KeyboardInterrupt: Always.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _ignore)  # SIG_IGN would be inherited by the programs that revert the change
    print("interrupted; the change to the lab is being reverted", file=sys.stderr, flush=True)
    raise KeyboardInterrupt


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Ignore a signal."""


@contextmanager
def hold_changes(paths: Paths, timeout: float = CHANGE_TIMEOUT) -> Iterator[None]:
    """Hold the lock for changes to the lab during the block; the kernel frees it if the process is killed.

    Two tools that change the same object in parallel would restore the change of the other one. The lock of the lab
    itself must stay free for the runs of the features.

    Args:
        paths: The directories of the lab.
        timeout: Seconds to wait while another tool holds it.

    Raises:
        LabError: If the time is up.
    """
    lock = FileLock(paths.cache / f"{paths.lab_id}.changes.lock", timeout=timeout)
    try:
        lock.acquire()
    except Timeout:
        raise LabError(
            f"timed out after {timeout:g} s waiting for: another tool that changes the lab to end",
            seen=f"{lock.lock_file} is locked",
            remedy=f"end the process that `fuser -v {lock.lock_file}` shows with Ctrl-C where it runs",
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def change_lab(steps: Sequence[Step], effect: Condition | None, lab: Lab) -> Iterator[None]:
    """Change a lab during the block; at its end, revert everything, and wait until the lab is intact again.

    What is not intact before, such as a broken workload of another user, is not awaited.

    Args:
        steps: The steps, which are reverted in the opposite order.
        effect: The condition to wait for before the block; None if the steps have an immediate effect.
        lab: The lab.

    Raises:
        NotAppliedError: If a step fails, or has no effect.
        LabError: If the lab is not intact again, so that later results would be meaningless.
    """
    with hold_changes(lab.paths):
        known_problems = find_problems(lab)
        try:
            with apply_steps(steps, effect, lab):
                yield
        finally:
            wait_until_intact(lab, known_problems)


@contextmanager
def apply_steps(steps: Sequence[Step], effect: Condition | None, lab: Lab) -> Iterator[None]:
    """Apply steps during the block; revert all of them at its end, also after an error or an interrupt.

    Args:
        steps: The steps, which are reverted in the opposite order.
        effect: The condition to wait for before the block; None if the steps have an immediate effect.
        lab: The lab.

    Raises:
        NotAppliedError: If a step fails, or has no effect.
        LabError: If a step cannot be reverted.
    """
    with ExitStack() as stack:
        try:
            for step in steps:
                stack.enter_context(step(lab))
            if effect:
                wait_for(effect, lab)
        except LabError as error:
            raise NotAppliedError(f"it could not be applied: {error.headline}", seen=error.seen) from error
        yield


@contextmanager
def _open_lab(context: RunContext, logs: Path) -> Iterator[Lab]:
    """Open the kept lab; or install a lab, and remove it at the end.

    Raises:
        LabError: If the lab cannot be installed.
    """
    if kept := state.load(context.paths):
        yield Lab.from_context(context, kept)
        return
    log_file = logs / "lab.log"
    print(f"there is no lab, one is being installed; see {log_file}", flush=True)
    try:
        outcome = run_features(log_file, context, "--keep-lab", timeout=LAB_TIMEOUT)
        installed = state.load(context.paths)
        if not installed or not outcome.is_green:
            raise LabError("there is no lab to change", seen=f"{outcome}", remedy="correct what `make lab` reports")
        yield Lab.from_context(context, installed)
    finally:
        with hold_lab(context.paths):
            if left := state.load(context.paths):
                left.remove(context.paths, context.create_shell(left.environment))
