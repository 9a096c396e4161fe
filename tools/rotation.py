"""`python -m tools.rotation`: rehearses one release besides the tutorial's in CI, another one with each commit.

A rehearsal needs upstream's manifests, which CI may lack, and a kit, which takes long to build. Without them, or
without the time for them, one line says why nothing was rehearsed, and the exit status is 0.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from embedded import kits
from embedded.kit import is_built
from embedded.upstream import find_tree
from lab import releases
from lab.config.exit_status import ExitStatus
from lab.config.locations import is_archive
from lab.config.settings import Settings
from lab.context import RunContext
from lab.errors import LabError, ProgramTimeoutError
from lab.layers.git_hosts import list_refs
from lab.releases import Release
from tools import REPORTS, REPOSITORY
from tools.features import run_features

REHEARSAL_SECONDS, KIT_SECONDS = 6 * 60, 20 * 60
"""The times that a rehearsal and the build of a release's kit take at most, on two cores."""


class NotRehearsedError(LabError):
    """A release is not rehearsed for a reason that is no fault of the project."""


def main(arguments: Sequence[str]) -> int:
    """Rehearse the release of this commit, and return the exit status: 0 also if it could not be rehearsed."""
    parser = argparse.ArgumentParser(prog="python -m tools.rotation", description="Rehearses one release.")
    parser.add_argument("--number", type=int, required=True, help="the number of the commit, which selects the release")
    parser.add_argument("--seconds-left", type=float, required=True, help="the time for the kit and the rehearsal")
    parser.add_argument("--data", type=Path, help="a directory with archives of upstream's manifests")
    options = parser.parse_args(arguments)
    name = select_release(options.number)
    end = time.monotonic() + options.seconds_left
    try:
        return rehearse(name, options.data, end)
    except NotRehearsedError as reason:
        print(f"release {name} was not rehearsed: {reason.headline}")
        return ExitStatus.PASSED
    except LabError as error:
        print(error, file=sys.stderr)
        return ExitStatus.FAILED


def select_release(number: int) -> str:
    """Return one of the releases that have a kit, without that of the tutorial; the next one for the next number."""
    default = Settings.model_fields["release"].default
    names = [name for name in releases.list_names() if name in kits.list_releases() and name != default]
    return names[number % len(names)]


def rehearse(name: str, data: Path | None, end: float) -> ExitStatus:
    """Build the kit of a release as far as it is missing, rehearse the release, and print the outcome.

    Args:
        name: The release.
        data: The directory with archives of manifests; None if there is none.
        end: The time of time.monotonic at which the rehearsal must have ended.

    Returns:
        PASSED if all scenarios are green, otherwise FAILED.

    Raises:
        NotRehearsedError: If the manifests or the time are not available.
        LabError: If the kit cannot be built.
    """
    context = RunContext.create({"release": name})
    options = list_options(context, data)
    check_time(end - time.monotonic(), built=is_built(context))
    REPORTS.mkdir(exist_ok=True)
    _build_kit(context, end - REHEARSAL_SECONDS)
    log_file = REPORTS / "rehearsal.log"
    outcome = run_features(log_file, context, *options, timeout=max(end - time.monotonic(), 0))
    print(
        f"release {name}: {outcome.passed} scenarios passed, {len(outcome.failed)} failed, {outcome.seconds:.0f} s; "
        f"see {log_file.relative_to(REPOSITORY)}"
    )
    print(*(f"{failed.test}: {failed.message}" for failed in outcome.failed), sep="\n", end="")
    return ExitStatus.PASSED if outcome.is_green else ExitStatus.FAILED


def list_options(context: RunContext, data: Path | None) -> list[str]:
    """Return the options of pytest for a rehearsal of the release.

    Args:
        context: A context with the release.
        data: The directory with archives of manifests; None if there is none.

    Raises:
        NotRehearsedError: If the manifests are neither among the archives, nor in the cache, nor in a repository that
            answers.
    """
    options = [f"--release={context.settings.release}"]
    if archive := find_archive(data, context.release):
        return [*options, f"--manifests={archive.absolute()}"]
    if find_tree(context) or _answers(context):
        return options
    raise NotRehearsedError(
        f"no archive of the manifests {context.release.kubeflow} was given, and their repository does not answer"
    )


def find_archive(data: Path | None, release: Release) -> Path | None:
    """Return the archive of a release's manifests, whose name ends with the version; None if there is none."""
    pattern = re.compile(rf"(?<![\d.])v?{re.escape(release.kubeflow)}\.(tar|t[gx]z)")
    files = sorted(data.iterdir()) if data and data.is_dir() else []
    return next((file for file in files if is_archive(file) and pattern.search(file.name)), None)


def check_time(seconds_left: float, *, built: bool) -> None:
    """Check that the time is enough.

    Args:
        seconds_left: The time that is left.
        built: Whether the kit of the release is built completely.

    Raises:
        NotRehearsedError: If it is not enough.
    """
    needed = REHEARSAL_SECONDS if built else REHEARSAL_SECONDS + KIT_SECONDS
    if seconds_left < needed:
        state, left = "built" if built else "not built completely", max(seconds_left, 0) / 60
        raise NotRehearsedError(
            f"its kit is {state}, so that {needed // 60} min are needed, and {left:.0f} min are left"
        )


def _answers(context: RunContext) -> bool:
    """Return whether the repository of the release's manifests answers."""
    try:
        return not list_refs(context.create_shell(), context.release.manifests.repository, "HEAD").exit_status
    except LabError:
        return False


def _build_kit(context: RunContext, end: float) -> None:
    """Build the kit; the items that were built before the time is up stay in the cache."""
    command = (sys.executable, "-m", "lab", "kit", f"--release={context.settings.release}")
    shell = context.create_shell(directory=REPOSITORY)
    try:
        shell.run(*command, timeout=max(end - time.monotonic(), 1), log_file=REPORTS / "rehearsal-kit.log")
    except ProgramTimeoutError:
        raise NotRehearsedError(
            "the build of its kit took too long; the items that were built stay in the cache"
        ) from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
