"""lab/images.py: names of container images."""

from __future__ import annotations

import pytest

from lab import images


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("python:3.7", "docker.io/library/python:3.7"),
        ("kserve/models-web-app:v0.10.0", "docker.io/kserve/models-web-app:v0.10.0"),
        ("gcr.io/ml-pipeline/mysql:8.0.26", "gcr.io/ml-pipeline/mysql:8.0.26"),
        ("localhost:5000/a", "localhost:5000/a:latest"),
    ],
)
def test_a_reference_is_completed_as_a_container_runtime_does_it(image: str, full: str) -> None:
    assert images.full_reference(image) == full


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("kserve/models-web-app:v0.10.0", "v0.10.0"),
        ("nginx", "latest"),
        ("localhost:5000/a", "latest"),
        ("localhost:5000/a:1.2", "1.2"),
        ("quay.io/a/b:1.2@sha256:0123", "1.2"),
        ("quay.io/a/b@sha256:0123", ""),
    ],
)
def test_the_tag_is_what_follows_the_name(image: str, tag: str) -> None:
    assert images.tag(image) == tag
