"""The tutorial's test of the Ingress controller: an nginx site, and an Ingress that exposes it."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address

import requests

from lab.cluster import Cluster
from lab.ingress import Backend, expose, published_address, unserved
from lab.readiness import wait_for_pods
from lab.resolving import session
from lab.site import Site
from lab.waiting import polling, root_of, wait_until

NAME = "nginx"
INGRESS = "ingress-nginx-svc"
NAMESPACE = "default"
HOST = "nginx.example.it"
WELCOME = "Welcome to nginx!"
"""What nginx's own page says."""
READY_TIMEOUT = 120
SERVED_TIMEOUT = 60


class NginxSite:
    """An nginx Deployment, its Service, and the Ingress for its host.

    Arguments:
        controller_there: comes back when there is an Ingress controller, which may be on its way while nginx starts.
    """

    name = "nginx site"

    def __init__(self, site: Site, cluster: Cluster, controller_there: Callable[[], object]) -> None:
        self.site, self.kube, self._controller_there = site, cluster.kube, controller_there
        self.address = site.settings.ingress_address

    def wrong(self) -> str | None:
        """What of Deployment, Service and Ingress is missing or not served; None when all is right."""
        for kind, name in (("Deployment", NAME), ("Service", NAME), ("Ingress", INGRESS)):
            if self.kube.one(kind, name, NAMESPACE) is None:
                return f"no {kind} {name}"
        if self.published_address() != self.address:
            return f"the Ingress's address is {self.published_address()}"
        try:
            status = self._status()
        except OSError as error:
            return f"http://{HOST} does not answer: {root_of(error)}"
        return None if status == requests.codes.ok else f"http://{HOST} answers {status}"

    def install(self) -> None:
        """Creates what is missing, as the tutorial does, and waits until the controller serves it."""
        if self.kube.one("Deployment", NAME, NAMESPACE) is None:
            self.site.terminal.run("kubectl", "create", "deployment", NAME, "--image=nginx")
        if self.kube.one("Service", NAME, NAMESPACE) is None:
            self.site.terminal.run("kubectl", "create", "service", "clusterip", NAME, "--tcp=80:80")
        wait_for_pods(self.kube, NAMESPACE, f"app={NAME}", 1, READY_TIMEOUT, "the nginx site's pod is ready")
        self._controller_there()
        expose(self.kube, INGRESS, HOST, Backend(NAMESPACE, NAME, 80), self.address)
        wait_until(
            polling(self._status, every=0.1, passing=(OSError,)),
            satisfied=lambda status: status == requests.codes.ok,
            show=lambda status: f"it answers {status}",
            timeout=SERVED_TIMEOUT,
            what=f"http://{HOST} at {self.address} answers",
            remedy="the Ingress controller's log says what it does with the Ingress",
        )

    def published_address(self) -> IPv4Address | None:
        """The address that the controller has written into the Ingress."""
        return published_address(self.kube.one("Ingress", INGRESS, NAMESPACE))

    def ingress_class(self) -> str | None:
        """The class that the Ingress has got."""
        ingress = self.kube.one("Ingress", INGRESS, NAMESPACE) or {"spec": {}}
        name: str | None = ingress["spec"].get("ingressClassName")
        return name

    def unserved(self) -> list[str]:
        """What keeps the Ingress from leading visitors to the site, in words; empty when nothing does."""
        return unserved(self.kube, NAMESPACE, INGRESS, HOST)

    def page_not_found(self) -> str:
        """The page by which the site itself says that it has no such page."""
        return self._get("/no-such-page").text

    def _status(self) -> int:
        return self._get("/").status_code

    def _get(self, path: str) -> requests.Response:
        with session({HOST: self.address}) as http:
            return http.get(f"http://{HOST}{path}", timeout=5)
