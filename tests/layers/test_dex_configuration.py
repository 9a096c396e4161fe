"""lab/layers/dex_configuration.py: the redirect URIs that are registered in Dex, and its users."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from lab.errors import LabError
from lab.k8s.objects import Object
from lab.k8s.permissions import explain_denial
from lab.layers.dex_configuration import find_unknown_user, get_from, list_redirect_uris
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


USERS = """
storage: {type: kubernetes, config: {inCluster: true}}
enablePasswordDB: true
staticPasswords:
- {email: User@example.com, hash: a}
- {email: ada@corp.example, hashFromEnv: DEX_USER_PASSWORD}
"""


@pytest.mark.parametrize("make", [make_config_map, make_secret])
def test_a_user_whom_dex_does_not_know_is_named(make: Callable[[str], Object]) -> None:
    error = find_unknown_user(StaticKube(make(USERS)).get, "eve@corp.example")
    assert error is not None
    assert error.headline == "login is impossible: Dex has no user eve@corp.example"
    assert error.seen == "User@example.com, ada@corp.example"


@pytest.mark.parametrize(
    ("text", "user"),
    [
        (USERS, "user@example.com"),
        (USERS, "ada@corp.example"),
        (f"{USERS}connectors: [{{type: ldap, id: corp}}]", "eve@corp.example"),
        (f"{USERS}grpc: {{addr: 0.0.0.0:5557}}", "eve@corp.example"),
        (USERS.replace("type: kubernetes", "type: postgres"), "eve@corp.example"),
        ("}", "eve@corp.example"),
    ],
    ids=["in another case", "known", "connector", "gRPC API", "database", "no YAML"],
)
def test_other_users_may_be_known(text: str, user: str) -> None:
    assert find_unknown_user(StaticKube(make_config_map(text)).get, user) is None


def test_users_of_the_manifests_are_read() -> None:
    secret = {**make_object("Secret", "dex", "auth"), "stringData": {"config.yaml": USERS}}
    for obj in (make_config_map(USERS), secret):
        assert find_unknown_user(get_from([obj]), "ada@corp.example") is None
        assert find_unknown_user(get_from([obj]), "eve@corp.example") is not None
    assert find_unknown_user(get_from([]), "eve@corp.example") is None


class KubeWithoutSecrets(StaticKube):
    """The API of a cluster whose Secrets the user may not read."""

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """Return an object, or None; raise for a Secret."""
        if kind == "Secret":
            raise explain_denial('User "ada" cannot get resource "secrets" in API group "" in the namespace "auth"')
        return super().get(kind, name, namespace)


def test_secrets_need_not_be_readable() -> None:
    """Dex may mount a Secret that has no configuration, such as a certificate."""
    mounts = make_deployment({"name": "tls", "secret": {"secretName": "tls"}})
    assert list_redirect_uris(KubeWithoutSecrets(mounts, make_config_map(CLIENTS))) == {CALLBACK}
    assert list_redirect_uris(KubeWithoutSecrets(mounts)) is None
