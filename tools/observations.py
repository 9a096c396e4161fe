"""Observations of a lab: that a change has taken effect, and that the lab is intact again."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urljoin

from lab.config.entry_points import INGRESS_URL
from lab.context import Lab
from lab.errors import LabError
from lab.k8s.objects import ObjectRef, load_balancer_ip
from lab.k8s.readiness import is_ready
from lab.k8s.workloads import WORKLOADS, is_workload_ready
from lab.layers import direct_requests, nginx_site
from lab.layers.ingress_admission import try_duplicate
from lab.run.waiting import poll, wait_until
from lab.web.browser_user import USER_INFO_PATH, USERID_HEADER
from lab.web.hosts import NGINX_HOST
from lab.web.http_client import FormResult

EFFECT_TIMEOUT, RESTORE_TIMEOUT = 90, 180
NGINX_URL = f"http://{NGINX_HOST}"
SITE = ObjectRef("Ingress", nginx_site.INGRESS, nginx_site.NAMESPACE)
HTTP_TIMEOUT = 5
TRANSIENT = (OSError, LabError)
"""Exceptions of an observation while pods start and end."""


@dataclass(frozen=True)
class Condition:
    """A condition that a lab can meet.

    Args:
        description: The awaited state, as in "the pods to be ready".
        is_met: Returns whether a lab meets it.
    """

    description: str
    is_met: Callable[[Lab], bool]


def has_no_pods(namespace: str, selector: str) -> Condition:
    """Return the condition that a namespace has no pods with these labels."""
    return Condition(
        f"all pods with {selector} in {namespace} to be gone",
        lambda lab: not lab.kube.list_objects("Pod", namespace, selector),
    )


def has_only_new_pods(namespace: str, selector: str, text: str) -> Condition:
    """Return the condition that all pods with these labels are ready and from after a change.

    Args:
        namespace: The namespace.
        selector: The label selector.
        text: A text that only the specifications of the new pods contain.
    """

    def is_met(lab: Lab) -> bool:
        pods = lab.kube.list_objects("Pod", namespace, selector)
        return bool(pods) and all(is_ready(pod) and text in json.dumps(pod["spec"]) for pod in pods)

    return Condition(f"the pods with {selector} in {namespace} to be replaced by pods with {text}", is_met)


def has_pod_status(namespace: str, selector: str, text: str) -> Condition:
    """Return the condition that the status of a pod with these labels contains a text."""

    def is_met(lab: Lab) -> bool:
        pods = lab.kube.list_objects("Pod", namespace, selector)
        return any(text in json.dumps(pod.get("status")) for pod in pods)

    return Condition(f"the status of a pod with {selector} in {namespace} to contain {text!r}", is_met)


def has_status(name: str, text: str) -> Condition:
    """Return the condition that the status of an object contains a text.

    Args:
        name: The object, as NAMESPACE/KIND/NAME.
        text: The text.
    """
    ref = ObjectRef.parse(name)

    def is_met(lab: Lab) -> bool:
        return text in json.dumps((lab.kube.get(ref.kind, ref.name, ref.namespace) or {}).get("status"))

    return Condition(f"the status of {ref} to contain {text!r}", is_met)


def has_pod_event(namespace: str, pod: str, text: str) -> Condition:
    """Return the condition that an event about a pod, whose name begins with a text, contains another text."""

    def is_met(lab: Lab) -> bool:
        events = lab.kube.list_objects("Event", namespace)
        names = ((event, str(event["involvedObject"].get("name"))) for event in events)
        return any(text in str(event.get("message")) for event, name in names if name.startswith(pod))

    return Condition(f"an event about a pod {pod} in {namespace} to contain {text!r}", is_met)


def has_event(namespace: str, name: str, text: str) -> Condition:
    """Return the condition that an event about the object of a name contains a text."""

    def is_met(lab: Lab) -> bool:
        events = lab.kube.list_objects("Event", namespace)
        return any(text in json.dumps(event) for event in events if event["involvedObject"]["name"] == name)

    return Condition(f"an event about {name} in {namespace} to contain {text!r}", is_met)


def has_address(namespace: str, service: str, address: str) -> Condition:
    """Return the condition that a Service has an external address."""
    return Condition(
        f"the Service {service} to have the address {address}",
        lambda lab: str(load_balancer_ip(lab.kube.get("Service", service, namespace))) == address,
    )


def has_external_address(kind: str, namespace: str, name: str) -> Condition:
    """Return the condition that a Service or an Ingress has any external address."""
    return Condition(
        f"the {kind} {name} to have an external address",
        lambda lab: load_balancer_ip(lab.kube.get(kind, name, namespace)) is not None,
    )


def has_endpoint(namespace: str, service: str) -> Condition:
    """Return the condition that a Service has a ready endpoint."""

    def is_met(lab: Lab) -> bool:
        endpoints = lab.kube.get("Endpoints", service, namespace) or {}
        return any(subset.get("addresses") for subset in endpoints.get("subsets") or [])

    return Condition(f"the Service {service} in {namespace} to have a ready endpoint", is_met)


def exists(kind: str, name: str, namespace: str = "") -> Condition:
    """Return the condition that an object exists."""
    return Condition(f"the {kind} {name} to exist", lambda lab: lab.kube.get(kind, name, namespace or None) is not None)


def is_rolled_out(name: str) -> Condition:
    """Return the condition that a workload has all its replicas, and no pods of an earlier revision.

    Args:
        name: The workload, as NAMESPACE/KIND/NAME.
    """
    ref = ObjectRef.parse(name)

    def is_met(lab: Lab) -> bool:
        workload = lab.kube.get(ref.kind, ref.name, ref.namespace)
        return workload is not None and is_workload_ready(workload)

    return Condition(f"the {ref} to be rolled out", is_met)


def meets_all(*conditions: Condition) -> Condition:
    """Return the condition that a lab meets several conditions."""
    return Condition(
        ", and ".join(condition.description for condition in conditions),
        lambda lab: all(condition.is_met(lab) for condition in conditions),
    )


def returns_status(url: str, status: int) -> Condition:
    """Return the condition that a page of the lab is answered with an HTTP status."""
    return Condition(f"{url} to return {status}", lambda lab: _get_status(url, lab) == status)


def accepts_second_ingress() -> Condition:
    """Return the condition that the API server accepts a second Ingress for the host and the path of the test site."""
    return Condition(
        f"the API server to accept a second Ingress for {NGINX_HOST}",
        lambda lab: not try_duplicate(lab.kube, SITE, NGINX_HOST),
    )


def rejects_second_ingress(reason: str) -> Condition:
    """Return the condition that the API server rejects such an Ingress, for a reason that contains a text."""
    return Condition(
        f"the API server to reject a second Ingress for {NGINX_HOST}: {reason}",
        lambda lab: reason in try_duplicate(lab.kube, SITE, NGINX_HOST),
    )


def shows_text(url: str, text: str) -> Condition:
    """Return the condition that the page to which a URL redirects contains a text."""
    return Condition(f"{url} to show {text!r}", lambda lab: text in lab.http.follow(translate_url(url, lab)).text)


def shows_choice(text: str) -> Condition:
    """Return the condition that Dex shows a choice of connectors that contains a text, before its login form."""

    def is_met(lab: Lab) -> bool:
        entry_point = lab.settings.main_entry_point
        redirects = lab.http.follow(entry_point).history  # `follow` itself chooses the login with a password
        to_dex = next((page for page in redirects if "/dex/auth?" in page.headers["Location"]), None)
        return to_dex is not None and text in lab.http.get(urljoin(to_dex.url, to_dex.headers["Location"])).text

    return Condition(f"Dex to show a choice with {text!r}", is_met)


def identifies_owner_as(user: str, claimed_user: str = "") -> Condition:
    """Return the condition that the dashboard identifies the owner, who is logged in, as a user.

    Args:
        user: The user.
        claimed_user: The value of the user header in the owner's request; without that header if empty.
    """

    def is_met(lab: Lab) -> bool:
        cookies = log_in(lab.settings.user, lab).cookies
        headers = {USERID_HEADER: claimed_user} if claimed_user else {}
        answer = lab.http.get(f"{lab.settings.main_entry_point}{USER_INFO_PATH}", headers=headers, cookies=cookies)
        return f'"user":"{user}"' in answer.text.replace(" ", "")

    return Condition(f"the dashboard to identify the owner as {user}", is_met)


def accepts_pod(service: str, path: str) -> Condition:
    """Return the condition that a Service of Kubeflow answers a pod that poses as the owner."""

    def is_met(lab: Lab) -> bool:
        [answer] = direct_requests.send_requests(lab, {service: path}, {USERID_HEADER: lab.settings.user})
        return not answer.is_rejection

    return Condition(f"the Service {service} to answer a pod that poses as the owner", is_met)


def rejects_owner() -> Condition:
    """Return the condition that Dex rejects the owner's password."""
    return Condition(
        "Dex to reject the owner's password",
        lambda lab: bool(log_in(lab.settings.user, lab).login_error),
    )


