"""The second entry point of Kubeflow: an Ingress that exposes the gateway at kubeflow.example.it."""

from __future__ import annotations

from collections.abc import Mapping

import requests

from lab.config.entry_points import INGRESS_URL, KUBEFLOW_HOST
from lab.context import Lab
from lab.errors import WaitError, diagnose_if_permitted
from lab.k8s.objects import Object, describe_external_addresses, load_balancer_ips
from lab.layers import auth_chain, gateway, token_keys
from lab.layers.ingress import ANSWERS, Backend, create_ingress, diagnose_ingress, list_hosts
from lab.run.waiting import poll, root_cause, wait_until
from lab.web.http_client import is_served

INGRESS = "svc-istio-ingressgateway"
SERVED_TIMEOUT = 30
KEYS_TIMEOUT = 60
"""Seconds for Dex to have signing keys.

If Dex cannot create keys when it starts, it tries again half a minute later, and is ready all the same.
"""
HTTPS_REDIRECTS = (301, 307, 308)
"""The statuses with which gateways redirect to HTTPS; auth_chain.check_login reports such a redirect."""
ANSWER_TIMEOUT = 5


class KubeflowIngress:
    """The Ingress for kubeflow.example.it, which forwards requests to the gateway.

    Args:
        lab: The lab.
    """

    name = "Kubeflow Ingress"

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def problem(self) -> str | None:
        """Return that the Ingress is missing, has another address, or does not reach the gateway; or None."""
        ingress = self.get_ingress()
        if ingress is None:
            return f"there is no Ingress {INGRESS}"
        if self.lab.settings.ingress_address not in load_balancer_ips(ingress):
            return f"the address of the Ingress {INGRESS} is {describe_external_addresses(ingress)}"
        if self.lab.settings.kind.is_installed and ingress["spec"].get("tls"):
            return f"the Ingress {INGRESS} uses HTTPS, which an interrupted run has left"
        try:
            status = get_status(self.lab)
        except OSError as error:
            return f"{INGRESS_URL} does not answer: {root_cause(error)}"
        return None if self._is_served(status) else f"{INGRESS_URL} returns {status}"

    def install(self) -> None:
        """Apply the Ingress, and wait until requests reach the auth proxy, and Dex has signing keys.

        Raises:
            LabError: If the API server rejects the Ingress.
            WaitError: If requests do not reach the gateway, or the gateway rejects them; with a diagnosis.
        """
        address = self.lab.settings.ingress_address
        self.apply()
        try:
            wait_until(
                poll(lambda: {get_status(self.lab) for _ in range(ANSWERS)}, every=0.1, transient=(OSError,)),
                satisfied=lambda statuses: all(map(self._is_served, statuses)),
                describe=lambda statuses: f"it returns {' or '.join(map(str, sorted(statuses)))}",
                timeout=SERVED_TIMEOUT,
                waiting_for=f"requests for {INGRESS_URL} at {address} to reach the auth proxy",
                journal=self.lab.journal,
                remedy="404 comes from the Ingress controller, 503 from the Ingress controller or the gateway, which "
                "reach no pod; read the log of the gateway: " + gateway.read_log(self.lab.settings),
            )
        except WaitError as error:
            raise type(error)(
                error.headline,
                expected=error.expected,
                seen="\n".join([error.seen, *map(str, auth_chain.diagnose(self.lab))]),
                remedy=error.remedy,
                known_failure=error.known_failure,
            ) from None
        wait_until(
            poll(lambda: get_status(self.lab, token_keys.PATH), every=0.1, transient=(OSError,)),
            satisfied=lambda status: status == requests.codes.ok or status in HTTPS_REDIRECTS,
            describe=lambda status: f"{INGRESS_URL}{token_keys.PATH} returns {status}",
            timeout=KEYS_TIMEOUT,
            waiting_for="Dex to have signing keys, without which every login fails",
            journal=self.lab.journal,
            remedy="read the log of Dex: `kubectl logs -n auth deployment/dex`",
        )

    def apply(self, tls_secret: str = "") -> None:
        """Apply the Ingress, and wait until it has the address of the Ingress controller.

        Args:
            tls_secret: The Secret with the certificate for HTTPS; empty for plain HTTP.

        Raises:
            LabError: If the API server rejects it.
            WaitTimeoutError: If it does not get the address.
        """
        service = gateway.find_service(self.lab.settings)
        backend = Backend(service.namespace, service.name, gateway.PORT)
        address = self.lab.settings.ingress_address
        create_ingress(self.lab.kube, INGRESS, KUBEFLOW_HOST, backend, address, tls_secret=tls_secret)

    def list_hosts(self) -> list[str]:
        """Return the hosts that the Ingress exposes; "*" if it exposes every host."""
        return list_hosts(self.get_ingress())

    def diagnose(self) -> list[str]:
        """Return why the Ingress does not forward requests to the gateway; empty if it does, or is no entry point."""
        if INGRESS_URL not in self.lab.settings.entry_points:
            return []
        return diagnose_if_permitted(lambda: diagnose_ingress(self.lab.kube, self._namespace, INGRESS, KUBEFLOW_HOST))

    def get_ingress(self) -> Object | None:
        """Return the Ingress, or None."""
        return self.lab.kube.get("Ingress", INGRESS, self._namespace)

    @property
    def _namespace(self) -> str:
        return gateway.find_service(self.lab.settings).namespace

    def _is_served(self, status: int) -> bool:
        return is_served(status, self.lab.release.auth_proxy.first_page)


def get_status(lab: Lab, path: str = "/", cookies: Mapping[str, str] | None = None) -> int:
    """Return the HTTP status of a page at kubeflow.example.it.

    Args:
        lab: The lab.
        path: The path of the page.
        cookies: The cookies to send, by name.

    Raises:
        OSError: If there is no answer.
    """
    return lab.http.get(f"{INGRESS_URL}{path}", cookies=cookies, timeout=ANSWER_TIMEOUT).status_code
