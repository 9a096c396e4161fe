"""The options of a run, declared once for all that takes them: pytest, and `python -m lab preflight`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def declare(add: Callable[..., Any]) -> None:
    """Declares the options; those that are not given come from the environment, or from the defaults.

    Arguments:
        add: argparse's add_argument, or what takes the same.
    """
    add("--lab", choices=["embedded", "k3d", "existing"], help="which kind of lab (default: embedded)")
    add("--release", help="the Kubeflow release (default: 1.7)")
    add(
        "--install",
        choices=["single", "multi"],
        help="Kubeflow in one command that is repeated, or part by part, each waited for (default: single)",
    )
    add(
        "--manifests",
        metavar="DIR or URL",
        help="another tree of manifests: a folder, or a Git repository's URL, with ?ref=BRANCH if need be",
    )
    add("--source", type=Path, help="a file that says where things come from, in place of the internet")
    add("--subnet", help="the lab network's range (default: the tutorial's, 172.20.0.0/24)")
    add("--gateway", help="the lab network's gateway (default: 172.20.0.1)")
    add("--pool", help="MetalLB's addresses, FIRST-LAST (default: 172.20.0.10-172.20.0.15)")
    add("--ingress-address", help="the Ingress controller's address (default: 172.20.0.13)")
    add("--verify-only", action="store_true", default=None, help="install nothing, verify what is there")
    add("--keep-lab", action="store_true", default=None, help="leave the lab up, for the next run to take over")
