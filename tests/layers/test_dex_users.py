"""lab/layers/dex_users.py: the hash of one user is replaced, and nothing else in the file."""

from __future__ import annotations

import base64

import pytest
import yaml

from lab import releases
from lab.errors import LabError
from lab.layers.dex_users import set_password_hash
from lab.releases import Password
from tests.conftest import REPOSITORY

USER, OLD, NEW = "user@example.com", "$2y$12$PzIwEMkOr0dlxQ3mVvy/Pu7i", "$2y$12$new.hash/of_the_owner"
CONFIG_MAP = """apiVersion: v1
kind: ConfigMap
metadata:
  name: dex
data:
  config.yaml: |
    issuer: http://dex.auth.svc.cluster.local:5556/dex
    staticPasswords:
{users}
    # the clients
    staticClients:
    - id: kubeflow-oidc-authservice
      hash: not a password
"""
IN_CONFIG_MAP = releases.load("1.7").password
IN_SECRET = releases.load("1.9").password


def edit(text: str, password: Password = IN_CONFIG_MAP, user: str = USER) -> str:
    """Return a file with the new hash."""
    return set_password_hash(text, password, user, NEW)


@pytest.mark.parametrize(
    "users",
    [
        f"    - email: {USER}\n      hash: {OLD}\n      username: user",
        f"    - hash: {OLD}\n      email: {USER}  # the owner",
        f"    - email: {USER}\n      # bcrypt hash of 12341234\n      hash: {OLD}  # changed later",
        f"    - email: admin@corp.example\n      hash: $2y$12$admin\n    - email: {USER}\n      hash: {OLD}",
        f"    - email: {USER}\n      hash: {OLD}\n    - email: admin@corp.example\n      hash: $2y$12$admin",
        f"    - email: User@Example.com\n      hash: {OLD}",
        f"    - {{email: {USER}, hash: {OLD}}}\n    - {{hash: $2y$12$admin, email: admin@corp.example}}",
        f"    -   email: {USER}\n        hash: {OLD}",
        f"      - email: {USER}\n        hash: {OLD}",
        f"    - email: admin@corp.example\n      hash: $2y$12$admin\n\n    - hash: {OLD}\n      email: {USER}",
    ],
)
def test_the_hash_of_the_owner_is_the_only_difference(users: str) -> None:
    text = CONFIG_MAP.format(users=users)
    assert edit(text) == text.replace(OLD, NEW)


def test_another_user_with_the_same_hash_keeps_it() -> None:
    users = f"    - email: admin@corp.example\n      hash: {OLD}\n    - email: {USER}\n      hash: {OLD}"
    assert edit(CONFIG_MAP.format(users=users)) == CONFIG_MAP.format(users=NEW.join(users.rsplit(OLD, 1)))


@pytest.mark.parametrize("quote", ["'", '"'])
def test_quotes_are_kept(quote: str) -> None:
    text = CONFIG_MAP.format(users=f'    - "email": "{USER}"\n      "hash": {quote}{OLD}{quote}')
    assert edit(text) == text.replace(OLD, NEW)


@pytest.mark.parametrize(
    "text",
    [
        f'data: {{config.yaml: "staticPasswords: [{{email: {USER}, hash: {OLD}}}]"}}\n',
        f"data:\n  config.yaml: >\n    staticPasswords: [{{email: {USER},\n    hash: {OLD}}}]\nkind: ConfigMap\n",
        f"data:\n  config.yaml: |-\n    staticPasswords:\n    - email: {USER}\n      hash: >-\n        {OLD}\n",
        f"kind: A\n---\ndata:\n  config.yaml: |2\n    staticPasswords:\n    - email: {USER}\n      hash: {OLD}\n",
    ],
    ids=["a quoted text", "a folded text", "a folded hash", "a second document"],
)
def test_other_styles_are_edited(text: str) -> None:
    documents = [document for document in yaml.safe_load_all(edit(text)) if "data" in document]
    assert yaml.safe_load(documents[0]["data"]["config.yaml"]) == {"staticPasswords": [{"email": USER, "hash": NEW}]}


def test_the_file_of_the_kit_is_edited() -> None:
    text = (REPOSITORY / "embedded/manifests/files" / IN_CONFIG_MAP.file).read_text()
    lines = [(old, new) for old, new in zip(text.split("\n"), edit(text).split("\n"), strict=True) if old != new]
    assert [new.strip() for _, new in lines] == [f"hash: {NEW}"]


def test_the_variable_of_a_secret_is_edited() -> None:
    text = "kind: Secret\nstringData:\n  OTHER: x\n  DEX_USER_PASSWORD: $2y$12$old\n"
    assert edit(text, IN_SECRET) == text.replace("$2y$12$old", NEW)
    encoded = f"kind: Secret\ndata:\n  DEX_USER_PASSWORD: {base64.b64encode(b'old').decode()}\n"
    assert yaml.safe_load(edit(encoded, IN_SECRET))["data"] == {
        "DEX_USER_PASSWORD": base64.b64encode(NEW.encode()).decode()
    }


@pytest.mark.parametrize(
    ("text", "password", "seen"),
    [
        (
            CONFIG_MAP.format(users="    - email: admin@corp.example\n      hash: x"),
            IN_CONFIG_MAP,
            f"no hash of {USER}",
        ),
        (CONFIG_MAP.format(users=f"    - email: {USER}\n      hashFromEnv: X"), IN_CONFIG_MAP, f"no hash of {USER}"),
        (CONFIG_MAP.format(users="    []"), IN_CONFIG_MAP, f"no hash of {USER}"),
        ("", IN_CONFIG_MAP, f"no hash of {USER}"),
        ("data: [", IN_CONFIG_MAP, "this is no valid YAML"),
        ("kind: Secret\nstringData: {}\n", IN_SECRET, "no DEX_USER_PASSWORD"),
        (
            CONFIG_MAP.format(users=f"    - email: {USER}\n      hash: &h x\n    - email: a@b.example\n      hash: *h"),
            IN_CONFIG_MAP,
            "a hash that other parts of the file refer to",
        ),
    ],
)
def test_a_file_without_the_hash_is_an_error(text: str, password: Password, seen: str) -> None:
    with pytest.raises(LabError) as caught:
        edit(text, password)
    assert caught.value.headline == f"the password of {USER} cannot be changed in {password.file}"
    assert seen in caught.value.seen
