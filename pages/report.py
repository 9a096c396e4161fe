"""The report of a run as one HTML file, which loads no other files except those that the user opens by a link."""

from __future__ import annotations

import base64
from pathlib import Path

from pages import templates
from pages.run import Run

FILE = "report.html"


def render(run: Run, directory: Path) -> str:
    """Return the report of a run; screenshots are embedded, and the evidence of failures is linked.

    Args:
        run: The facts of the run.
        directory: The directory of the run, with the screenshots.
    """
    pictures = {name: f"data:image/png;base64,{_encode(directory / name)}" for name in run.pictures}
    longest = max((row.seconds for row in run.layers), default=0)
    return templates.render("report.html", run=run, pictures=pictures, longest=longest)


def _encode(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
