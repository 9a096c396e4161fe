"""Where a lab stands: a terminal in it, where its things come from, and the record by which it is removed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import folders, record
from lab.errors import LabError
from lab.progress import Progress
from lab.record import Record
from lab.settings import Settings
from lab.source import Source
from lab.terminal import Terminal


@dataclass(frozen=True)
class Site:
    """Where a lab stands.

    Arguments:
        settings: the settings of the run.
        source: where things come from.
        record: what there is of the lab.
        disposable: whether the lab's Docker is its own and goes with it, so that layers need not be removed one by one.
    """

    settings: Settings
    source: Source
    record: Record
    disposable: bool = False

    @property
    def terminal(self) -> Terminal:
        """A terminal in the lab, with its own kubeconfig, tools' folders and PATH."""
        return self.record.terminal

    @property
    def home(self) -> Path:
        """The folder for files that tools read and write in this lab."""
        return folders.lab() / "home"

    def has_made(self, *undo: str) -> bool:
        """Whether what a command removes may be this lab's: it was noted, or all of Docker is the lab's own."""
        return self.disposable or list(undo) in self.record.undo

    def will_make(self, *undo: str) -> None:
        """Notes, before something is made in Docker, the command that removes it, unless all of Docker goes anyway."""
        if not self.disposable:
            self.record.will_make(*undo)


def tool_folders(home: Path) -> dict[str, str]:
    """Environment variables that keep what kubectl, k3d and helm write away from the person's own configuration."""
    return {
        "KUBECONFIG": str(home / "kubeconfig"),
        "KUBECACHEDIR": str(home / "kubectl"),
        "HELM_CACHE_HOME": str(home / "helm/cache"),
        "HELM_CONFIG_HOME": str(home / "helm/config"),
        "HELM_DATA_HOME": str(home / "helm/data"),
    }


def nothing_to_verify() -> LabError:
    """The error for --verify-only where no lab is."""
    return LabError(
        "there is no lab to verify",
        expected="a lab that an earlier run left with --keep-lab",
        seen="none",
        remedy="run without --verify-only to install one, or give --lab existing and KUBECONFIG for a cluster of yours",
    )


@contextmanager
def on_own_docker(settings: Settings, source: Source, progress: Progress) -> Iterator[Site]:
    """Gives the site of a lab on the person's own Docker; its tools are those of PATH.

    At the end, what this lab made is removed, unless it is to be kept.

    Raises LabError when there is nothing to verify.
    """
    there = record.of_kind("k3d")
    if settings.verify_only and not there:
        raise nothing_to_verify()
    if there:
        progress.say("the lab of an earlier run is taken over")
    there = there or Record(kind="k3d", environment={**tool_folders(folders.lab() / "home"), **source.environment})
    there.keep = there.keep or settings.keep_lab
    there.save()
    try:
        yield Site(settings, source, there)
    finally:
        close(there, settings)


def close(there: Record, settings: Settings) -> None:
    """Ends a run at a lab: removes it, unless it is to be kept, or was only to be verified."""
    if not there.keep and not settings.verify_only:
        there.remove()


@contextmanager
def of_existing_cluster(settings: Settings, source: Source) -> Iterator[Site]:
    """Gives the site of a cluster that is there already, named by KUBECONFIG or in kubectl's default place.

    Raises LabError when no kubeconfig is there.
    """
    yield Site(settings, source, Record(kind="existing", environment={"KUBECONFIG": str(kubeconfig())}))


def kubeconfig() -> Path:
    """The kubeconfig of an existing cluster; raises LabError when it is not there."""
    file = Path(os.environ.get("KUBECONFIG") or Path.home() / ".kube/config")
    if not file.is_file():
        raise LabError(
            "there is no cluster to verify",
            expected="a kubeconfig at KUBECONFIG, or at ~/.kube/config",
            seen=f"no file {file}",
            remedy="set KUBECONFIG to the kubeconfig of the cluster",
        )
    return file
