"""Pulling images into the node before a pod needs them, while the cluster still starts and leaves a processor idle."""

from __future__ import annotations

from collections.abc import Sequence

from lab.terminal import Terminal
from lab.waiting import polling, wait_until

START_TIMEOUT, PULL_TIMEOUT = 120, 900
EACH = 'for image; do crictl pull "$image" || true; done'
"""What cannot be pulled is told of elsewhere, and tried again by the kubelet."""


def pull(images: Sequence[str], node: str, terminal: Terminal) -> None:
    """Has a node pull images, one after the other, from the moment at which its containerd answers.

    Arguments:
        images: full references, the one that is needed first before the others.
        node: the container that is the node.

    Raises LabError when it does not answer in time.
    """
    inside = ("docker", "exec", node)
    wait_until(
        polling(lambda: terminal.run(*inside, "crictl", "pull", images[0], may_fail=True), every=1),
        satisfied=lambda result: result.exit_status == 0,
        show=lambda result: result.last_lines,
        timeout=START_TIMEOUT,
        what=f"the node {node} pulls {images[0]}",
        remedy=f"`python -m lab exec -- docker logs {node}` has the node's log",
    )
    terminal.run(*inside, "sh", "-c", EACH, "sh", *images[1:], timeout=PULL_TIMEOUT)
