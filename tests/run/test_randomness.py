"""lab/run/randomness.py: generated secrets are random; words, names and default passwords are not."""

from __future__ import annotations

import base64
import random
import string
import uuid
from collections.abc import Callable

import pytest

from lab.run.randomness import is_random

ALPHANUMERIC = string.ascii_letters + string.digits


@pytest.mark.parametrize(
    "text",
    [
        *(
            "test",
            "root",
            "admin",
            "kubeflow",
            "minio",
            "minio123",
            "user",
            "latest",
            "password",
            "Password1",
            "changeme",
        ),
        *("12341234", "1234567890", "********", "aaaaaaaaaaaa", "admin123", "administrator", "postgresql", "rabbitmq"),
        *("prom-operator", "kubeflow-oidc-authservice", "user@example.com", "kubeflow-user-example-com", "mlpipeline"),
        *(
            "testsuite",
            "testcase",
            "classname",
            "scenario",
            "ImagePullBackOff",
            "AuthorizationPolicy",
            "test_10_login.py",
        ),
        *("nginx:latest", "quay.io/oauth2-proxy/oauth2-proxy:v7.6.0", "mysql.kubeflow.svc.cluster.local:3306"),
        *("127.0.0.1:5432", "172.20.0.10-172.20.0.15", "2024-01-01T00:00:00Z", "168h0m0s", "v1beta1", "us-east-1"),
        *(
            "system:bootstrappers:kubeadm:default-node-token",
            "postgres://postgres@postgres:5432/postgres",
            "the test site",
        ),
    ],
)
def test_words_names_and_addresses_are_not_random(text: str) -> None:
    assert not is_random(text)


@pytest.mark.parametrize(
    "text",
    [
        *("pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok", "7d16fee92f8d11b8940b081b3f8b8acb", "0123456789abcdef", "Tr0ub4dor&3x"),
        *("$2y$12$4K/VkmDd1q1Orb3xAt82zu8gk7Ad6ReFR4LCP9UeYE90NLiN9Df72", "MTcwMDAw|c2VjcmV0==", "x7k2m9q4w8"),
        *("correct horse battery staple", "пароль-Ж7ю9-ключ", "AKIAIOSFODNN7EXAMPLE", "K10abc4f::server:9a8b7c6d5e4f"),
        "pä$$ wörd/2000",
    ],
)
def test_generated_texts_are_random(text: str) -> None:
    assert is_random(text)


@pytest.mark.parametrize(
    "generate",
    [
        lambda source: source.randbytes(8).hex(),
        lambda source: str(uuid.UUID(bytes=source.randbytes(16))),
        lambda source: base64.urlsafe_b64encode(source.randbytes(12)).decode(),
        lambda source: base64.b32encode(source.randbytes(10)).decode(),
        lambda source: "".join(source.choices(ALPHANUMERIC, k=16)),
        lambda source: "".join(source.choices(string.ascii_lowercase, k=16)),
        lambda source: "".join(source.choices(string.ascii_lowercase + string.digits, k=16)),
    ],
    ids=["hex", "uuid", "base64", "base32", "letters-and-digits", "lowercase", "lowercase-and-digits"],
)
def test_nearly_all_random_texts_of_16_characters_are_random(generate: Callable[[random.Random], str]) -> None:
    source = random.Random(14)
    assert sum(not is_random(generate(source)) for _ in range(2000)) <= 8
