"""The tutorial by hand, in a new embedded lab that is kept: `python -m tools.bench.by_hand`."""

from __future__ import annotations

import secrets
import sys
import tempfile
from pathlib import Path

from embedded.lab import open_embedded_lab
from lab.config.exit_status import ExitStatus
from lab.context import RunContext
from lab.errors import LabError
from lab.host.lock import hold_lab
from lab.layers.cluster import build_registry_config

SCRIPT = Path(__file__).parent / "by-hand.sh"
TIMEOUT = 1200


def main() -> int:
    """Run the script in a new lab, and return the exit status."""
    try:
        context = RunContext.create({"keep_lab": True})
        with (
            hold_lab(context.paths),
            open_embedded_lab(context) as lab,
            tempfile.TemporaryDirectory() as directory,
        ):
            registries, work = Path(directory) / "registries.yaml", Path(directory) / "work"
            registries.write_text(build_registry_config(lab))
            work.mkdir()
            variables = {
                "K3S_IMAGE": lab.source.k3s_image,
                "REGISTRIES": str(registries),
                "METALLB_CHARTS": lab.source.charts["metallb"].repository,
                "INGRESS_CHARTS": lab.source.charts["ingress-nginx"].repository,
                "MANIFESTS": lab.source.manifests.repository,
                "BRANCH": lab.source.manifests.branch,
                "PASSWORD": secrets.token_urlsafe(12),
            }
            shell = lab.create_shell({**lab.state.environment, **variables}, work)
            print(shell.run("bash", SCRIPT, timeout=TIMEOUT).output)
    except LabError as error:
        print(error, file=sys.stderr)
        return ExitStatus.FAILED
    return ExitStatus.PASSED


if __name__ == "__main__":
    sys.exit(main())
