"""The images of the node: pulling them before a pod needs them, while the starting cluster leaves a CPU idle."""

from __future__ import annotations

import json
from collections.abc import Sequence

from lab.run.shell import Shell
from lab.run.waiting import poll, wait_until

START_TIMEOUT, PULL_TIMEOUT = 120, 900
PULL_EACH = 'for image; do crictl pull "$image" || true; done'
"""A failed pull is ignored here: the kubelet repeats it, and the readiness of the pods reports it."""


def prepull_images(images: Sequence[str], node: str, shell: Shell, *, start_timeout: float = START_TIMEOUT) -> None:
    """Pull images into a node, one after another, as soon as its containerd answers.

    Args:
        images: Full references, the most urgent one first.
        node: The container that is the node.
        shell: Runs docker.
        start_timeout: Seconds for the node to pull the first image.

    Raises:
        WaitTimeoutError: If the node does not pull the first image in time.
    """
    inside = ("docker", "exec", node)
    wait_until(
        poll(lambda: shell.run(*inside, "crictl", "pull", images[0], allow_failure=True), every=1),
        satisfied=lambda result: result.exit_status == 0,
        describe=lambda result: result.last_lines,
        timeout=start_timeout,
        waiting_for=f"the node {node} to pull {images[0]}",
        journal=shell.journal,
        remedy=f"`docker logs {node}` shows the log of the node",
    )
    shell.run(*inside, "sh", "-c", PULL_EACH, "sh", *images[1:], timeout=PULL_TIMEOUT)


def list_images_of_node(node: str, shell: Shell) -> set[str]:
    """Return the full references of the images that a node has; none if the node does not exist or does not answer.

    Args:
        node: The container that is the node.
        shell: Runs docker.
    """
    result = shell.run("docker", "exec", node, "crictl", "images", "--output", "json", allow_failure=True)
    try:
        images = json.loads(result.output)["images"]
    except (ValueError, KeyError, TypeError):
        return set()
    return {name for image in images for name in (*(image.get("repoTags") or ()), *(image.get("repoDigests") or ()))}
