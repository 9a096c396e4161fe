"""Temporary changes to an installed Kubeflow, made as in the tutorial: by files of the manifests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lab.context import Lab
from lab.errors import LabError
from lab.k8s.objects import Object, ObjectRef, find_by_name, has_ended, label_selector
from lab.k8s.readiness import describe_unready
from lab.k8s.workloads import is_workload_ready
from lab.layers import gateway
from lab.layers.kubeflow_ingress import get_status
from lab.layers.kustomize_build import build_directory
from lab.layers.manifests import Manifests
from lab.run.background import BackgroundTask
from lab.run.waiting import poll, wait_until
from lab.web.http_client import is_served

ROLLOUT_TIMEOUT = 120
ANSWERS = 5
"""The answers in a row after which a gateway no longer connects to a deleted pod; it learns of the deletion later."""
NOTES = "changed"
"""The directory of files that list the changed workloads, from before a change is applied until it is reverted."""


@dataclass(frozen=True)
class ManifestChange:
    """A change to one file of the manifests, and the way to apply it.

    Args:
        file: The path of the file in the manifests.
        edit: Returns the new text of the file for its old text.
        directory: The directory of the manifests that is built and applied.
        workload: The workload that uses the file, and must be rolled out.
        restart: Whether the workload must be restarted, because it reads the file only when it starts.
        path: A path at kubeflow.example.it that must answer afterwards.
    """

    file: str
    edit: Callable[[str], str]
    directory: str
    workload: ObjectRef
    restart: bool
    path: str


@contextmanager
def apply_changes(
    changes: Sequence[ManifestChange], lab: Lab, manifests: Manifests, cookies: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Apply changes together, and revert them at the end, even if an error occurs.

    Args:
        changes: The changes, each to a file of its own; none if the manifests are already as required.
        lab: The lab.
        manifests: The manifests.
        cookies: The cookies of a logged-in user. Without them, the auth proxy answers at each path that requires a
            login, even while the workload does not answer.

    Raises:
        LabError: If a file does not have the text to be changed, or the API server rejects a change.
        WaitError: If a workload does not become ready after a change.
    """
    if not changes:
        yield
        return
    old = {change.file: (manifests.directory / change.file).read_text() for change in changes}
    new = {change.file: change.edit(old[change.file]) for change in changes}
    _check_edits(old, new, manifests)
    workloads = [change.workload for change in changes]
    note = _notes(lab) / f"{workloads[0].namespace}.{workloads[0].kind}.{workloads[0].name}"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text("\n".join(f"{workload.namespace}/{workload.kubectl_name}" for workload in workloads))
    try:
        _roll_out(changes, new, lab, manifests, cookies)
        yield
    finally:
        _roll_out(changes, old, lab, manifests, cookies)
    note.unlink()


class BackgroundChange:
    """Changes that are applied together, as by apply_changes, in a background task.

    Args:
        changes: The changes, each to a file of its own.
        lab: The lab.
        manifests: The manifests.
    """

    def __init__(self, changes: Sequence[ManifestChange], lab: Lab, manifests: Manifests) -> None:
        self._applied = ExitStack()
        self._apply = lambda: self._applied.enter_context(apply_changes(changes, lab, manifests))
        self._task: BackgroundTask[None] | None = None

    def start(self) -> BackgroundTask[None]:
        """Start to apply the changes, unless this was started before, and return the task."""
        self._task = self._task or BackgroundTask(self._apply)
        return self._task

    def wait(self) -> None:
        """Wait until the changes are applied; start it unless it was started before.

        Raises:
            LabError: If they cannot be applied.
        """
        self.start().result()

    def revert(self) -> None:
        """Revert the changes; if they are still being applied, wait for that first."""
        if self._task:
            self._task.wait()
            self._applied.close()
            self._task.cancel()


def list_leftovers(lab: Lab) -> list[ObjectRef]:
    """Return the workloads to which changes of an interrupted run may still be applied."""
    texts = [note.read_text() for note in sorted(_notes(lab).glob("*"))]
    return [ObjectRef.parse(line) for text in texts for line in text.splitlines()]


def restart_leftovers(lab: Lab) -> None:
    """Restart those workloads, which may have read a change; the original manifests must be applied already."""
    for workload in list_leftovers(lab):
        _restart(workload, lab)
    shutil.rmtree(_notes(lab), ignore_errors=True)