def fails_login(status: int) -> Condition:
    """Return the condition that the owner's login ends with an HTTP status."""
    return Condition(
        f"the owner's login to end with the status {status}",
        lambda lab: log_in(lab.settings.user, lab).answer.status_code == status,
    )


def accepts_login(user: str) -> Condition:
    """Return the condition that Dex accepts a user with the owner's password."""

    def is_met(lab: Lab) -> bool:
        result = log_in(user, lab)
        return not result.login_error and "/dex/" not in result.answer.url

    return Condition(f"Dex to accept the login of {user}", is_met)


def wait_for(condition: Condition, lab: Lab) -> None:
    """Wait until a changed lab meets a condition.

    Raises:
        WaitTimeoutError: If it does not meet the condition in time.
    """
    wait_until(
        poll(lambda: condition.is_met(lab), every=0.3, transient=TRANSIENT),
        satisfied=bool,
        timeout=EFFECT_TIMEOUT,
        waiting_for=condition.description,
        journal=lab.journal,
        describe=lambda _: "the change has had no effect",
        remedy="make the change by hand in `make shell`",
    )


def find_problems(lab: Lab) -> set[str]:
    """Return what is not intact in a lab now, as far as it can be observed."""
    found: set[str] = set()
    with suppress(*TRANSIENT):
        found.update(_list_problems(lab))
    return found


