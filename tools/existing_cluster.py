"""An installed lab, verified as if it were a cluster of a user's own, with `--lab existing` inside its network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from embedded.pins import EMBEDDED
from lab.config.origins import ENVIRONMENT_PREFIX
from lab.config.settings import TUTORIAL_PASSWORD
from lab.context import Lab

EMBEDDED_SOURCE = EMBEDDED / "source.toml"
"""The versions of the charts that an embedded lab installs, which are not all those of the release."""


def build_environment(
    lab: Lab, kubeconfigs: Iterable[Path], cache: Path, settings: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the environment of a run that verifies a lab as an existing cluster.

    Args:
        lab: The lab, as it was installed.
        kubeconfigs: The files of KUBECONFIG.
        cache: A cache directory for the run, which has no lab of its own.
        settings: The values of settings by field name, in place of those of the lab.
    """
    values = {
        "lab": "existing",
        "name": "",
        "password": TUTORIAL_PASSWORD,  # a run in a terminal would ask for it
        "verify_only": "0",
        "manifests": str(lab.home / "manifests"),
        **({"source": str(EMBEDDED_SOURCE)} if lab.state.kind == "embedded" else {}),
        **(settings or {}),
    }
    return {
        **lab.state.environment,  # PATH leads to the lab's kubectl, helm and kustomize
        "KUBECONFIG": os.pathsep.join(map(str, kubeconfigs)),
        "XDG_CACHE_HOME": str(cache),
        **to_variables(values),
    }


def to_variables(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables of settings, by which a password does not get into the list of processes.

    Args:
        settings: The values by field name.
    """
    return {f"{ENVIRONMENT_PREFIX}{name.upper()}": value for name, value in settings.items()}
