"""`python -m bench`, or `make bench`: measures, prints tables, and writes reports/bench.json."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from bench import installing, readiness
from embedded import kit
from lab.errors import LabError
from lab.progress import Progress

WIDTH = 100
MOST = 1.0
"""What the suite may take of the wall time that the tutorial by hand takes."""


def main(arguments: list[str]) -> int:
    """Measures; the exit status is 1 when the suite is slower than the tutorial by hand, or something failed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="how often each way is measured (default: 3)")
    times = parser.parse_args(arguments).times
    progress, console = Progress(), Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    try:
        built = kit.build(progress)
        verdicts = [
            verdict
            for pods in readiness.COUNTS
            for verdict in readiness.measure(pods, built.folder("programs", "hyperkube") / "kubectl")
        ]
        console.print(_of_readiness(verdicts))
        installations = installing.compare(times, progress.say)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    suite, by_hand = (installing.medians(installations, way) for way in ("the suite", "by hand"))
    ratios = {
        "wall time": suite.seconds / by_hand.seconds,
        "CPU time": suite.cpu_seconds / by_hand.cpu_seconds,
        "API requests": suite.requests / by_hand.requests,
    }
    console.print(_of_installations([*installations, *(_named(one, "median") for one in (by_hand, suite))]))
    console.print("the suite, which also verifies, takes of what the tutorial by hand takes (medians): ", end="")
    console.print(", ".join(f"{ratio:.2f} of its {what}" for what, ratio in ratios.items()))
    facts = {
        "cores": os.cpu_count(),
        "installations": [dataclasses.asdict(one) for one in installations],
        "ratios": ratios,
        "readiness": [dataclasses.asdict(one) for one in verdicts],
    }
    Path("reports/bench.json").write_text(json.dumps(facts, indent=1))
    if ratios["wall time"] > MOST:
        print(f"expected: at most {MOST:.2f} of the wall time, seen: {ratios['wall time']:.2f}", file=sys.stderr)
        return 1
    return 0


def _named(one: installing.Measured, of: str) -> installing.Measured:
    return dataclasses.replace(one, way=f"{one.way}, {of}")


def _of_installations(found: list[installing.Measured]) -> Table:
    columns = ("installing", "wall seconds", "CPU seconds", "API requests")
    table = Table(*columns, title="From nothing to a lab", title_justify="left", box=box.SIMPLE_HEAD)
    for one in found:
        table.add_row(one.way, f"{one.seconds:.1f}", f"{one.cpu_seconds:.0f}", f"{one.requests}")
    return table


def _of_readiness(verdicts: list[readiness.Verdict]) -> Table:
    columns = ("pods", "verdict by", "seconds after the last event", "CPU seconds", "peak memory, MiB")
    table = Table(*columns, title="Readiness, simulated", title_justify="left", box=box.SIMPLE_HEAD)
    for one in verdicts:
        seconds = f"{one.seconds:.2f}" if one.given else f"none after {one.seconds:.0f}, ended"
        table.add_row(str(one.pods), one.way, seconds, f"{one.cpu_seconds:.1f}", f"{one.memory_mib:.0f}")
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
