"""The issuer of tokens: the URL that Dex gives itself, and the one by which the auth proxy knows Dex.

Both must be the same text, and Dex serves its pages at the path of this URL only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lab.errors import LabError
from lab.k8s.client import Kube
from lab.k8s.objects import ObjectRef, get_nested
from lab.layers.dex_configuration import read_configuration
from lab.releases import AuthProxy

PARAMETER = "OIDC_PROVIDER"
"""The environment variable of oidc-authservice."""
SETTING = re.compile(r"""(?m)^\s*oidc_issuer_url\s*=\s*["']([^"']+)["']""")
"""The line in the configuration file of oauth2-proxy."""


def describe_difference(kube: Kube, auth_proxy: AuthProxy) -> str:
    """Return how the issuers of Dex and of the auth proxy differ; empty if they are the same, or one is unknown.

    Args:
        kube: The API of the cluster.
        auth_proxy: The auth proxy of the release.
    """
    try:
        issuer = read_configuration(kube.get).get("issuer")
    except LabError:
        return ""  # a Dex without a valid configuration does not start, which is reported otherwise
    expected = next(_list_expected(kube, ObjectRef.parse(auth_proxy.workload)), issuer)
    return "" if issuer == expected else f"Dex has the issuer {issuer}, and {auth_proxy.name} expects {expected}"


def _list_expected(kube: Kube, workload: ObjectRef) -> Iterator[str]:
    """Yield the issuers in the ConfigMaps that the workload of the auth proxy reads."""
    template = get_nested(kube.get(workload.kind, workload.name, workload.namespace), "spec", "template", "spec") or {}
    sources = [source for container in template.get("containers") or [] for source in container.get("envFrom") or []]
    names = [get_nested(source, "configMapRef", "name") for source in sources]
    names += [get_nested(volume, "configMap", "name") for volume in template.get("volumes") or []]
    for name in filter(None, names):
        data = get_nested(kube.get("ConfigMap", name, workload.namespace), "data") or {}
        if PARAMETER in data:
            yield data[PARAMETER]
        yield from (url for text in data.values() for url in SETTING.findall(text))
