"""The resources that a user creates in Kubeflow's web apps, with the fields that the apps' own pages send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any, Literal

import requests

from lab.errors import LabError

App = Literal["notebooks", "tensorboards", "volumes"]
CSRF_COOKIE = "XSRF-TOKEN"
"""The cookie that the web apps compare with a header of the same value."""


@dataclass(frozen=True)
class ResourceForm:
    """A kind of resource that a web app creates.

    Args:
        app: The web app, as releases name it.
        collection: The last element of the path in the web app's API.
        kind: The kind of the created object.
        form: The fields that the web app's page sends in addition to name and namespace.
    """

    app: App
    collection: str
    kind: str
    form: Mapping[str, Any]


RESOURCE_FORMS = {
    "notebook": ResourceForm(
        app="notebooks",
        collection="notebooks",
        kind="Notebook",
        form={
            "image": "kubeflownotebookswg/jupyter-scipy",
            "imagePullPolicy": "Never",  # the notebook is deleted immediately, and the image is large
            "serverType": "jupyter",
            "cpu": "0.1",
            "memory": "0.1Gi",
            "gpus": {"num": "none"},
            "tolerationGroup": "none",
            "affinityConfig": "none",
            "configurations": [],
            "shm": False,
            "environment": "{}",
            "datavols": [],
        },
    ),
    "tensorboard": ResourceForm(
        app="tensorboards",
        collection="tensorboards",
        kind="Tensorboard",
        form={"logspath": "s3://lab/logs", "configurations": []},
    ),
    "volume": ResourceForm(
        app="volumes",
        collection="pvcs",
        kind="PersistentVolumeClaim",
        form={"mode": "ReadWriteOnce", "class": "{empty}", "size": "1Gi", "type": "empty"},
    ),
}
"""The forms, by the name of the resource in the features."""


def is_csrf_cookie_secure(page: requests.Response) -> bool:
    """Return whether the CSRF cookie that comes with a web app's page is Secure.

    Raises:
        LabError: If there is no such cookie.
    """
    for header in page.raw.headers.getlist("Set-Cookie"):  # other programs on the way may set cookies, too
        cookies = SimpleCookie(header)
        if CSRF_COOKIE in cookies:
            return bool(cookies[CSRF_COOKIE]["secure"])
    raise LabError(
        f"the web app sets no cookie {CSRF_COOKIE}",
        expected=f"the cookie with the page {page.url}",
        seen=f"{page.status_code} without it",
        remedy="read the log of the web app: `kubectl get deployments -n kubeflow` lists the web apps",
    )
