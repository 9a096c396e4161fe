"""lab/layers/dex_configuration.py: the redirect URIs that are registered in Dex."""

from __future__ import annotations

import base64

import pytest

from lab.errors import LabError
from lab.k8s.objects import Object
from lab.layers.dex_configuration import list_redirect_uris
from tests.layers.static_kube import StaticKube, make_object

CALLBACK = "/authservice/oidc/callback"
CLIENTS = f"""
staticClients:
- {{id: kubectl, name: kubectl, public: true}}
- {{id: empty, redirectURIs: null}}
- {{idEnv: OIDC_CLIENT_ID, redirectURIs: ["{CALLBACK}"], secretEnv: OIDC_CLIENT_SECRET}}
"""


def make_config_map(text: str, name: str = "dex", key: str = "config.yaml") -> Object:
    """Return a ConfigMap with a file."""
    return {**make_object("ConfigMap", name, "auth"), "data": {key: text}}


def make_secret(text: str, name: str = "dex", key: str = "config.yaml") -> Object:
    """Return a Secret with a file."""
    return {**make_object("Secret", name, "auth"), "data": {key: base64.b64encode(text.encode()).decode()}}


def make_deployment(*volumes: Object) -> Object:
    """Return Dex's Deployment with some volumes."""
    return make_object("Deployment", "dex", "auth", {"template": {"spec": {"volumes": list(volumes)}}})


def test_public_clients_need_no_redirect_uris() -> None:
    assert list_redirect_uris(StaticKube(make_config_map(CLIENTS))) == {CALLBACK}


@pytest.mark.parametrize("text", ["issuer: http://dex", "staticClients: []", "staticClients: null"])
def test_clients_may_be_elsewhere(text: str) -> None:
    assert list_redirect_uris(StaticKube(make_config_map(text))) is None


@pytest.mark.parametrize(
    "objects",
    [
        [make_secret(CLIENTS)],
        [make_deployment({"name": "config", "secret": {"secretName": "my-dex"}}), make_secret(CLIENTS, "my-dex")],
        [make_deployment({"name": "config", "configMap": {"name": "my-dex"}}), make_config_map(CLIENTS, "my-dex")],
        [
            make_deployment({"name": "config", "projected": {"sources": [{"secret": {"name": "my-dex"}}]}}),
            make_secret(CLIENTS, "my-dex", "config.yml"),
        ],
        [make_deployment(), {**make_object("ConfigMap", "dex", "auth"), "data": None}, make_secret(CLIENTS)],
    ],
    ids=["Secret dex", "mounted Secret", "mounted ConfigMap", "projected Secret", "empty ConfigMap"],
)
def test_configuration_may_be_in_a_secret_or_under_another_name(objects: list[Object]) -> None:
    assert list_redirect_uris(StaticKube(*objects)) == {CALLBACK}


@pytest.mark.parametrize(
    ("objects", "headline"),
    [
        ([], "the configuration of Dex was not found"),
        ([make_config_map(CLIENTS, key="other.txt")], "the configuration of Dex was not found"),
        ([make_config_map("secret: {hunter2")], "the configuration of Dex in the ConfigMap dex is not valid YAML"),
        ([make_config_map("- hunter2")], "the configuration of Dex in the ConfigMap dex is not a mapping"),
    ],
)
def test_missing_or_invalid_configuration_is_an_error(objects: list[Object], headline: str) -> None:
    with pytest.raises(LabError, match=headline) as caught:
        list_redirect_uris(StaticKube(*objects))
    assert "hunter2" not in str(caught.value)
    assert "`kubectl " in caught.value.remedy
