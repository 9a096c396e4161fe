"""What a person creates in Kubeflow's web apps, and what the apps' own pages send for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

App = Literal["notebooks", "tensorboards", "volumes"]


@dataclass(frozen=True)
class Thing:
    """A kind of thing that a web app creates.

    Arguments:
        app: the web app, as releases name it.
        collection: where the app's API has these things.
        kind: of the object that comes of it.
        resource: that kind, as kubectl names it.
        form: what the app's page sends beside name and namespace.
    """

    app: App
    collection: str
    kind: str
    resource: str
    form: Mapping[str, Any]


THINGS = {
    "notebook": Thing(
        app="notebooks",
        collection="notebooks",
        kind="Notebook",
        resource="notebooks.kubeflow.org",
        form={
            "image": "kubeflownotebookswg/jupyter-scipy",
            "imagePullPolicy": "Never",  # it is deleted at once, and the image is large
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
    "tensorboard": Thing(
        app="tensorboards",
        collection="tensorboards",
        kind="Tensorboard",
        resource="tensorboards.tensorboard.kubeflow.org",
        form={"logspath": "s3://lab/logs", "configurations": []},
    ),
    "volume": Thing(
        app="volumes",
        collection="pvcs",
        kind="PersistentVolumeClaim",
        resource="persistentvolumeclaims",
        form={"mode": "ReadWriteOnce", "class": "{empty}", "size": "1Gi", "type": "empty"},
    ),
}
"""By what a person calls them."""
