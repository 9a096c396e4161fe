"""The check that the images of the release still exist: those of some releases are in no registry any more."""

from __future__ import annotations

from collections.abc import Iterator

from lab.context import RunContext
from lab.k8s.images import find_missing_images
from lab.k8s.moved_images import list_gone
from lab.layers.cluster import list_mirrors
from lab.layers.image_homes import describe_gone
from lab.preflight.findings import Finding

TIMEOUT = 2
"""Seconds for a registry to answer. One that does not is asked again before anything is applied."""


def check_images(context: RunContext) -> Iterator[Finding]:
    """Check that the registries that the node will ask have the images that are known to be gone.

    The images of a user's own manifests are known only when these have been built.

    Args:
        context: The context of the run.

    Yields:
        An error, if the registries answer that they do not have them.
    """
    references = list_gone(context.settings.release)
    is_upstream = context.source.manifests.commit == context.release.manifests.commit
    if not references or context.settings.manifests or not is_upstream:
        return
    missing = find_missing_images(references, list_mirrors(context), context.journal, TIMEOUT)
    if gone := [image for image in missing if image.is_certain]:
        yield Finding("error", describe_gone(gone))
