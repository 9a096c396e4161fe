"""The page that a run leaves: a file of its own, that needs nothing else to be read."""

from __future__ import annotations

import base64
from pathlib import Path

from pages.run import Run
from pages.templates import text

FILE = "report.html"


def page(run: Run, folder: Path) -> str:
    """The page of a run; pictures are in it, and other files are linked.

    Arguments:
        run: its facts.
        folder: where its files are.
    """
    pictures = {name: f"data:image/png;base64,{_encoded(folder / name)}" for name in run.pictures}
    return text("report.html", run=run, pictures=pictures, slowest=max((row.seconds for row in run.layers), default=0))


def _encoded(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
