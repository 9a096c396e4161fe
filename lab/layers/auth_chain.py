"""The diagnosis of the auth chain: the gateway's ext_authz filter, Dex and the auth proxy.

It explains why the gateway rejects every request, or accepts requests without a login.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.context import Lab
from lab.errors import KnownFailureId, LabError
from lab.k8s.client import Kube
from lab.k8s.objects import Object, ObjectRef, label_selector
from lab.k8s.readiness import describe_unready, is_ready, list_running_pods
from lab.layers import issuers
from lab.run.shell import Shell
from lab.web.login_pages import OtherLoginError

DEX = ObjectRef("Deployment", "dex", "auth")
LOG_LINES = 2
OPEN_TO_ALL = "Kubeflow is open to everybody: no login was required"
NO_LOG = "unable to retrieve container logs"
"""The output of a successful kubectl if the container runtime has deleted the log."""


@dataclass(frozen=True)
class AuthProblem:
    """A problem of the auth chain.

    Args:
        text: The problem; the last lines of a log may follow.
        known_failure: The known failure that it is; None if it only describes another problem in detail.
    """

    text: str
    known_failure: KnownFailureId | None = None

    def __str__(self) -> str:
        return self.text


def diagnose(lab: Lab) -> list[AuthProblem]:
    """Return the problems of the auth chain, each cause before its consequences.

    Args:
        lab: The lab.

    Returns:
        The problems; empty if all components exist and are ready. If the API server does not answer, this is a problem,
        too, and no error.
    """
    auth_proxy = lab.release.auth_proxy
    try:
        return [
            *(AuthProblem(text, KnownFailureId.EXT_AUTHZ_MISSING) for text in check_ext_authz(lab)),
            *_check_workload(
                lab,
                DEX,
                "Dex",
                "no user can log in, and its login page returns 503",
                KnownFailureId.DEX_UNAVAILABLE,
            ),
            *_check_workload(
                lab,
                ObjectRef.parse(auth_proxy.workload),
                auth_proxy.name,
                "the gateway cannot ask it about requests, and rejects each with 403 or 503 (ext_authz)",
                KnownFailureId.AUTH_PROXY_UNAVAILABLE,
            ),
            *_check_issuer(lab),
        ]
    except LabError as error:
        text = f"the auth chain cannot be diagnosed: {error.headline}: {error.seen}"
        return [AuthProblem(text, error.known_failure)]


def check_login(lab: Lab) -> OtherLoginError | None:
    """Check that the entry points lead to a login that these scenarios know, or to an answer that they report.

    An entry point that redirects to HTTPS fails every scenario in the same way, so the error is that of a layer: the
    rest of the chapter is not run.

    Args:
        lab: The lab.

    Returns:
        That an entry point leads to another identity provider, which is legitimate in an existing cluster and with
        manifests of a user's own; None if none does.

    Raises:
        LabError: If an entry point leads elsewhere.
    """
    is_own = lab.settings.kind.is_installed and not lab.settings.manifests
    for url in lab.settings.entry_points:
        try:
            lab.http.follow(url)
        except OSError:
            continue  # the scenario that uses this entry point reports it
        except LabError as error:
            if isinstance(error, OtherLoginError) and not is_own:
                return error
            error.layer = "login"
            raise
    return None


def check_ext_authz(lab: Lab) -> list[str]:
    """Return the problem that the ext_authz filter of the release does not exist; empty if it does."""
    auth_proxy = lab.release.auth_proxy
    ref = ObjectRef.parse(auth_proxy.ext_authz_object)
    if lab.kube.get(ref.kind, ref.name, ref.namespace):
        return []
    return [
        f"there is no {ref}: without it the gateway does not ask {auth_proxy.name} about requests, "
        "and Kubeflow is open to everybody"
    ]


def _check_issuer(lab: Lab) -> list[AuthProblem]:
    """Return the problem that Dex and the auth proxy have different issuers; empty if they have the same."""
    difference = issuers.describe_difference(lab.kube, lab.release.auth_proxy)
    text = f"{difference}: the login page returns 404, or no token is accepted"
    return [AuthProblem(text, KnownFailureId.ISSUER_DIFFERS)] if difference else []


def _check_workload(
    lab: Lab, ref: ObjectRef, component: str, consequence: str, known_failure: KnownFailureId
) -> list[AuthProblem]:
    """Return the problems of the workload of a component, of its pods and of its Service."""
    kube = lab.kube
    workload = kube.get(ref.kind, ref.name, ref.namespace)
    if workload is None:
        return [AuthProblem(f"{component} is not installed (there is no {ref}): {consequence}", known_failure)]
    labels = workload["spec"]["selector"]["matchLabels"]
    pods = list_running_pods(kube, ref.namespace, label_selector(labels))
    problems = []
    if not any(map(is_ready, pods)):
        replicas = workload["spec"].get("replicas", 1)
        text = f"{component} is not ready ({ref} has 0 of {replicas} pods ready): {consequence}"
        problems.append(AuthProblem(text, known_failure))
    problems += [AuthProblem(f"{component}: {_describe_pod(pod, lab)}") for pod in pods if not is_ready(pod)]
    if not _is_selected_by_service(kube, ref.namespace, labels):
        text = f"no Service in {ref.namespace} selects the pods of {component}: {consequence}"
        problems.append(AuthProblem(text, known_failure))
    return problems


def _describe_pod(pod: Object, lab: Lab) -> str:
    events = lab.kube.list_objects("Event", pod["metadata"]["namespace"])
    [state], log = describe_unready([pod], events), _read_last_lines(pod, lab.shell)
    return f"{state}, the last lines of its log:\n{log}" if log else f"{state}, its log is empty"


def _read_last_lines(pod: Object, shell: Shell) -> str:
    """Return the end of the log of the containers that crashed; if there is none, of those that run."""
    metadata = pod["metadata"]
    command = ["kubectl", "logs", "--namespace", metadata["namespace"], metadata["name"], "--all-containers"]
    for previous in ("--previous", "--previous=false"):
        result = shell.run(*command, f"--tail={LOG_LINES}", previous, allow_failure=True)
        text = result.output.strip()
        if text and not result.exit_status and not text.startswith(NO_LOG):
            return text
    return ""


def _is_selected_by_service(kube: Kube, namespace: str, labels: dict[str, str]) -> bool:
    """Return whether a Service selects pods that have these labels."""
    selectors = [service["spec"].get("selector") for service in kube.list_objects("Service", namespace)]
    return any(selector.items() <= labels.items() for selector in selectors if selector)
