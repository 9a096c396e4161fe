"""Kubeflow as it is installed from its manifests: its objects, and its readiness."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property
from pathlib import Path

from lab import editing, images
from lab.applying import apply_in_rounds, built, documents
from lab.authservice import NAMESPACE, PARAMETERS
from lab.beside import beside
from lab.cluster import Cluster
from lab.kube import Kube, Object
from lab.manifests import Manifests
from lab.obstacles import full_name
from lab.ordering import in_order
from lab.releases import Release
from lab.rollout import WORKLOADS, wait_until_ready, workload_is_ready
from lab.served import check_served
from lab.site import Site
from lab.terminal import Terminal
from lab.webapps import THINGS

TARGET = "example"
INSTALL_TIMEOUT = 600
READY_TIMEOUT = 900
PROFILE = "kubeflow-user-example-com"
FIRST = ("istio-system/istiod", "kubeflow/training-operator")
"""The workloads that are applied ahead of the others, in every release, since all wait for them.

istiod makes the ConfigMap istio-ca-root-cert, without which no gateway starts. training-operator is the slowest: for
each of its kinds it asks for all groups of the API, five a second, which takes it three quarters of a minute.
"""
LAST = ("auth/dex",)
"""The workloads that are applied behind the others: while all start, the API server may be too slow for Dex's patience.

