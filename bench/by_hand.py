"""The tutorial by hand, in an embedded lab of its own that stays: `python -m bench.by_hand`."""

from __future__ import annotations

import secrets
import sys
import tempfile
from pathlib import Path

from embedded import site as embedded_site
from lab import lock
from lab.cluster import registry_configuration
from lab.errors import LabError
from lab.progress import Progress
from lab.settings import Settings
from lab.terminal import Terminal

SCRIPT = Path(__file__).parent / "by-hand.sh"
TIMEOUT = 1200


def main() -> int:
    """Runs the script in a new lab, and gives the exit status."""
    try:
        with (
            lock.held(),
            embedded_site.opened(Settings(keep_lab=True), Progress()) as site,
            tempfile.TemporaryDirectory() as folder,
        ):
            source, registries = site.source, Path(folder) / "registries.yaml"
            registries.write_text(registry_configuration(site))
            places = {
                "K3S_IMAGE": source.k3s_image,
                "REGISTRIES": str(registries),
                "METALLB_CHARTS": source.charts["metallb"].repository,
                "INGRESS_CHARTS": source.charts["ingress-nginx"].repository,
                "MANIFESTS": source.manifests.repository,
                "BRANCH": source.manifests.branch,
                "PASSWORD": secrets.token_urlsafe(12),
            }
            empty = Path(folder) / "work"
            empty.mkdir()
            print(Terminal({**site.terminal.environment, **places}, empty).run("bash", SCRIPT, timeout=TIMEOUT).output)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
