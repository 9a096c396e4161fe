"""A cluster with other names: another domain, user, password and Profile."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from lab.context import Lab
from lab.layers.kubeflow_ingress import INGRESS
from lab.run.redaction import Secrets
from lab.web.passwords import hash_password
from tests.clusters.changes import run
from tests.clusters.shape import Shape, find_sabotage, replace_text
from tools.sabotage.login import OTHER_USER

USER, PASSWORD, PROFILE = "ada@team.example", "a-longer-password", "ada"
HOST = "kubeflow.team.example"
SET_HOST = json.dumps([{"op": "replace", "path": "/spec/rules/0/host", "value": HOST}])


def change_tree(tree: Path) -> None:
    """Give the tree another user, password and Profile."""
    replace_text(
        tree,
        "common/user-namespace/base/params.env",
        ("(?m)^user=.*$", f"user={USER}"),
        ("(?m)^profile-name=.*$", f"profile-name={PROFILE}"),
    )
    hashed = hash_password(PASSWORD, Secrets())
    replace_text(
        tree,
        "common/dex/base/config-map.yaml",
        ("email: user@example.com", f"email: {USER}"),
        ("hash: .*", f"hash: {hashed}"),
    )


def get_settings(lab: Lab, _directory: Path) -> Mapping[str, str]:
    """Return the settings with the other domain, which no DNS server knows."""
    return {"url": f"http://{HOST}", "ingress_address": str(lab.settings.ingress_address)}


OTHER_NAMES = Shape(
    name="other-names",
    description="another domain, user, password and Profile",
    owner={"user": USER, "password": PASSWORD},
    change_tree=change_tree,
    changes=(run(f"kubectl patch ingress {INGRESS} --namespace=istio-system --type=json --patch='{SET_HOST}'"),),
    settings=get_settings,
    sabotages=(
        find_sabotage("crd-deleted"),
        find_sabotage("dex-stopped"),
        find_sabotage("virtual-service-port-wrong"),
        replace(
            find_sabotage("owner-password-differs"),
            expected_words=(f"login failed: {USER}", "Invalid Email Address and password."),
        ),
        replace(
            find_sabotage("dashboard-identifies-other-user"),
            expected_words=(f"expected the dashboard to greet {USER}, who has logged in, seen {OTHER_USER}",),
        ),
    ),
)
