"""The keys by which the gateway verifies the tokens that Dex signs.

istiod requests them when it first needs them. If Dex does not answer within seven seconds, istiod gives the gateway a
key that verifies nothing, and tries again after 20 minutes (pilot/pkg/model/jwks_resolver.go of Istio 1.26). Dex may
well start later than istiod; until then, the gateway rejects every session.
"""

from __future__ import annotations

import json

from lab.context import Lab
from lab.k8s.objects import ObjectRef
from lab.layers import gateway
from lab.run.waiting import poll, wait_until

PATH = "/dex/keys"
"""The path at which Dex publishes its keys."""
SERVICE = "/api/v1/namespaces/auth/services/dex:5556/proxy"
"""The path at which the API server forwards requests to Dex."""
DUMP = ("pilot-agent", "request", "GET", "config_dump?resource=dynamic_listeners")
FIXED_KEYS = "local_jwks"
"""The name of keys that istiod gives to the gateway; it may let the gateway request them instead."""
ISTIOD = ObjectRef("Deployment", "istiod", "istio-system")
TIMEOUT = 120


def ensure_gateway_has_keys(lab: Lab) -> None:
    """Restart istiod if it has given other keys to the gateway than those of Dex, and wait until it has Dex's.

    Args:
        lab: The lab. Its gateway need not verify tokens.

    Raises:
        WaitTimeoutError: If the gateway does not get the keys.
    """
    if not describe_missing_keys(lab):
        return
    lab.progress.print("Kubeflow: istiod was ready before Dex, and has no keys of Dex; restarting istiod")
    command = ("kubectl", "rollout", "restart", ISTIOD.kubectl_name, "--namespace", ISTIOD.namespace)
    lab.shell.run(*command)
    lab.shell.run("kubectl", "rollout", "status", ISTIOD.kubectl_name, "--namespace", ISTIOD.namespace, timeout=TIMEOUT)
    wait_until(
        poll(lambda: _list_missing_keys(lab), every=1),
        satisfied=lambda missing: not missing,
        describe=lambda missing: f"it does not have {', '.join(missing)}",
        timeout=TIMEOUT,
        waiting_for="the gateway to have the keys of Dex, without which it rejects every session",
        journal=lab.journal,
        remedy=f"check that istiod reaches Dex: `kubectl logs -n {ISTIOD.namespace} {ISTIOD.kubectl_name}`",
    )


def describe_missing_keys(lab: Lab) -> str | None:
    """Return that the gateway verifies tokens, and does not have the keys of Dex; or None.

    In a cluster that the suite does not install, a failed login shows it.

    Args:
        lab: The lab.
    """
    namespace = gateway.find_service(lab.settings).namespace
    if not lab.settings.kind.is_installed or not lab.kube.list_objects("RequestAuthentication", namespace):
        return None
    missing = _list_missing_keys(lab)
    return f"the gateway does not have the keys of Dex: {', '.join(missing)}" if missing else None


def find_missing_keys(listeners: str, keys: str) -> list[str]:
    """Return the names of the keys that the gateway should have, and has not.

    Args:
        listeners: The listeners in the configuration of the gateway's Envoy, as JSON.
        keys: The keys that Dex publishes, as a JSON Web Key Set.
    """
    if FIXED_KEYS not in listeners:
        return []
    return [key["kid"] for key in json.loads(keys)["keys"] if key["kid"] not in listeners]


def _list_missing_keys(lab: Lab) -> list[str]:
    # Dex has no keys for up to half a minute; the Ingress waits for them.
    keys = lab.shell.run("kubectl", "get", "--raw", SERVICE + PATH, allow_failure=True)
    if keys.exit_status:
        return []
    service = gateway.find_service(lab.settings)
    pod = (f"--namespace={service.namespace}", f"deployment/{service.name}")
    return find_missing_keys(lab.shell.run("kubectl", "exec", *pod, "--", *DUMP).output, keys.output)
