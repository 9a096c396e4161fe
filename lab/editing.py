"""Changing an installed Kubeflow as the tutorial shows, by a file of the manifests; and changing it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from lab import doors
from lab.applying import built
from lab.errors import LabError
from lab.kube import Kube, named
from lab.manifests import Manifests
from lab.readiness import not_ready
from lab.resolving import session
from lab.rollout import workload_is_ready
from lab.site import Site
from lab.waiting import polling, wait_until

ROLLOUT_TIMEOUT = 120


@dataclass(frozen=True)
class Edit:
    """A change to one file of the manifests, and what it is applied by.

    Arguments:
        file: the file, by its path in the manifests.
        change: makes its new text of its old one.
        folder: the folder that is built and applied.
        namespace, deployment: what must be rolled out anew.
        restart: whether it must be restarted, since it reads the change only when it starts.
        path: a path of the deployment's that must answer afterwards, at the Ingress.
    """

    file: str
    change: Callable[[str], str]
    folder: str
    namespace: str
    deployment: str
    restart: bool
    path: str

    @contextmanager
    def made(self, site: Site, kube: Kube, manifests: Manifests) -> Iterator[None]:
        """Makes the change, and takes it back at the end, also when something fails meanwhile.

        Raises LabError when the file does not have what is to be changed, or the change does not come up.
        """
        file = manifests.folder / self.file
        old = file.read_text()
        new = self.change(old)
        if new == old:
            raise LabError(
                f"{self.file} does not have what is to be changed",
                expected="the text that this release's manifests have there",
                seen=f"{len(old.splitlines())} lines without it",
                remedy=f"look at {file}, and at [password] or [web_apps] in lab/releases",
            )
        try:
            file.write_text(new)
            self._roll_out(site, kube, manifests)
            yield
        finally:
            file.write_text(old)
            self._roll_out(site, kube, manifests)

    def _roll_out(self, site: Site, kube: Kube, manifests: Manifests) -> None:
        terminal = site.terminal
        terminal.run("kubectl", "apply", "-f", "-", stdin=built(terminal, manifests.folder, self.folder))
        if self.restart:
            terminal.run("kubectl", "rollout", "restart", f"deployment/{self.deployment}", "-n", self.namespace)
        wait_until(
            kube.watching("Deployment", self.namespace),
            satisfied=lambda found: (one := named(found, self.deployment)) is not None and workload_is_ready(one),
            show=lambda found: f"its status is {(named(found, self.deployment) or {}).get('status')}",
            timeout=ROLLOUT_TIMEOUT,
            what=f"the new {self.deployment} is ready",
            remedy=f"`python -m lab exec -- kubectl describe deployment -n {self.namespace} {self.deployment}`",
        )
        deployment = kube.one("Deployment", self.deployment, self.namespace) or {}
        labels = deployment["spec"]["selector"]["matchLabels"]
        wait_until(
            kube.watching("Pod", self.namespace, ",".join(f"{name}={value}" for name, value in labels.items())),
            satisfied=lambda pods: len(pods) == deployment["spec"]["replicas"] and not not_ready(pods),
            show=lambda pods: f"the pods {', '.join(pod['metadata']['name'] for pod in pods)}",
            timeout=ROLLOUT_TIMEOUT,
            what=f"the old {self.deployment} is gone, which would answer as before",
            remedy=f"`python -m lab exec -- kubectl get pods -n {self.namespace}`",
        )
        wait_until(
            polling(lambda: self._status(site), every=0.2, passing=(OSError,)),
            satisfied=lambda status: status < requests.codes.server_error,
            show=lambda status: f"it answers {status}",
            timeout=ROLLOUT_TIMEOUT,
            what=f"the gateway leads to the new {self.deployment}",
            remedy="`kubectl logs -n istio-system deploy/istio-ingressgateway` says where it leads",
        )

    def _status(self, site: Site) -> int:
        with session({doors.HOST: site.settings.ingress_address}) as http:
            return http.get(f"http://{doors.HOST}{self.path}", timeout=5, allow_redirects=False).status_code