def _notes(lab: Lab) -> Path:
    return lab.home / NOTES


def _check_edits(old: Mapping[str, str], new: Mapping[str, str], manifests: Manifests) -> None:
    unchanged = [file for file in old if new[file] == old[file]]
    if unchanged:
        raise LabError(
            f"{unchanged[0]} does not have the text to be changed",
            expected="the text that the manifests of this release have",
            seen=f"{len(old[unchanged[0]].splitlines())} lines without it",
            remedy=f"compare {manifests.directory / unchanged[0]} with the release's file in lab/releases",
        )


def _restart(workload: ObjectRef, lab: Lab) -> None:
    lab.shell.run("kubectl", "rollout", "restart", workload.kubectl_name, "--namespace", workload.namespace)


def _roll_out(
    changes: Sequence[ManifestChange],
    texts: Mapping[str, str],
    lab: Lab,
    manifests: Manifests,
    cookies: Mapping[str, str] | None,
) -> None:
    """Write the texts of the files, apply them, and wait until the workloads use them."""
    for file, text in texts.items():
        (manifests.directory / file).write_text(text)
    directories = dict.fromkeys(change.directory for change in changes)
    with ThreadPoolExecutor() as pool:
        objects = "\n---\n".join(pool.map(partial(build_directory, lab, manifests), directories))
    if lab.rehearsal:
        objects = lab.rehearsal.adapt(objects)
    lab.shell.run("kubectl", "apply", "-f", "-", stdin=objects)
    for change in changes:
        if change.restart:
            _restart(change.workload, lab)
    for change in changes:
        _wait_for_workload(change.workload, lab)
        _wait_for_path(change, lab, cookies)


def _wait_for_workload(ref: ObjectRef, lab: Lab) -> None:
    """Wait until a workload is ready and has only new pods."""

    def is_rolled_out(objects: Sequence[Object]) -> bool:
        workload = find_by_name(objects, ref.name)
        return workload is not None and is_workload_ready(workload)

    objects = wait_until(
        lab.kube.watch(ref.kind, ref.namespace),
        satisfied=is_rolled_out,
        describe=lambda objects: f"its status is {(find_by_name(objects, ref.name) or {}).get('status')}",
        timeout=ROLLOUT_TIMEOUT,
        waiting_for=f"the new {ref.name} to be ready",
        journal=lab.journal,
        remedy=f"read its events: `kubectl describe -n {ref.namespace} {ref.kubectl_name}`",
    )
    spec = (find_by_name(objects, ref.name) or {})["spec"]
    # An old pod that still ends would answer as before the change.
    wait_until(
        lab.kube.watch("Pod", ref.namespace, label_selector(spec["selector"]["matchLabels"])),
        satisfied=lambda pods: _is_replaced([pod for pod in pods if not has_ended(pod)], spec["replicas"]),
        describe=lambda pods: f"the pods {', '.join(pod['metadata']['name'] for pod in pods)}",
        timeout=ROLLOUT_TIMEOUT,
        waiting_for=f"the old pods of {ref.name} to be deleted",
        journal=lab.journal,
        remedy=f"check which pods remain: `kubectl get pods -n {ref.namespace}`",
    )


def _is_replaced(pods: Sequence[Object], replicas: int) -> bool:
    """Return whether the new pods of a workload are ready, and the old ones are deleted; ended ones are not given."""
    return len(pods) == replicas and not describe_unready(pods)


def _wait_for_path(change: ManifestChange, lab: Lab, cookies: Mapping[str, str] | None) -> None:
    wait_until(
        poll(lambda: [get_status(lab, change.path, cookies) for _ in range(ANSWERS)], every=0.1, transient=(OSError,)),
        satisfied=lambda statuses: all(is_served(status, lab.release.auth_proxy.first_page) for status in statuses),
        describe=lambda statuses: f"{change.path} returns {', '.join(map(str, statuses))}",
        timeout=ROLLOUT_TIMEOUT,
        waiting_for=f"the gateway to route requests to the new {change.workload.name}",
        journal=lab.journal,
        remedy=f"read the log of the gateway: {gateway.read_log(lab.settings)}",
    )
