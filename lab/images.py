"""The images that manifests name, and which of them no registry has.

Images have left their registries before: an installation then applies everything, and its pods never start. So every
registry is asked before anything is applied, by the protocol by which the node will ask it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests
from dxf import DXF
from dxf.exceptions import DXFError

from lab.journal import JOURNAL
from lab.waiting import root_of

DOCKER_HUB, DOCKER_HUB_API = "docker.io", "registry-1.docker.io"
AT_ONCE = 8
TIMEOUT = 10
"""Seconds for a registry to answer."""
SEARCHED = ("containers", "initContainers")


@dataclass(frozen=True)
class Missing:
    """An image that could not be found, and what the registries said."""

    reference: str
    because: str


def full_reference(image: str) -> str:
    """An image's name with registry and tag, as a container runtime completes it."""
    registry, _, rest = image.partition("/")
    if not rest:
        image = f"{DOCKER_HUB}/library/{image}"
    elif not {".", ":"} & set(registry) and registry != "localhost":
        image = f"{DOCKER_HUB}/{image}"
    return image if {":", "@"} & set(image.rsplit("/", 1)[1]) else f"{image}:latest"


def tag(image: str) -> str:
    """An image's tag; latest if it is named by no tag, and empty if by a digest alone."""
    name, _, _ = full_reference(image).partition("@")
    return name.rsplit("/", 1)[1].partition(":")[2]


def named_in(documents: Iterable[Any]) -> list[str]:
    """The full references of all images that containers of the documents are to run, sorted.

    Arguments:
        documents: objects as YAML gives them, of any kind: what has containers somewhere inside of it counts.
    """
    return sorted({full_reference(image) for document in documents for image in _images(document)})


def missing(references: Sequence[str], mirrors: Mapping[str, Sequence[str]]) -> list[Missing]:
    """Those of the images that no registry has, or that could not be asked for.

    Arguments:
        references: full references.
        mirrors: for each registry's host, the URLs that the node asks in its place.
    """
    what = f"registries say whether they have {len(references)} images"
    with JOURNAL.entry("wait", what), ThreadPoolExecutor(AT_ONCE) as pool:
        refusals = list(pool.map(partial(_refusal, mirrors), references))
    return [Missing(reference, refusal) for reference, refusal in zip(references, refusals, strict=True) if refusal]


def _images(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for one in part:
            yield from _images(one)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in SEARCHED and isinstance(value, list):
                yield from (one["image"] for one in value if isinstance(one, dict) and one.get("image"))
            else:
                yield from _images(value)


def _refusal(mirrors: Mapping[str, Sequence[str]], reference: str) -> str:
    """Why none of an image's registries gives it; empty when one does."""
    host, _, rest = reference.partition("/")
    name, at, digest = rest.partition("@")
    path, _, tag = name.partition(":")
    itself = f"https://{DOCKER_HUB_API if host == DOCKER_HUB else host}"
    refusals = []
    for url in mirrors.get(host) or [itself]:
        parts = urlsplit(url)
        registry = DXF(parts.netloc, path, _as_anybody, insecure=parts.scheme == "http", timeout=TIMEOUT)
        try:
            registry.head_manifest_and_response(digest if at else tag)
        except requests.HTTPError as error:
            refusals.append(f"{parts.netloc} answers {error.response.status_code}")
        except (DXFError, OSError) as error:
            refusals.append(f"{parts.netloc} cannot be asked: {root_of(error)}")
        else:
            return ""
    return ", ".join(refusals)


def _as_anybody(registry: Any, response: requests.Response) -> None:
    registry.authenticate(response=response)
