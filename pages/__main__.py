"""`python -m pages`: makes docs/tutorial.md anew, from the features, the release's tables and the last run."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from lab import releases
from lab.settings import Settings
from pages import last_run, run, tutorial

PROJECT = Path(__file__).parent.parent
REPORT = "reports/latest"
PAGE, LAST_RUN, PICTURE = "docs/tutorial.md", "docs/last-run.json", "docs/dashboard.png"
SEEN = "dashboard-localhost.png"
"""The picture that a run leaves of the dashboard."""


def main(project: Path) -> int:
    """Keeps what the last run was, if it built a whole lab, and makes the page; gives the exit status."""
    folder = project / REPORT
    done = run.load(folder)
    kept = last_run.of(done, tutorial.files(project)) if done else None
    if kept:
        (project / LAST_RUN).write_text(kept.model_dump_json(indent=1) + "\n")
        if (folder / SEEN).exists():
            shutil.copy(folder / SEEN, project / PICTURE)
        print(f"{LAST_RUN} has the last run")
    else:
        print(f"{LAST_RUN} stays as it is: {REPORT} is no run that built a whole lab")
    (project / PAGE).write_text(page(project))
    print(f"{PAGE} is made anew")
    return 0


def page(project: Path) -> str:
    """The page as it must be now, by what is in the project."""
    release = releases.load(Settings.model_fields["release"].default)
    picture = Path(PICTURE).name if (project / PICTURE).exists() else ""
    return tutorial.page(project, release, last_run.load(project / LAST_RUN), picture)


if __name__ == "__main__":
    sys.exit(main(PROJECT))
