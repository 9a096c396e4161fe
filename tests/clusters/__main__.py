"""`python -m tests.clusters`: makes clusters of other shapes, one at a time; each must pass `--lab existing`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence

from lab.config.exit_status import ExitStatus
from lab.errors import LabError
from tests.clusters.shape import Shape
from tests.clusters.table import SHAPES
from tests.clusters.trial import Check, try_shape
from tools import REPORTS
from tools.kept_lab import interrupt_once
from tools.selection import add_selection, select

LOGS = REPORTS / "clusters"
"""The output of each run of the features, in a directory for each shape."""


def main(arguments: Sequence[str]) -> int:
    """Try the selected shapes.

    Returns:
        The exit status: 0 if every cluster passed, every sabotage was detected, and nothing was left.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tests.clusters",
        description="Makes clusters of other shapes than the tutorial's, and checks that each passes --lab existing.",
    )
    add_selection(parser, SHAPES, "shape")
    selected = select(parser, SHAPES, parser.parse_args(arguments))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt_once)
    try:
        checks = [check for shape in selected for check in _try(shape)]
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    return ExitStatus.FAILED if any(check.problem for check in checks) else ExitStatus.PASSED


def _try(shape: Shape) -> list[Check]:
    """Try a shape, and print one line for each check."""
    print(f"{shape.name}: {shape.description}", flush=True)
    checks: list[Check] = []
    try:
        for check in try_shape(shape, LOGS / shape.name):
            checks.append(check)
            _print(shape, check)
    except LabError as error:
        checks.append(Check("trial", 0, "", str(error)))
        _print(shape, checks[-1])
    return checks


def _print(shape: Shape, check: Check) -> None:
    mark = "FAILED" if check.problem else "ok"
    print(f"{shape.name}: {mark}: {check.name}: {check.problem or check.result}, {check.seconds:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
