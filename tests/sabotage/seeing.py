"""Seeing that a break has come to be, and that a lab is whole again, before the suite looks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lab import doors, nginx_site
from lab.asking import ask, send_form
from lab.errors import LabError
from lab.ingress import published_address
from lab.readiness import is_ready
from lab.resolving import session
from lab.rollout import WORKLOADS, workload_is_ready
from lab.visitor import PASSWORD, USER, USERID_HEADER
from lab.waiting import polling, wait_until
from tests.sabotage.steps import Ground

BREAK_TIMEOUT, WHOLE_TIMEOUT = 90, 180
WHO_AM_I = "/api/workgroup/env-info"
PASSING = (OSError, LabError)
"""What looking may raise while things come and go."""


@dataclass(frozen=True)
class Sight:
    """Something that is to be seen: what, in words, and a look whether it is so."""

    what: str
    look: Callable[[Ground], bool]


def no_pod(namespace: str, selector: str) -> Sight:
    """No pod of these labels is left."""
    return Sight(f"no pod {selector} is in {namespace}", lambda ground: not ground.kube.all("Pod", namespace, selector))


def only_new_pods(namespace: str, selector: str, sign: str) -> Sight:
    """All pods of these labels have a text in them, as those that were made before a change do not."""

    def look(ground: Ground) -> bool:
        pods = ground.kube.all("Pod", namespace, selector)
        return bool(pods) and all(is_ready(pod) and sign in json.dumps(pod["spec"]) for pod in pods)

    return Sight(f"the pods {selector} in {namespace} are new ones, with {sign}", look)


def pod_says(namespace: str, selector: str, sign: str) -> Sight:
    """The status of a pod of these labels has a text in it."""

    def look(ground: Ground) -> bool:
        return any(sign in json.dumps(pod.get("status")) for pod in ground.kube.all("Pod", namespace, selector))

    return Sight(f"a pod {selector} in {namespace} says {sign}", look)


def has_said(sign: str, of: str, namespace: str) -> Sight:
    """An event about an object of a namespace has a text in it."""

    def look(ground: Ground) -> bool:
        events = ground.kube.all("Event", namespace)
        return any(sign in json.dumps(one) for one in events if one["involvedObject"]["name"] == of)

    return Sight(f"it is said of {of} in {namespace}: {sign}", look)


def answered(url: str, status: int) -> Sight:
    """A page of the lab is answered with an HTTP status."""
    return Sight(f"{url} is answered with {status}", lambda ground: _status(url, ground) == status)


def address_of(namespace: str, service: str, address: str) -> Sight:
    """A Service has an external address."""

    def look(ground: Ground) -> bool:
        return f'"ip": "{address}"' in json.dumps((ground.kube.one("Service", service, namespace) or {}).get("status"))

    return Sight(f"the Service {service} has the address {address}", look)


def taken_for(user: str, claimed: str = "") -> Sight:
    """The dashboard takes the owner, who has logged in, for somebody; perhaps since they say so themselves."""

    def look(ground: Ground) -> bool:
        cookies = send_form(doors.PUBLIC, {"login": USER, "password": PASSWORD}, ground.settings).cookies
        headers = {USERID_HEADER: claimed} if claimed else {}
        answer = ask(f"{doors.PUBLIC}{WHO_AM_I}", ground.settings, headers=headers, cookies=cookies)
        return f'"user":"{user}"' in answer.text.replace(" ", "")

    return Sight(f"the dashboard takes the owner for {user}", look)


def shown(url: str, words: str) -> Sight:
    """Where a page of the lab leads, there are these words."""
    return Sight(f"{url} leads to {words!r}", lambda ground: words in ask(url, ground.settings, follow=True).text)


def refused() -> Sight:
    """Dex refuses the owner."""

    def look(ground: Ground) -> bool:
        return bool(send_form(doors.PUBLIC, {"login": USER, "password": PASSWORD}, ground.settings).refusal)

    return Sight("Dex refuses the owner", look)


def let_in(user: str) -> Sight:
    """Dex accepts somebody, with the owner's password."""

    def look(ground: Ground) -> bool:
        sent = send_form(doors.PUBLIC, {"login": user, "password": PASSWORD}, ground.settings)
        return not sent.refusal and "/dex/" not in sent.answer.url

    return Sight(f"{user} can log in", look)


def wait_for(sight: Sight, ground: Ground) -> None:
    """Waits until it is seen; raises LabError when it is not, in time."""
    wait_until(
        polling(lambda: sight.look(ground), every=0.3, passing=PASSING),
        satisfied=bool,
        timeout=BREAK_TIMEOUT,
        what=sight.what,
        remedy="the break has not come to be: look at it in `make shell`",
    )


def wait_until_whole(ground: Ground) -> None:
    """Waits until nothing in the lab is rolled out any more, both sites answer, and the owner can log in."""
    wait_until(
        polling(lambda: next(_lacking(ground), ""), every=0.5, passing=PASSING),
        satisfied=lambda lacking: not lacking,
        timeout=WHOLE_TIMEOUT,
        what="the lab is whole again",
        remedy='`make lab ARGS="--keep-lab"` makes right what is not, and `python -m lab down` removes the lab',
    )


def _lacking(ground: Ground) -> Iterator[str]:
    for kind in WORKLOADS:
        yield from (one["metadata"]["name"] for one in ground.kube.all(kind) if not workload_is_ready(one))
    for one in ground.kube.all("DaemonSet"):
        status, generation = one["status"], one["metadata"].get("generation", 0)
        if not status.get("numberReady") or status.get("observedGeneration", 0) < generation:
            yield str(one["metadata"]["name"])
    yield from (one["metadata"]["name"] for one in ground.kube.all("Pod") if "deletionTimestamp" in one["metadata"])
    for one in ground.kube.all("Ingress"):  # its controller takes the address away when it ends
        if published_address(one) is None:
            yield f"the Ingress {one['metadata']['name']} has no address"
    for url, status in ((f"http://{nginx_site.HOST}", 200), (doors.PUBLIC, 302)):
        if (seen := _status(url, ground)) != status:
            yield f"{url} answers {seen}"
    if not taken_for(USER, claimed="nobody@example.com").look(ground):
        yield "the owner is not known at the dashboard"


def _status(url: str, ground: Ground) -> int:
    address = ground.settings.ingress_address
    with session({nginx_site.HOST: address, doors.HOST: address}) as http:
        return int(http.get(url, timeout=5, allow_redirects=False).status_code)
