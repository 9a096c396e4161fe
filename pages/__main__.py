"""`python -m pages`: render docs/tutorial.md from the features, the release's tables and the last run."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from lab import releases
from lab.config.settings import Settings
from pages import last_run, run, tutorial
from pages.last_run import LastRun

PROJECT = Path(__file__).parent.parent
REPORT = "reports/latest"
PAGE, LAST_RUN, PICTURE = "docs/tutorial.md", "docs/last-run.json", "docs/dashboard.png"
SCREENSHOT = "dashboard-localhost.png"
"""The screenshot of the dashboard in the report of a run."""


def main(project: Path) -> int:
    """Save the facts of the latest run if it installed a complete lab, render the page, and return the exit status."""
    directory = project / REPORT
    latest = run.load(directory)
    facts = LastRun.from_run(latest, tutorial.list_feature_files(project)) if latest else None
    if facts:
        (project / LAST_RUN).write_text(facts.model_dump_json(indent=1) + "\n")
        if (directory / SCREENSHOT).exists():
            shutil.copy(directory / SCREENSHOT, project / PICTURE)
        print(f"{LAST_RUN}: updated")
    else:
        print(f"{LAST_RUN}: unchanged, because {REPORT} is not the report of a run that installed a complete lab")
    (project / PAGE).write_text(render_page(project))
    print(f"{PAGE}: updated")
    return 0


def render_page(project: Path) -> str:
    """Return the page that belongs to the present state of the project."""
    release = releases.load(Settings.model_fields["release"].default)
    picture = Path(PICTURE).name if (project / PICTURE).exists() else ""
    return tutorial.render_page(project, release, last_run.load(project / LAST_RUN), picture)


if __name__ == "__main__":
    sys.exit(main(PROJECT))
