"""The requests of Kubeflow that are traced: its paths at the gateway, and the Services that they belong to.

The names are those of upstream's manifests, and the same in all releases from 1.7 to 26.03. A path whose Service does
not exist is not traced: a release, or an installation, need not have each component.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.k8s.objects import ObjectRef


@dataclass(frozen=True)
class AppPath:
    """A path at the gateway.

    Args:
        path: The path.
        service: The Service that gets the requests.
        caller: NAMESPACE/NAME of the ServiceAccount that may send them; empty for that of the gateway. The gateway has
            a route to a component that accepts only requests of the dashboard.
    """

    path: str
    service: ObjectRef
    caller: str = ""


def _service(namespace: str, name: str) -> ObjectRef:
    return ObjectRef("Service", name, namespace)


APP_PATHS = (
    AppPath("/", _service("kubeflow", "centraldashboard")),
    AppPath("/dex/", _service("auth", "dex")),
    AppPath("/oauth2/", _service("oauth2-proxy", "oauth2-proxy")),
    AppPath("/jupyter/", _service("kubeflow", "jupyter-web-app-service")),
    AppPath("/tensorboards/", _service("kubeflow", "tensorboards-web-app-service")),
    AppPath("/volumes/", _service("kubeflow", "volumes-web-app-service")),
    AppPath("/kserve-endpoints/", _service("kubeflow", "kserve-models-web-app")),
    AppPath("/pipeline/", _service("kubeflow", "ml-pipeline-ui")),
    AppPath("/katib/", _service("kubeflow", "katib-ui")),
    AppPath("/kfam/", _service("kubeflow", "profiles-kfam"), caller="kubeflow/centraldashboard"),
)


def find_app_path(path: str) -> AppPath | None:
    """Return the path of Kubeflow that a path belongs to, the longest one; None for none but the dashboard's."""
    matching = [app for app in APP_PATHS if app.path != "/" and f"{path}/".startswith(app.path)]
    if matching:
        return max(matching, key=lambda app: len(app.path))
    return APP_PATHS[0] if path == "/" else None
