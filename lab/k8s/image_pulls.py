"""Explanations of failed pulls, from the messages of container runtimes and registries.

The messages are those of containerd, of CRI-O and of Docker. An HTTP status counts only if its name follows, because a
digest or a tag may contain the same digits.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lab.k8s.explanations import Explanation, Rule, find_explanation
from lab.k8s.moved_images import describe_move

TOPIC = "pull"
SUMMARY = "its image cannot be pulled"
UNKNOWN = Explanation(
    SUMMARY,
    "read the registry's answer (`kubectl get events -A --field-selector reason=Failed`), and check that the registry "
    "has the image and serves it to the node",
    TOPIC,
)
"""The explanation of a pull that failed for a reason that is not reported, or not known."""
_NEW_NAME = "set its present name in `images` of the kustomization"
_MISSING = Explanation(
    f"{SUMMARY}: its registry does not have it",
    f"the image was removed, or its name or tag is misspelled: find its present name, as newer manifests have it, and "
    f"{_NEW_NAME}",
    TOPIC,
)
_REJECTED = Explanation(
    f"{SUMMARY}: its registry requires credentials, or does not have it",
    "registries answer so for private images, and for images that were removed: add an imagePullSecret if it is "
    f"private; otherwise find its present name, as newer manifests have it, and {_NEW_NAME}",
    TOPIC,
)
_RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), explanation)
    for pattern, explanation in (
        (
            r"\btoomanyrequests\b|\b429 Too Many Requests\b|\bpull rate limit\b|\brate limit exceeded\b",
            Explanation(
                f"{SUMMARY}: the registry limits pulls from this address",
                "wait for some hours, log in to the registry (an imagePullSecret), or pull through a mirror (k3d's "
                "--registry-config)",
                TOPIC,
            ),
        ),
        (
            r"\bno match(ing manifest)? for (current )?(platform|\w+/\w+)\b|does not match the specified platform",
            Explanation(
                f"{SUMMARY}: it does not exist for the CPU architecture of the node",
                "use nodes of another architecture (`kubectl get nodes -L kubernetes.io/arch`; images of old releases "
                "exist for amd64 only), or a newer image",
                TOPIC,
            ),
        ),
        (
            r"\bx509: ",
            Explanation(
                f"{SUMMARY}: the node does not trust the certificate of the registry, or of a proxy before it",
                "add the CA to the node's certificates or to the registry's settings of its container runtime "
                "(`ca_file` in k3s's registries.yaml), and compare the clock of the node",
                TOPIC,
            ),
        ),
        (
            r"\bno such host\b|\bserver misbehaving\b|Temporary failure in name resolution",
            Explanation(
                f"{SUMMARY}: the node cannot resolve the name of the registry",
                "repair the DNS of the node (/etc/resolv.conf); on a cluster without internet, give the nodes a mirror "
                "of the registry (k3d's --registry-config), or load the images onto them",
                TOPIC,
            ),
        ),
        (
            r"\bi/o timeout\b|\bconnection timed out\b|\bconnect: connection refused\b|\bno route to host\b|"
            r"\bnetwork is unreachable\b|\bTLS handshake timeout\b|\bcontext deadline exceeded\b|Client\.Timeout|"
            r"\bproxyconnect\b|\bconnection reset by peer\b|\bunexpected EOF\b",
            Explanation(
                f"{SUMMARY}: the node cannot reach the registry",
                "check the node's network, its firewall and the proxy of its container runtime; on a cluster without "
                "internet, give the nodes a mirror of the registry (k3d's --registry-config), or load the images onto "
                "them",
                TOPIC,
            ),
        ),
        (
            r"server gave HTTP response to HTTPS client",
            Explanation(
                f"{SUMMARY}: the registry speaks plain HTTP",
                "declare the registry as insecure in the settings of the node's container runtime (an http:// endpoint "
                "in k3s's registries.yaml)",
                TOPIC,
            ),
        ),
        (
            r"\bno space left on device\b",
            Explanation(f"{SUMMARY}: the disk of the node is full", "free disk space on the node", TOPIC),
        ),
        (
            r"\b401 Unauthorized\b|\b403 Forbidden\b|\bunauthorized\b|\bdenied\b|\bauthorization failed\b|"
            r"\bauthentication required\b|\bno basic auth credentials\b|\bfailed to authorize\b",
            _REJECTED,
        ),
        (
            r"\bnot found\b|\bmanifest unknown\b|\bname unknown\b|\b404 Not Found\b|\bdoes not exist\b|\bNotFound\b",
            _MISSING,
        ),
        (
            r"\b50[0234] (Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out)\b",
            Explanation(
                f"{SUMMARY}: the registry is out of order",
                "wait until the registry answers again, or use a mirror",
                TOPIC,
            ),
        ),
    )
)


def explain_pull(message: str, image: str) -> Explanation:
    """Return the explanation of a failed pull.

    An image that has moved is explained by its new home if its registry answers that it does not have it, or rejects
    the request.

    Args:
        message: The message of the kubelet, which contains that of the container runtime.
        image: The name of the image.
    """
    # The name of the image may contain any word.
    found = find_explanation(message.replace(image, "IMAGE") if image else message, _RULES) or UNKNOWN
    if found in (_MISSING, _REJECTED) and (move := describe_move(image)):
        return replace(found, summary=f"{SUMMARY}: it was removed from its registry", remedy=f"{move}; {_NEW_NAME}")
    return found
