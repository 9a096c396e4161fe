"""The trial of one shape: a lab is installed, verified as an existing cluster, sabotaged, searched, and removed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded import kit, rules
from lab.context import Lab, RunContext
from lab.errors import LabError
from lab.host.lock import hold_lab
from lab.host.netns import enter_network_namespace
from lab.run import state
from lab.run.state import LabState
from tests.clusters import leftovers
from tests.clusters.shape import Shape
from tools.existing_cluster import build_environment, to_variables
from tools.features import Outcome, run_features
from tools.kept_lab import LAB_TIMEOUT
from tools.observations import wait_until_intact
from tools.sabotage.trial import try_sabotage
from tools.variants.outcome import explain_red

LAB_NAME = "clusters"
"""The name of the labs, which need not be that without a name."""
CLUSTER = "cluster"
INSTALLATION = {CLUSTER: "cluster", "Kubeflow": "ingress or entry_points or differences"}
"""The markers of the runs that install all layers, and skip most scenarios."""
DETECTION_TIMEOUT = 180.0
"""Seconds within which a run must detect a sabotage: three nodes on two processors are slower than one."""
RUN_TIMEOUT = 900
"""Seconds for a run of all features."""


@dataclass(frozen=True)
class Check:
    """The result of one check of a shape.

    Args:
        name: The name of the check.
        seconds: Its duration.
        result: What was seen, if it is as expected.
        problem: Why it is not as expected; empty if it is.
    """

    name: str
    seconds: float
    result: str
    problem: str = ""


def try_shape(shape: Shape, logs: Path) -> Iterator[Check]:
    """Install a cluster of a shape, check it, and remove it.

    Args:
        shape: The shape.
        logs: The directory for the output of the runs.

    Yields:
        The result of each check as soon as it is known.

    Raises:
        LabError: If the cluster cannot be installed or changed, or a fault cannot be reverted.
    """
    logs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        tree = _write_tree(shape, Path(directory, "tree"))
        with _open_lab() as context:
            yield from _install(shape, tree, context, logs)
            installed = _load(context)
            first = installed.state.first_process
            assert first is not None
            with enter_network_namespace(first.pid):
                for change in shape.changes:
                    change(installed)
                yield from _verify(shape, tree, installed, Path(directory), logs)


def _write_tree(shape: Shape, tree: Path) -> Path:
    """Write the kit's manifests with the changes of a shape, and return the directory."""
    context = RunContext.create({})
    key = ("manifests", rules.MANIFESTS)
    bare = kit.build(context, [key]).directory(*key) / rules.MANIFESTS_REPOSITORY
    context.create_shell().run("git", "clone", "--quiet", bare, tree)
    shape.change_tree(tree)
    return tree


@contextmanager
def _open_lab() -> Iterator[RunContext]:
    """Yield the context of a lab that does not exist yet, and remove the lab at the end."""
    context = RunContext.create({"name": LAB_NAME})
    _remove(context)
    try:
        yield context
    finally:
        _remove(context)


def _remove(context: RunContext) -> None:
    with hold_lab(context.paths):
        if left := state.load(context.paths):
            left.remove(context.paths, context.create_shell(left.environment))


def _load(context: RunContext) -> Lab:
    installed = state.load(context.paths)
    if installed is None:
        raise LabError("the lab was not installed", seen="no state of a lab", remedy="read the log of the installation")
    return Lab.from_context(context, installed)


def _install(shape: Shape, tree: Path, context: RunContext, logs: Path) -> Iterator[Check]:
    """Install a lab in one run, or in two if nodes are added to its cluster before Kubeflow is installed.

    Raises:
        LabError: If it could not be installed.
    """
    environment = to_variables({"keep_lab": "1", "manifests": str(tree), **shape.owner})
    for name, markers in INSTALLATION.items():
        if name == CLUSTER and not shape.agents:
            continue
        log_file = logs / f"{name}.log"
        outcome = run_features(log_file, context, "-m", markers, environment=environment, timeout=LAB_TIMEOUT)
        check = _describe_run(f"installation, {name}", outcome)
        yield check
        if check.problem:
            raise LabError("the lab could not be installed", seen=check.problem, remedy=f"read {log_file}")
        if name == CLUSTER:
            _add_agents(shape.agents, _load(context))


def _add_agents(count: int, lab: Lab) -> None:
    first = lab.state.first_process
    assert first is not None
    with enter_network_namespace(first.pid):
        cluster, image = lab.settings.cluster_name, lab.release.kubernetes.k3s_image
        options = (f"--cluster={cluster}", "--role=agent", f"--replicas={count}", f"--image={image}")
        lab.shell.run("k3d", "node", "create", f"{cluster}-agent", *options, timeout=RUN_TIMEOUT)


def _verify(shape: Shape, tree: Path, installed: Lab, directory: Path, logs: Path) -> Iterator[Check]:
    """Verify a cluster with `--lab existing`, sabotage it, and search it for leftovers."""
    values = {"manifests": str(tree), **shape.owner, **shape.settings(installed, directory)}
    lab = _as_existing(installed, values)
    wait_until_intact(lab)
    before = leftovers.list_objects(installed)
    with shape.open_kubeconfig(installed, directory) as kubeconfig:
        environment = build_environment(installed, [kubeconfig], directory / "cache", values)
        outcome = run_features(logs / "existing.log", lab, environment=environment, timeout=RUN_TIMEOUT)
        yield _describe_run("--lab existing", outcome)
        for sabotage in shape.sabotages:
            row = try_sabotage(sabotage, lab, logs, environment, DETECTION_TIMEOUT)
            yield Check(sabotage.name, row.seconds, f"red with the expected words in {row.scenario}", row.problem)
    left = leftovers.find(before, installed)
    yield Check("leftovers", 0, "nothing is left", f"left: {', '.join(left)}" if left else "")


def _as_existing(installed: Lab, settings: Mapping[str, str]) -> Lab:
    """Return a lab as an existing cluster, for changes and observations with the administrator's kubeconfig."""
    environment = installed.state.environment
    context = RunContext.create({"lab": "existing", "name": "", **settings}, installed.environment)
    return Lab.from_context(context, LabState(kind="existing", environment=environment))


def _describe_run(name: str, outcome: Outcome) -> Check:
    problem = explain_red(outcome)
    messages = "".join(f"\n  {failed.test}: {failed.message}" for failed in outcome.failed)
    return Check(name, outcome.seconds, f"green, {outcome.passed} scenarios passed", f"{problem}{messages}")
