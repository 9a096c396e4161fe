"""`python -m tools.bench`: measures the suite, prints tables, and writes reports/bench.json."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from embedded import kit
from lab.config.exit_status import ExitStatus
from lab.context import RunContext
from lab.errors import LabError
from tools import REPORTS
from tools.bench import installing, readiness

WIDTH = 100
MAX_RATIO = 1.0
"""The maximum wall time of the suite, in relation to the tutorial by hand."""


def main(arguments: Sequence[str]) -> int:
    """Measure, and return the exit status: 1 if the suite is slower than the tutorial by hand, or something failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description="Measures the suite.")
    parser.add_argument("--times", type=int, default=3, help="number of measurements of each method (default: 3)")
    times = parser.parse_args(arguments).times
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    try:
        context = RunContext.create({})
        kubectl = kit.build(context).directory("programs", "hyperkube") / "kubectl"
        verdicts = [verdict for pods in readiness.COUNTS for verdict in readiness.measure(context, pods, kubectl)]
        console.print(_build_readiness_table(verdicts))
        installations = installing.compare(context, times)
    except LabError as error:
        print(error, file=sys.stderr)
        return ExitStatus.FAILED
    suite, by_hand = (installing.median(installations, method) for method in ("the suite", "by hand"))
    ratios = {
        "wall time": suite.seconds / by_hand.seconds,
        "CPU time": suite.cpu_seconds / by_hand.cpu_seconds,
        "API requests": suite.requests / by_hand.requests,
    }
    console.print(_build_installations_table([*installations, by_hand, suite]))
    console.print("the suite, which also verifies, compared with the tutorial by hand (medians): ", end="")
    console.print(", ".join(f"{ratio:.2f} of its {quantity}" for quantity, ratio in ratios.items()))
    results = {
        "cores": os.cpu_count(),
        "installations": [dataclasses.asdict(installation) for installation in installations],
        "ratios": ratios,
        "readiness": [dataclasses.asdict(verdict) for verdict in verdicts],
    }
    REPORTS.mkdir(exist_ok=True)
    (REPORTS / "bench.json").write_text(json.dumps(results, indent=1))
    if ratios["wall time"] > MAX_RATIO:
        print(f"expected: at most {MAX_RATIO:.2f} of the wall time, seen: {ratios['wall time']:.2f}", file=sys.stderr)
        return ExitStatus.FAILED
    return ExitStatus.PASSED


def _build_installations_table(installations: Sequence[installing.Measurement]) -> Table:
    columns = ("method", "wall seconds", "CPU seconds", "API requests")
    table = Table(*columns, title="Installation of a new lab", title_justify="left", box=box.SIMPLE_HEAD)
    for installation in installations:
        quantities = (f"{installation.seconds:.1f}", f"{installation.cpu_seconds:.0f}", f"{installation.requests}")
        table.add_row(installation.method, *quantities)
    return table


def _build_readiness_table(verdicts: Sequence[readiness.Verdict]) -> Table:
    columns = ("pods", "program", "seconds after the last event", "CPU seconds", "peak memory, MiB")
    table = Table(*columns, title="Readiness of simulated pods", title_justify="left", box=box.SIMPLE_HEAD)
    for verdict in verdicts:
        seconds = f"{verdict.seconds:.2f}" if verdict.ended else f"killed after {verdict.seconds:.0f}"
        table.add_row(
            str(verdict.pods), verdict.program, seconds, f"{verdict.cpu_seconds:.1f}", f"{verdict.memory_mib:.0f}"
        )
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
