"""lab/layers/token_keys.py: the keys in the configuration of a gateway are compared with those of Dex."""

from __future__ import annotations

import json

from lab.layers.token_keys import find_missing_keys

KEYS = json.dumps({"keys": [{"kid": "first", "kty": "RSA"}, {"kid": "second", "kty": "RSA"}]})


def write_listeners(keys: str) -> str:
    """Return listeners as Envoy writes them, with a provider of tokens whose keys are a text."""
    return json.dumps({"providers": {"origins-0": {"local_jwks": {"inline_string": keys}}}}, indent=1)


def test_a_gateway_with_the_keys_of_dex_lacks_none() -> None:
    assert find_missing_keys(write_listeners(KEYS), KEYS) == []


def test_keys_that_verify_nothing_are_none_of_dex() -> None:
    assert find_missing_keys(write_listeners('{"keys": [{"kid": "generated"}]}'), KEYS) == ["first", "second"]


def test_a_key_that_dex_has_had_since_is_missing() -> None:
    assert find_missing_keys(write_listeners('{"keys": [{"kid": "first"}]}'), KEYS) == ["second"]


def test_keys_that_the_gateway_requests_itself_are_not_checked() -> None:
    assert find_missing_keys('{"remote_jwks": {"http_uri": {}}}', KEYS) == []
