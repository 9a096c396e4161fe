"""Requests that a pod outside of the mesh sends to Services of Kubeflow directly, past the gateway and its auth proxy.

The dashboard and the web apps trust the user header of a request, which only the gateway may send to them. Sidecars
ensure this; where pods have none, nothing does.
"""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from lab.context import Lab
from lab.k8s.objects import Object, ObjectRef, get_nested, has_ended
from lab.k8s.readiness import find_blocker
from lab.k8s.server_side_apply import apply_objects
from lab.k8s.sidecars import INJECTION, NO_INJECTION, has_injection, has_sidecar
from lab.layers.temporary_objects import PREFIX, build_metadata
from lab.run.waiting import Unrecoverable, wait_until

NAMESPACE = "kubeflow"
NAME = f"{PREFIX}pod"
IMAGE = "busybox:1.35"
END_TIMEOUT, ANSWER_TIMEOUT = 120, 10
SHOWN_TEXT = 200
STATUS = re.compile(r"HTTP/1\.[01] (\d{3})")
CLOSED = ("error getting response", "connection reset", "short read")
"""The errors of wget if a connection is closed without an answer."""
TIMED_OUT, ENDED = "timed out", (124, 128 + 15)
"""The output for a request that `timeout` has ended, and the exit statuses of GNU's and of busybox's."""
PREVENTED = ("can't connect", TIMED_OUT)
"""The outputs if there is no connection or no answer in time, as where a NetworkPolicy drops the packets."""
MESSAGE_FILE = "/dev/termination-log"
"""The file whose content the API server shows as the message of an ended container, up to 4 KiB."""


@dataclass(frozen=True)
class DirectAnswer:
    """The output of a request that a pod has sent to a Service.

    Args:
        service: The name of the Service.
        url: The requested URL.
        output: The output of the HTTP client.
        may_be_isolated: Whether a NetworkPolicy of the namespace may prevent a connection.
    """

    service: str
    url: str
    output: str
    may_be_isolated: bool = False

    @property
    def is_rejection(self) -> bool:
        """True if the answer is 403, or there is none because of a sidecar or a NetworkPolicy.

        An address that is not resolved, or a request that was not sent, is no rejection.
        """
        if status := STATUS.search(self.output):
            return int(status[1]) == HTTPStatus.FORBIDDEN
        errors = (*CLOSED, *PREVENTED) if self.may_be_isolated else CLOSED
        return any(text in self.output.lower() for text in errors)

    def __str__(self) -> str:
        """Return the output for users."""
        return self.output.strip() or "no output"


def describe_missing_sidecars(lab: Lab) -> str:
    """Return why requests within the cluster are not checked: no sidecars are wanted; empty if they are."""
    namespace = lab.kube.get("Namespace", NAMESPACE)
    if has_injection(namespace) or any(map(has_sidecar, lab.kube.list_objects("Pod", NAMESPACE))):
        return ""
    return (
        f"this installation has no sidecars: the namespace {NAMESPACE} has no label {INJECTION}=enabled, so nothing "
        "restricts requests within the cluster"
    )


def find_ports(lab: Lab, names: Collection[str]) -> dict[str, int]:
    """Return the first port of each Service of Kubeflow that exists, by name.

    Args:
        lab: The lab.
        names: The names of Services.
    """
    services = {service["metadata"]["name"]: service for service in lab.kube.list_objects("Service", NAMESPACE)}
    return {name: services[name]["spec"]["ports"][0]["port"] for name in names if name in services}


def send_requests(lab: Lab, paths: Mapping[str, str], headers: Mapping[str, str]) -> list[DirectAnswer]:
    """Request a path of each Service from a temporary pod outside of the mesh, and return what it has seen.

    Args:
        lab: The lab.
        paths: The path by the name of the Service and its port, as in `web:80`.
        headers: The headers of the requests.

    Raises:
        WaitError: If the pod does not end.
    """
    urls = {
        service: "http://{}.{}.svc:{}{}".format(service.partition(":")[0], NAMESPACE, service.partition(":")[2], path)
        for service, path in paths.items()
    }
    is_isolated = bool(lab.kube.list_objects("NetworkPolicy", NAMESPACE))
    with _open_namespace(lab) as namespace:
        apply_objects(lab.kube, [_build_pod(namespace, write_script(urls.values(), headers))])
        outputs = _read_outputs(_wait_for_end(lab, namespace), len(urls))
    return [
        DirectAnswer(service.partition(":")[0], url, output, is_isolated)
        for (service, url), output in zip(urls.items(), outputs, strict=True)
    ]


@contextmanager
def _open_namespace(lab: Lab) -> Iterator[str]:
    """Create a namespace, and delete it at the end; its name is new, as an earlier one may not be deleted yet."""
    namespace = f"{NAME}s-{secrets.token_hex(3)}"
    apply_objects(lab.kube, [{"apiVersion": "v1", "kind": "Namespace", "metadata": build_metadata(namespace)}])
    try:
        yield namespace
    finally:
        lab.kube.delete(ObjectRef("Pod", NAME, namespace))
        lab.kube.delete(ObjectRef("Namespace", namespace))


def _build_pod(namespace: str, script: str) -> Object:
    """Return a pod that the strictest Pod Security Standard admits."""
    metadata = build_metadata(NAME, namespace)
    metadata["labels"] |= NO_INJECTION  # some installations inject sidecars into all namespaces
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65534,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": NAME,
                    "image": IMAGE,
                    "command": ["sh", "-c", f"{{\n{script}\n}} > {MESSAGE_FILE}"],
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                }
            ],
        },
    }


def write_script(urls: Collection[str], headers: Mapping[str, str]) -> str:
    """Return a script that prints one line per URL: the first one of the answer, or the error.

    Args:
        urls: The URLs to request.
        headers: The headers of the requests.
    """
    options = " ".join(shlex.quote(f"--header={name}: {value}") for name, value in headers.items())
    wget = f"timeout {ANSWER_TIMEOUT} wget -q -S -O /dev/null {options}"  # not every wget has a timeout of its own
    shown = f'echo $(echo "$seen" | head -n 1 | head -c {SHOWN_TEXT})'
    report = f"case $? in {'|'.join(map(str, ENDED))}) echo {TIMED_OUT} ;; *) {shown} ;; esac"
    lines = (f"seen=$({wget} {shlex.quote(url)} 2>&1); {report}" for url in urls)
    return "\n".join(lines)


def _wait_for_end(lab: Lab, namespace: str) -> Object:
    def unrecoverable(pods: Sequence[Object]) -> Unrecoverable | None:
        blocker = next(filter(None, (find_blocker(pod) for pod in pods if not has_ended(pod))), None)
        return Unrecoverable(str(blocker), blocker.explanation.remedy) if blocker else None

    [pod] = wait_until(
        lab.kube.watch("Pod", namespace),
        satisfied=lambda pods: len(pods) == 1 and has_ended(pods[0]),
        unrecoverable=unrecoverable,
        describe=lambda pods: ", ".join(str(get_nested(pod, "status", "phase")) for pod in pods) or "no pod",
        timeout=END_TIMEOUT,
        waiting_for=f"the pod {NAME} to have sent its requests",
        journal=lab.journal,
        remedy=f"check whether a node can run another pod: `kubectl describe pods -n {namespace}`",
    )
    return pod


def _read_outputs(pod: Object, count: int) -> list[str]:
    """Return the line of each request; empty for those that a pod that was ended early has not sent."""
    [status] = pod["status"]["containerStatuses"]
    lines = (get_nested(status, "state", "terminated", "message") or "").splitlines()
    return [*lines, *[""] * count][:count]
