"""Kubeflow's manifests, and Kubeflow as it is installed from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import yaml

from lab.applying import apply_in_rounds, built
from lab.authservice import NAMESPACE, PARAMETERS
from lab.cluster import Cluster
from lab.kube import Object
from lab.releases import Release
from lab.rollout import wait_until_ready, workload_is_ready
from lab.site import Site
from lab.terminal import Terminal

TARGET = "example"
IDENTITIES = '{range .items[*]}{.kind}/{.metadata.name} {.metadata.namespace}{"\\n"}{end}'
INSTALL_TIMEOUT = 600
READY_TIMEOUT = 900
PROFILE = "kubeflow-user-example-com"
CREATED_LATER = (f"{PROFILE}/ml-pipeline-ui-artifact", f"{PROFILE}/ml-pipeline-visualizationserver")
"""Workloads that no manifest has: controllers create them when the Profile is there."""


class Manifests:
    """The clone of the manifests' repository, at the pinned commit."""

    name = "manifests"

    def __init__(self, site: Site) -> None:
        self.terminal, self.source = site.terminal, site.source.manifests
        self.folder = site.home / "manifests"

    def wrong(self) -> str | None:
        """That the clone is missing, or at another commit, or changed; None when it is right."""
        if not (self.folder / ".git").is_dir():
            return "no clone of the manifests"
        if self.commit() != self.source.commit:
            return f"the clone is at commit {self.commit()}"
        changed = self._git("status", "--porcelain")
        return f"the clone is changed: {changed.splitlines()[0]}" if changed else None

    def install(self) -> None:
        """Clones the repository, as the tutorial does, and checks the pinned commit of its branch out.

        Raises LabError when the repository cannot be reached, or lacks branch or commit.
        """
        if not (self.folder / ".git").is_dir():
            self.terminal.run(
                *("git", "clone", "--quiet", self.source.repository, self.folder),
                remedy=f"see that {self.source.repository} can be reached, or give another source with --source",
            )
        self._git("checkout", "--quiet", "--force", self.source.branch)
        self._git("reset", "--quiet", "--hard", self.source.commit)

    def commit(self) -> str:
        """The commit that is checked out."""
        return self._git("rev-parse", "HEAD")

    def branches(self) -> list[str]:
        """The branches that contain the commit that is checked out."""
        return self._git("branch", "--format=%(refname:short)", "--contains", "HEAD").split()

    def _git(self, *arguments: str) -> str:
        terminal = Terminal(self.terminal.environment, self.folder)
        remedy = f"the repository {self.source.repository} must have the branch {self.source.branch} and the commit"
        return terminal.run("git", *arguments, remedy=f"{remedy} {self.source.commit}").output.strip()


class Kubeflow:
    """All of Kubeflow, by the tutorial's one command in a loop, waited for until it is ready."""

    name = "kubeflow"

    def __init__(
        self, site: Site, cluster: Cluster, manifests: Manifests, release: Release, tell: Callable[[str], None]
    ) -> None:
        self.site, self.kube, self.manifests, self.release, self.tell = site, cluster.kube, manifests, release, tell

    @property
    def log_folder(self) -> Path:
        """Where the output of each round of applying is kept."""
        return self.site.home / "kubeflow"

    def wrong(self) -> str | None:
        """What is missing or not ready; None when all is right."""
        for name in CREATED_LATER:  # the last to come
            namespace, _, workload = name.partition("/")
            if self.kube.one("Deployment", workload, namespace) is None:
                return f"no Deployment {name}"
        waiting = [one["metadata"]["name"] for one in self.workloads() if not workload_is_ready(one)]
        if waiting:
            return f"not ready: {', '.join(waiting)}"
        missing = self.missing_objects()
        return f"{len(missing)} objects are missing, such as {missing[0]}" if missing else None

    def install(self) -> None:
        """Applies the manifests in rounds until all are accepted, and waits until all that comes of them is ready.

        Raises LabError when an object is refused for good, or a pod can never become ready.
        """
        apply_in_rounds(
            self.site.terminal,
            built(self.site.terminal, self.manifests.folder, TARGET),
            self.log_folder,
            timeout=INSTALL_TIMEOUT,
            server_side=self.release.manifests.apply == "server",
        )
        wait_until_ready(
            self.kube, self.site.terminal, self.release.namespaces, CREATED_LATER, READY_TIMEOUT, self.tell
        )

    def missing_objects(self) -> list[str]:
        """The objects of the manifests that the cluster does not have, as KIND/NAME and namespace."""
        manifests = built(self.site.terminal, self.manifests.folder, TARGET)
        command = ("kubectl", "get", "--filename=-", "--ignore-not-found", f"--output=jsonpath={IDENTITIES}")
        there = set(self.site.terminal.run(*command, stdin=manifests).output.replace(" \n", "\n").splitlines())
        wanted = [one for one in yaml.load_all(manifests, yaml.CSafeLoader) if one]
        there |= {name.removesuffix(" default") for name in there}  # where an object without a namespace goes
        return [name for name in map(_identity, wanted) if name not in there]

    def authservice_parameters(self) -> dict[str, str]:
        """What authservice's ConfigMap says."""
        there = self.kube.one("ConfigMap", PARAMETERS, NAMESPACE) or {}
        return dict(there.get("data") or {})

    def workloads(self) -> list[Object]:
        """The Deployments and StatefulSets in the namespaces of Kubeflow."""
        return [
            one
            for kind in ("Deployment", "StatefulSet")
            for one in self.kube.all(kind)
            if one["metadata"]["namespace"] in self.release.namespaces
        ]

    def pods(self, namespace: str) -> list[Object]:
        """The pods of a namespace."""
        return self.kube.all("Pod", namespace)


def _identity(one: Object) -> str:
    return f"{one['kind']}/{one['metadata']['name']} {one['metadata'].get('namespace', '')}".rstrip()
