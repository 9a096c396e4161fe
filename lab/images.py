"""Names of container images."""

from __future__ import annotations


def full_reference(image: str) -> str:
    """An image's name with registry and tag, as a container runtime completes it."""
    registry, _, rest = image.partition("/")
    if not rest:
        image = f"docker.io/library/{image}"
    elif not {".", ":"} & set(registry):
        image = f"docker.io/{image}"
    return image if ":" in image.rsplit("/", 1)[1] else f"{image}:latest"


def tag(image: str) -> str:
    """An image's tag; latest if it is named by no tag, and empty if by a digest alone."""
    name, _, _ = full_reference(image).partition("@")
    return name.rsplit("/", 1)[1].partition(":")[2]
