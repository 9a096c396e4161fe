"""Changing an installed Kubeflow as the tutorial shows, by files of the manifests; and changing it back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lab import doors, releases
from lab.applying import built
from lab.beside import Work
from lab.errors import LabError
from lab.kube import Kube, named
from lab.manifests import Manifests
from lab.readiness import not_ready
from lab.rollout import workload_is_ready
from lab.site import Site
from lab.waiting import polling, wait_until

ROLLOUT_TIMEOUT = 120
NOTES = "changed"
"""The folder of files that name what changes are in, from before they are made until they are taken back."""


@dataclass(frozen=True)
class Edit:
    """A change to one file of the manifests, and what it is applied by.

    Arguments:
        file: the file, by its path in the manifests.
        change: makes its new text of its old one.
        folder: the folder that is built and applied.
        workload: NAMESPACE/KIND/NAME of what must be rolled out anew.
        restart: whether it must be restarted, since it reads the change only when it starts.
        path: a path at the Ingress that must be answered afterwards.
    """

    file: str
    change: Callable[[str], str]
    folder: str
    workload: str
    restart: bool
    path: str


@contextmanager
def made(
    edits: Sequence[Edit], site: Site, kube: Kube, manifests: Manifests, session: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Makes changes together, and takes them back at the end, also when something fails meanwhile.

    Arguments:
        edits: the changes, each to a file of its own.
        session: the cookies of who is logged in, where a path leads behind the log-in: without them, whoever asks for
            the log-in answers, whatever is behind.

    Raises LabError when a file does not have what is to be changed, or a change does not come up.
    """
    old = {edit.file: (manifests.folder / edit.file).read_text() for edit in edits}
    new = {edit.file: edit.change(old[edit.file]) for edit in edits}
    for file in (file for file in old if new[file] == old[file]):
        raise LabError(
            f"{file} does not have what is to be changed",
            expected="the text that this release's manifests have there",
            seen=f"{len(old[file].splitlines())} lines without it",
            remedy=f"look at {manifests.folder / file}, and for its name in lab/releases",
        )
    note = _notes(site) / edits[0].workload.replace("/", ".")
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text("\n".join(edit.workload for edit in edits))
    try:
        _roll_out(edits, new, site, kube, manifests, session)
        yield
    finally:
        _roll_out(edits, old, site, kube, manifests, session)
    note.unlink()


class Coming:
    """Changes that are made together as `made` does it, but beside all else: on their way once they are begun."""

    def __init__(self, edits: Sequence[Edit], site: Site, kube: Kube, manifests: Manifests) -> None:
        self._until_taken_back = ExitStack()
        self._make = lambda: self._until_taken_back.enter_context(made(edits, site, kube, manifests))
        self._work: Work[None] | None = None

    def begin(self) -> Work[None]:
        """Begins to make them, if nobody has begun yet, and gives the work."""
        self._work = self._work or Work(self._make)
        return self._work

    def wait(self) -> None:
        """Waits until they are made; raises LabError when they do not come up."""
        self.begin().result()

    def take_back(self) -> None:
        """Takes them back, if they are made or on their way; half of them could not be."""
        if self._work:
            self._work.wait()
            self._until_taken_back.close()
            self._work.stop()


def left_behind(site: Site) -> list[str]:
    """What changes of an interrupted run may still be in, as NAMESPACE/KIND/NAME."""
    return [workload for note in sorted(_notes(site).glob("*")) for workload in note.read_text().split()]


def restart_what_was_left_behind(site: Site) -> None:
    """Restarts it, once the manifests are applied anew: it may have read the change when it started."""
    for workload in left_behind(site):
        _restart(workload, site)
    shutil.rmtree(_notes(site), ignore_errors=True)


def _notes(site: Site) -> Path:
    return site.home / NOTES


def _restart(workload: str, site: Site) -> None:
    namespace, kind, name = workload.split("/")
    site.terminal.run("kubectl", "rollout", "restart", f"{kind}/{name}", "--namespace", namespace)


def _roll_out(
    edits: Sequence[Edit],
    texts: Mapping[str, str],
    site: Site,
    kube: Kube,
    manifests: Manifests,
    session: Mapping[str, str] | None,
) -> None:
    for file, text in texts.items():
        (manifests.folder / file).write_text(text)
    folders = dict.fromkeys(edit.folder for edit in edits)
    with ThreadPoolExecutor() as each:
        objects = "\n---\n".join(each.map(partial(built, site.terminal, manifests.folder), folders))
    site.terminal.run("kubectl", "apply", "-f", "-", stdin=objects)
    for edit in edits:
        if edit.restart:
            _restart(edit.workload, site)
    for edit in edits:
        _wait_for_workload(edit.workload, kube)
        _wait_for_path(edit, site, session)


def _wait_for_workload(workload: str, kube: Kube) -> None:
    namespace, kind, name = workload.split("/")
    seen = wait_until(
        kube.watching(kind, namespace),
        satisfied=lambda found: (one := named(found, name)) is not None and workload_is_ready(one),
        show=lambda found: f"its status is {(named(found, name) or {}).get('status')}",
        timeout=ROLLOUT_TIMEOUT,
        what=f"the new {name} is ready",
        remedy=f"`python -m lab exec -- kubectl describe {kind} -n {namespace} {name}`",
    )
    spec = (named(seen, name) or {})["spec"]
    labels = spec["selector"]["matchLabels"]
    wait_until(
        kube.watching("Pod", namespace, ",".join(f"{key}={value}" for key, value in labels.items())),
        satisfied=lambda pods: len(pods) == spec["replicas"] and not not_ready(pods),
        show=lambda pods: f"the pods {', '.join(pod['metadata']['name'] for pod in pods)}",
        timeout=ROLLOUT_TIMEOUT,
        what=f"the old {name} is gone, which would answer as before",
        remedy=f"`python -m lab exec -- kubectl get pods -n {namespace}`",
    )


def _wait_for_path(edit: Edit, site: Site, session: Mapping[str, str] | None) -> None:
    front_end = releases.load(site.settings.release).front_end
    wait_until(
        polling(lambda: doors.status(site, edit.path, session), every=0.1, passing=(OSError,)),
        satisfied=lambda status: doors.is_served(status, front_end),
        show=lambda status: f"it answers {status}",
        timeout=ROLLOUT_TIMEOUT,
        what=f"the gateway leads to the new {edit.workload.rpartition('/')[2]}",
        remedy="`kubectl logs -n istio-system deploy/istio-ingressgateway` says where it leads",
    )