It then gives up to make its keys, and is ready without any for half a minute.
"""
CREATED = "lab-"
"""With which the name of all begins that scenarios create in the web apps."""


class Kubeflow:
    """All objects of Kubeflow, accepted by the API server: by the tutorial's one command in a loop, or part by part.

    Arguments:
        example: what kustomize makes of all manifests, as they are at first; scenarios that change some take it back.
        tell: is told how it goes on.
    """

    name = "kubeflow"

    def __init__(
        self,
        site: Site,
        cluster: Cluster,
        manifests: Manifests,
        example: str,
        release: Release,
        tell: Callable[[str], None],
    ) -> None:
        self.site, self.kube, self.manifests, self.release, self.tell = site, cluster.kube, manifests, release, tell
        self._whole = example

    @property
    def log_folder(self) -> Path:
        """Where the output of each round of applying is kept."""
        return self.site.home / "kubeflow"

    def wrong(self) -> str | None:
        """What is missing, or was changed since it was applied, here or in the manifests; None when all is right."""
        if changed := editing.left_behind(self.site):
            return f"an interrupted run has changed {', '.join(changed)}"
        if self._applied.exists() and self._applied.read_text() != self._digest:
            return "other manifests were applied last"
        if lacking := next(missing(documents(self._whole), self.kube), None):
            return f"objects are missing, such as {lacking}"
        return next(iter(self.stopped()), None)

    def install(self) -> None:
        """Applies the manifests in rounds until all are accepted; part by part, each part is waited for, too.

        Tells meanwhile which images cannot be had. Nothing is refused for that: a node may have them already.

        Raises LabError when the cluster does not serve a kind of object, or refuses an object for good, or, part by
        part, a pod can never become ready.
        """
        check_served(documents(self._whole), self.kube, self.release)
        with beside(self._tell_of_missing_images) as telling:
            if self.site.settings.install == "single":
                self._apply(self._whole, self.log_folder)
            else:
                self._install_parts()
            telling.result()
        editing.restart_what_was_left_behind(self.site)
        self._applied.write_text(self._digest)

    def missing_objects(self) -> list[str]:
        """The objects of the manifests that the cluster does not have, as KIND/NAME and namespace."""
        return list(missing(documents(self._whole), self.kube))

    def stopped(self) -> list[str]:
        """The workloads that are set to no replica where the manifests want some, in words."""
        return stopped(documents(self._whole), self.kube)

    def authservice_parameters(self) -> dict[str, str]:
        """What authservice's ConfigMap says, but for what this release has in it beside the tutorial's parameters."""
        there, beside = self.kube.one("ConfigMap", PARAMETERS, NAMESPACE) or {}, self.release.front_end.more_parameters
        return {name: value for name, value in (there.get("data") or {}).items() if beside.get(name) != value}

    def workloads(self) -> list[Object]:
        """The Deployments and StatefulSets in the namespaces of Kubeflow."""
        return [
            one
            for kind in WORKLOADS
            for one in self.kube.all(kind)
            if one["metadata"]["namespace"] in self.release.namespaces
        ]

    def pods(self, namespace: str) -> list[Object]:
        """The pods of a namespace."""
        return self.kube.all("Pod", namespace)

    @property
    def _applied(self) -> Path:
        """The file with the digest of what was applied last."""
        return self.log_folder / "applied.sha256"

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(self._whole.encode()).hexdigest()

    def _built(self, *folders: str) -> str:
        return "---\n".join(built(self.site.terminal, self.manifests.folder, folder) for folder in folders)

    def _tell_of_missing_images(self) -> None:
        named = images.named_in(documents(self._whole))
        gateway = self.site.settings.gateway
        mirrors = {
            host: [url.format(gateway=gateway) for url in urls] for host, urls in self.site.source.mirrors.items()
        }
        lines = [f"  {one.reference}: {one.because}" for one in images.missing(named, mirrors)]
        self.tell(f"{len(named) - len(lines)} of {len(named)} images of the manifests can be had")
        if lines:
            self.tell("\n".join(["these cannot; pods that need them will not start:", *lines]))

    def _install_parts(self) -> None:
        parts = self.release.parts
        for number, part in enumerate(parts, 1):
            self.tell(f"part {number} of {len(parts)}: {part.name}")
            manifests = self._built(*part.folders)
            self._apply(manifests, self.log_folder / f"part-{number:02}")
            self._wait_for(documents(manifests))

    def _apply(self, manifests: str, log_folder: Path) -> None:
        apply_in_rounds(
            self.site.terminal,
            in_order(manifests, FIRST, LAST),
            log_folder,
            timeout=INSTALL_TIMEOUT,
            server_side=self.release.manifests.apply == "server",
            tell=self.tell,
        )

    def _wait_for(self, part: Iterable[Object]) -> None:
        workloads = [one["metadata"] for one in part if one["kind"] in WORKLOADS]
        wait_until_ready(
            self.kube,
            self.site.terminal,
            {one["namespace"] for one in workloads},
            [f"{one['namespace']}/{one['name']}" for one in workloads],
            READY_TIMEOUT,
            self.tell,
        )


class Readiness:
    """All workloads of Kubeflow, ready: those of the manifests, and those that its own controllers create later."""

    name = "readiness"

    def __init__(self, kubeflow: Kubeflow) -> None:
        self._kubeflow = kubeflow

    def wrong(self) -> str | None:
        """What is not ready, or was left by an interrupted run and need never become so; None when all is right."""
        kube = self._kubeflow.kube
        if left := left_behind(kube):
            return f"an interrupted run has left {', '.join(left)}"
        for name in self._kubeflow.release.created_later:
            namespace, _, workload = name.partition("/")
            if kube.one("Deployment", workload, namespace) is None:
                return f"no Deployment {name}"
        waiting = [one["metadata"]["name"] for one in self._kubeflow.workloads() if not workload_is_ready(one)]
        return f"not ready: {', '.join(waiting)}" if waiting else None

    def install(self) -> None:
        """Waits for it, without what was left; raises LabError when a pod can never become ready."""
        kubeflow, release = self._kubeflow, self._kubeflow.release
        delete_created(left_behind(kubeflow.kube), kubeflow.site.terminal)
        wait_until_ready(
            kubeflow.kube,
            kubeflow.site.terminal,
            release.namespaces,
            release.created_later,
            READY_TIMEOUT,
            kubeflow.tell,
        )


def images_in_order(example: str) -> list[str]:
    """The images that manifests name, full references, those of the workloads that are applied first before the others.

    Arguments:
        example: YAML documents.
    """
    whole = documents(example)
    first = [one for one in whole if one["kind"] in WORKLOADS and full_name(one) in FIRST]
    return list(dict.fromkeys([*images.named_in(first), *images.named_in(whole)]))


def left_behind(kube: Kube) -> list[str]:
    """What scenarios of an interrupted run have created in the web apps, as RESOURCE/NAME."""
    return [
        f"{thing.resource}/{one['metadata']['name']}"
        for thing in THINGS.values()
        for one in kube.all(thing.kind)
        if one["metadata"]["namespace"] == PROFILE and one["metadata"]["name"].startswith(CREATED)
    ]


def delete_created(things: Collection[str], terminal: Terminal) -> None:
    """Deletes what was created in the web apps, given as RESOURCE/NAME; what is gone already does no harm."""
    if things:
        terminal.run("kubectl", "delete", "--namespace", PROFILE, *things, "--ignore-not-found", "--wait=false")


def missing(wanted: Iterable[Object], kube: Kube) -> Iterator[str]:
    """The objects that a cluster does not have, as KIND/NAME and namespace; looks at a kind at a time."""
    by_kind: dict[tuple[str, str], list[Object]] = {}
    for one in wanted:
        by_kind.setdefault((one["apiVersion"], one["kind"]), []).append(one["metadata"])
    for (api_version, kind), objects in by_kind.items():
        there = kube.names(api_version, kind)
        # A manifest may have no namespace where the cluster has the default one, or one where the kind has none.
        lacking = [
            one for one in objects if not {(one.get("namespace", "default"), one["name"]), ("", one["name"])} & there
        ]
        yield from (f"{kind}/{one['name']} {one.get('namespace', '')}".rstrip() for one in lacking)


def stopped(wanted: Iterable[Object], kube: Kube) -> list[str]:
    """The workloads of a cluster that are set to no replica where manifests want some, in words.

    Such a workload has all that it wants, and passes for ready.
    """
    numbers = {
        (one["kind"], full_name(one)): one["spec"].get("replicas", 1) for one in wanted if one["kind"] in WORKLOADS
    }
    return [
        f"{kind} {full_name(one)} is set to 0 replicas, and the manifests want {number}"
        for kind in WORKLOADS
        for one in kube.all(kind)
        if one["spec"].get("replicas") == 0 and (number := numbers.get((kind, full_name(one))))
    ]
