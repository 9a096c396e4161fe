"""The tutorial's test of the Ingress controller: an nginx site, and an Ingress that exposes it."""

from __future__ import annotations

from collections.abc import Callable

import requests

from lab.context import Lab
from lab.errors import diagnose_if_permitted
from lab.k8s.objects import Object, ObjectRef, describe_external_addresses, get_nested, load_balancer_ips
from lab.k8s.readiness import wait_for_pods
from lab.layers.ingress import ANSWERS, READ_LOG, Backend, create_ingress, diagnose_ingress
from lab.run.waiting import poll, root_cause, wait_until
from lab.web.hosts import NGINX_HOST

NAME = "nginx"
INGRESS = "ingress-nginx-svc"
NAMESPACE = "default"
URL = f"http://{NGINX_HOST}"
WELCOME = "Welcome to nginx!"
"""A text of nginx's default page."""
READY_TIMEOUT = 120
SERVED_TIMEOUT = 60
ANSWER_TIMEOUT = 5


class NginxSite:
    """An nginx Deployment, its Service, and the Ingress for its host.

    Args:
        lab: The lab.
        wait_for_controller: Returns when the Ingress controller is installed, which may be at the same time.
    """

    name = "nginx site"

    def __init__(self, lab: Lab, wait_for_controller: Callable[[], object]) -> None:
        self.lab, self._wait_for_controller = lab, wait_for_controller
        self.address = lab.settings.ingress_address
        self.ingress = ObjectRef("Ingress", INGRESS, NAMESPACE)

    def problem(self) -> str | None:
        """Return which object is missing, or that the site is not served at its host; or None."""
        for kind, name in (("Deployment", NAME), ("Service", NAME), ("Ingress", INGRESS)):
            if self.lab.kube.get(kind, name, NAMESPACE) is None:
                return f"there is no {kind} {name}"
        ingress = self.get_ingress()
        if self.address not in load_balancer_ips(ingress):
            return f"the address of the Ingress {INGRESS} is {describe_external_addresses(ingress)}"
        try:
            status = self._get_status()
        except OSError as error:
            return f"{URL} does not answer: {root_cause(error)}"
        return None if status == requests.codes.ok else f"{URL} returns {status}"

    def install(self) -> None:
        """Create the missing objects, as the tutorial does, and wait until the controller serves the site.

        Raises:
            LabError: If an object is rejected.
            WaitError: If the pod does not become ready, or the site is not served.
        """
        kube = self.lab.kube
        if kube.get("Deployment", NAME, NAMESPACE) is None:
            self.lab.shell.run("kubectl", "create", "deployment", NAME, "--image=nginx")
        if kube.get("Service", NAME, NAMESPACE) is None:
            self.lab.shell.run("kubectl", "create", "service", "clusterip", NAME, "--tcp=80:80")
        wait_for_pods(kube, NAMESPACE, f"app={NAME}", 1, READY_TIMEOUT, "the pod of the nginx site to be ready")
        self._wait_for_controller()
        create_ingress(kube, INGRESS, NGINX_HOST, Backend(NAMESPACE, NAME, 80), self.address)
        wait_until(
            poll(lambda: {self._get_status() for _ in range(ANSWERS)}, every=0.1, transient=(OSError,)),
            satisfied=lambda statuses: statuses == {requests.codes.ok},
            describe=lambda statuses: f"it returns {' or '.join(map(str, sorted(statuses)))}",
            timeout=SERVED_TIMEOUT,
            waiting_for=f"{URL} at {self.address} to return the nginx site",
            journal=self.lab.journal,
            remedy=READ_LOG,
        )

    def get_ingress(self) -> Object | None:
        """Return the Ingress, into which the controller writes its address; or None."""
        return self.lab.kube.get("Ingress", INGRESS, NAMESPACE)

    def get_ingress_class(self) -> str | None:
        """Return the class of the Ingress."""
        name: str | None = get_nested(self.get_ingress(), "spec", "ingressClassName")
        return name

    def diagnose(self) -> list[str]:
        """Return the reasons why the Ingress does not forward requests to the site; empty if it does."""
        return diagnose_if_permitted(lambda: diagnose_ingress(self.lab.kube, NAMESPACE, INGRESS, NGINX_HOST))

    def get_404_page(self) -> str:
        """Return the page that the site itself returns for a missing page."""
        return self.lab.http.get(f"{URL}/no-such-page", timeout=ANSWER_TIMEOUT).text

    def _get_status(self) -> int:
        return self.lab.http.get(f"{URL}/", timeout=ANSWER_TIMEOUT).status_code