def wait_until_intact(lab: Lab, known_problems: Collection[str] = ()) -> None:
    """Wait until no workload is being rolled out, both sites answer, and the owner can log in.

    Args:
        lab: The lab.
        known_problems: Problems that the lab had before it was changed, such as workloads of another user.

    Raises:
        WaitTimeoutError: If the lab is not intact in time.
    """
    wait_until(
        poll(
            lambda: next((problem for problem in _list_problems(lab) if problem not in known_problems), ""),
            every=0.5,
            transient=TRANSIENT,
        ),
        satisfied=lambda problem: not problem,
        timeout=RESTORE_TIMEOUT,
        waiting_for="the lab to be intact again",
        journal=lab.journal,
        remedy='`make lab ARGS="--keep-lab"` corrects the lab, and `make down` removes it',
    )


def _list_problems(lab: Lab) -> Iterator[str]:
    for kind in WORKLOADS:
        for workload in lab.kube.list_objects(kind):
            if not is_workload_ready(workload):
                yield f"the {kind} {workload['metadata']['name']} is not ready"
    for daemon_set in lab.kube.list_objects("DaemonSet"):
        status, metadata = daemon_set["status"], daemon_set["metadata"]
        if not status.get("numberReady") or status.get("observedGeneration", 0) < metadata.get("generation", 0):
            yield f"the DaemonSet {metadata['name']} is not ready"
    for kind in ("Pod", "Namespace"):
        for obj in lab.kube.list_objects(kind):
            if "deletionTimestamp" in obj["metadata"]:
                yield f"the {kind} {obj['metadata']['name']} is being deleted"
    for certificate in lab.kube.list_objects("Certificate"):
        if not is_ready(certificate):
            yield f"the Certificate {certificate['metadata']['name']} is not ready"
    for ingress in lab.kube.list_objects("Ingress"):  # the controller removes the address when it ends
        if load_balancer_ip(ingress) is None:
            yield f"the Ingress {ingress['metadata']['name']} has no address"
    for url, expected in ((NGINX_URL, 200), (INGRESS_URL, 302)):
        if (status := _get_status(url, lab)) != expected:
            yield f"{url} returns {status}"
    if not identifies_owner_as(lab.settings.user, claimed_user="nobody@example.com").is_met(lab):
        yield "the dashboard does not identify the owner"


def log_in(user: str, lab: Lab) -> FormResult:
    """Log in as a user, with the owner's password, at the main entry point."""
    password = lab.settings.password.get_secret_value()
    return lab.http.submit_form(lab.settings.main_entry_point, {"login": user, "password": password})


def translate_url(url: str, lab: Lab) -> str:
    """Return a URL of the tutorial's Ingress at the main entry point of a lab; any other URL as it is."""
    return url.replace(INGRESS_URL, lab.settings.main_entry_point, 1) if url.startswith(INGRESS_URL) else url


def _get_status(url: str, lab: Lab) -> int:
    return lab.http.get(translate_url(url, lab), timeout=HTTP_TIMEOUT).status_code
