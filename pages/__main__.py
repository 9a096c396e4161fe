"""`python -m pages`: save the facts of the latest run if it is whole, and render docs/tutorial.md and releases.md."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from embedded import kits
from lab import releases
from lab.config.settings import Settings
from pages import last_run, rehearsals, run, tutorial
from pages import releases as releases_page
from pages.last_run import LastRun
from pages.rehearsals import Rehearsal
from pages.run import Run

PROJECT = Path(__file__).parent.parent
REPORT = "reports/latest"
PAGE, LAST_RUN, PICTURE = "docs/tutorial.md", "docs/last-run.json", "docs/dashboard.png"
RELEASES_PAGE, REHEARSALS = "docs/releases.md", "docs/rehearsals.json"
SCREENSHOT = "dashboard-localhost.png"
"""The screenshot of the dashboard in the report of a run."""
DEFAULT_RELEASE: str = Settings.model_fields["release"].default
"""The release of the tutorial."""


def main(project: Path) -> int:
    """Save the facts of the latest run if it installed a complete lab, render the pages, and return the exit status."""
    latest = run.load(project / REPORT)
    features = tutorial.list_feature_files(project)
    if latest and _save_rehearsal(latest, features, project):
        print(f"{REHEARSALS}: updated the facts of release {latest.release}")
    else:
        print(f"{REHEARSALS}: unchanged, because {REPORT} is not the report of a whole rehearsal")
    if latest and _save_last_run(latest, features, project):
        print(f"{LAST_RUN}: updated")
    else:
        print(f"{LAST_RUN}: unchanged, because {REPORT} is not the report of a run that installed a complete lab")
    for page, content in ((PAGE, render_page(project)), (RELEASES_PAGE, render_releases(project))):
        (project / page).write_text(content)
        print(f"{page}: updated")
    return 0


def render_page(project: Path) -> str:
    """Return the tutorial that belongs to the present state of the project."""
    release = releases.load(DEFAULT_RELEASE)
    picture = Path(PICTURE).name if (project / PICTURE).exists() else ""
    return tutorial.render_page(project, release, last_run.load(project / LAST_RUN), picture)


def render_releases(project: Path) -> str:
    """Return the page about the releases that belongs to the present state of the project."""
    return releases_page.render_page(rehearsals.load(project / REHEARSALS))


def _save_last_run(latest: Run, features: list[str], project: Path) -> bool:
    """Save the facts of a run for the tutorial, and return whether it is a run of the tutorial's own installation."""
    is_of_tutorial = latest.release == DEFAULT_RELEASE and not latest.settings.get("manifests")
    facts = LastRun.from_run(latest, features) if is_of_tutorial else None
    if not facts:
        return False
    (project / LAST_RUN).write_text(facts.model_dump_json(indent=1) + "\n")
    screenshot = project / REPORT / SCREENSHOT
    if screenshot.exists():
        shutil.copy(screenshot, project / PICTURE)
    return True


def _save_rehearsal(latest: Run, features: list[str], project: Path) -> bool:
    """Save the facts of a run in place of those of the same release, and return whether it is a whole rehearsal."""
    if latest.release not in kits.list_releases():
        return False
    kubernetes = releases_page.get_kubernetes(latest.release)
    facts = Rehearsal.from_run(latest, features, releases.load(latest.release), kubernetes)
    if not facts:
        return False
    file = project / REHEARSALS
    rehearsals.save({**rehearsals.load(file), latest.release: facts}, file)
    return True


if __name__ == "__main__":
    sys.exit(main(PROJECT))
