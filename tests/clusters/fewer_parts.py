"""A cluster of Kubeflow without Katib and KServe, with several connectors of Dex and authservice's own settings."""

from __future__ import annotations

from pathlib import Path

from tests.clusters.shape import Shape, find_sabotage, omit, replace_text

CONNECTORS = """    connectors:
    - {type: mockCallback, id: corp, name: Corp LDAP}
    - {type: mockCallback, id: partners, name: Partners}
"""


def change_tree(tree: Path) -> None:
    """Omit Katib and KServe, and change the configuration of Dex and of authservice."""
    omit(
        tree,
        "apps/katib/upstream/installs/katib-with-kubeflow",
        "contrib/kserve/kserve",
        "contrib/kserve/models-web-app/overlays/kubeflow",
    )
    replace_text(
        tree,
        "common/dex/base/config-map.yaml",
        ("( *enablePasswordDB: true\n)", rf"\1{CONNECTORS}"),
    )
    replace_text(
        tree,
        "common/oidc-authservice/base/params.env",
        ("OIDC_SCOPES=.*", "OIDC_SCOPES=openid profile email"),
        ("SKIP_AUTH_URLS=.*", "SKIP_AUTH_URLS=/dex,/healthz\nSESSION_MAX_AGE=3600"),
    )


FEWER_PARTS = Shape(
    name="fewer-parts",
    description="Kubeflow without Katib and KServe, several connectors of Dex, authservice's own settings",
    change_tree=change_tree,
    sabotages=tuple(
        map(
            find_sabotage,
            (
                "dex-virtualservice-deleted",
                "readiness-probe-failing",
                "gateway-host-differs",
                "client-secret-differs",
                "profile-quota-exhausted",
            ),
        )
    ),
)
