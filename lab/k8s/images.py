"""The images that manifests contain, and checking that their registries have them.

Images have been removed from their registries before: such an installation applies all objects, but its pods never
start. Therefore every registry is asked before anything is applied, with the protocol that the node will use.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from docker.auth import resolve_repository_name
from docker.errors import InvalidRepository
from docker.utils import parse_repository_tag
from dxf import DXF
from dxf.exceptions import DXFError, DXFUnauthorizedError

from lab.run.journal import Journal
from lab.run.waiting import root_cause

DOCKER_HUB, DOCKER_HUB_API = "docker.io", "registry-1.docker.io"
MAX_PARALLEL = 8
TIMEOUT = 10
"""Seconds for a registry to answer."""
NOT_RETURNED = (requests.codes.unauthorized, requests.codes.forbidden, requests.codes.not_found, requests.codes.gone)
"""The answers of a registry that does not have an image, or does not return it to everyone."""
REFERENCE = re.compile(
    r"(?:(?:localhost|\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:\d+/))(?::\d+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*"
    r"(?::\w[\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)
"""Matches an image reference: the registry's host, the path, the tag and the digest, as the OCI specifies them."""
CONTAINER_FIELDS = ("containers", "initContainers")


@dataclass(frozen=True)
class MissingImage:
    """An image that no registry returned.

    Args:
        reference: Its full reference.
        reason: The answers of the registries.
        is_certain: Whether all registries have answered that they do not have it, or that they do not return it.
    """

    reference: str
    reason: str
    is_certain: bool = True


def is_reference(image: str) -> bool:
    """Return whether a text has the form of an image reference; a kubelet rejects any other with InvalidImageName."""
    return REFERENCE.fullmatch(image) is not None


def full_reference(image: str) -> str:
    """Return an image name with registry and tag, as a container runtime completes it; an invalid one unchanged."""
    try:
        registry, name = resolve_repository_name(image)
    except InvalidRepository:
        return image
    if registry == DOCKER_HUB and "/" not in name:
        name = f"library/{name}"
    _, tag = parse_repository_tag(name)
    return f"{registry}/{name}" if tag else f"{registry}/{name}:latest"


def image_tag(image: str) -> str:
    """Return the tag of an image; latest if it has neither tag nor digest, empty if it has only a digest."""
    name, _, _ = full_reference(image).partition("@")
    return parse_repository_tag(name)[1] or ""


def list_images(documents: Iterable[Any]) -> list[str]:
    """Return the full references of all images of containers, sorted.

    Args:
        documents: Parsed YAML of any kind; lists of containers are found at any depth.
    """
    return sorted({full_reference(image) for document in documents for image in _find_images(document)})


def list_written_images(documents: Iterable[Any]) -> list[str]:
    """Return all images of containers as they are written, each once, sorted; see list_images."""
    return sorted({image for document in documents for image in _find_images(document)})


def find_missing_images(
    references: Sequence[str], mirrors: Mapping[str, Sequence[str]], journal: Journal, timeout: float = TIMEOUT
) -> list[MissingImage]:
    """Return the images that no registry has, or whose registries could not be asked.

    Args:
        references: Full references.
        mirrors: For a registry's host, the URLs that the node uses instead of it.
        journal: The journal of the run, which records the wait.
        timeout: Seconds for each registry to answer.
    """
    waiting_for = f"registries to report whether they have {len(references)} images"
    with journal.record("wait", waiting_for), ThreadPoolExecutor(MAX_PARALLEL) as pool:
        return [missing for missing in pool.map(partial(_check_image, mirrors, timeout), references) if missing]


def _find_images(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for item in part:
            yield from _find_images(item)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in CONTAINER_FIELDS and isinstance(value, list):
                yield from (str(item["image"]) for item in value if isinstance(item, dict) and item.get("image"))
            else:
                yield from _find_images(value)


def _check_image(mirrors: Mapping[str, Sequence[str]], timeout: float, reference: str) -> MissingImage | None:
    """Return the reason why no registry returns an image; None if one does."""
    try:
        host, name = resolve_repository_name(reference)
    except InvalidRepository:
        return MissingImage(reference, "this is not a valid image name")
    tagged, version = parse_repository_tag(name)  # the version is the digest, if there is one
    repository, _ = parse_repository_tag(tagged)
    origin = f"https://{DOCKER_HUB_API if host == DOCKER_HUB else host}"
    reasons: list[str] = []
    is_certain = True
    for url in mirrors.get(host) or [origin]:
        parts = urlsplit(url)
        is_insecure = parts.scheme == "http"
        registry_type = _DirectRegistry if _is_private(parts.hostname or "", is_mirror=url != origin) else DXF
        registry = registry_type(
            parts.netloc, repository, _authenticate_anonymously, insecure=is_insecure, timeout=timeout
        )
        is_answer = True
        try:
            problem = _find_manifest_problem(registry, version or "latest")
        except requests.HTTPError as error:
            problem = f"returns {error.response.status_code}"
            is_answer = error.response.status_code in NOT_RETURNED
        except DXFUnauthorizedError as error:
            problem = f"requires credentials: {root_cause(error)}"
        except requests.TooManyRedirects:
            problem, is_answer = "redirects in a loop", False
        except (DXFError, OSError) as error:
            is_answer = False
            problem = f"cannot be queried: {root_cause(error)}"
        except Exception as error:  # the client library fails in many ways if an answer is not as expected
            is_answer = False
            problem = f"returns an answer that is not a registry's: {type(error).__name__}: {root_cause(error)}"
        if not problem:
            return None
        reasons.append(f"{parts.netloc} {problem}")
        is_certain = is_certain and is_answer
    return MissingImage(reference, ", ".join(reasons), is_certain)


def _find_manifest_problem(registry: DXF, version: str) -> str:
    """Return why the answer of a registry is not the manifest of an image; empty if it is.

    A proxy or a login page may answer any request with status 200. A registry reports the digest of the manifest, or at
    least returns the manifest itself.

    Raises:
        Exception: If the registry returns an error, or its answer cannot be interpreted.
    """
    digest, response = registry.head_manifest_and_response(version)
    content_type = response.headers.get("Content-Type", "").partition(";")[0]
    if digest and content_type != "text/html":
        return ""
    text, _ = registry.get_manifest_and_response(version)
    try:
        manifest = json.loads(text)
    except ValueError:
        manifest = None
    if isinstance(manifest, dict) and "schemaVersion" in manifest:
        return ""
    return f"returns no manifest of an image, but {content_type or 'an answer without a type'}"


class _DirectRegistry(DXF):
    """A registry that is asked without the proxy that the environment names."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        session = requests.Session()
        session.trust_env = False
        self._sessions = [session]


def _is_private(host: str, *, is_mirror: bool) -> bool:
    """Return whether a registry is on a private address, which no proxy of the internet reaches.

    Only the name of a mirror is resolved: behind a proxy, names of the internet often cannot be.
    """
    try:
        return ip_address(host).is_private
    except ValueError:
        pass
    if host == "localhost" or not is_mirror:
        return host == "localhost"
    try:
        addresses = {ip_address(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(address.is_private for address in addresses)


def _authenticate_anonymously(registry: Any, response: requests.Response) -> None:
    registry.authenticate(response=response)
