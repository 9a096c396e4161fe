"""The YAML documents of manifests, and the objects in them.

kustomize passes on much that the API server then rejects, such as names that are numbers, and much that is valid, but
that Python's YAML loader reads differently or not at all. So every document is checked here, before anything is
applied, and everything that reads objects can rely on kind, API version, name and namespace.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import yaml

from lab.errors import LabError
from lab.k8s.objects import Object, get_nested

SEPARATOR = re.compile(r"(?m)^---[ \t]*(?:#.*)?$")
CONTENT = re.compile(r"(?m)^[^#\s]")
"""Matches a YAML document that does not consist of comments only."""
ALIAS = re.compile(r"(?m)[\s\[:,-]\*[\w-]")
"""Matches an alias of YAML, by which a value may contain itself."""
UNUSED_TAGS = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")
"""Types that JSON lacks. kubectl reads a date and the single character = as text."""
Document = tuple[Object, str]
"""An object of manifests, and its YAML text."""


class _Loader(yaml.CSafeLoader):
    """Reads values as kubectl does: dates are texts, unknown tags have no effect."""


def _construct_untagged(loader: _Loader, _tag: str, node: yaml.Node) -> Any:
    match node:
        case yaml.MappingNode():
            return loader.construct_mapping(node, deep=True)
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
    return node.value


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in UNUSED_TAGS]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_multi_constructor("", _construct_untagged)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _loader, node: node.value)


@lru_cache(maxsize=4)
def parse_documents(manifests: str) -> tuple[Object, ...]:
    """Return the objects of YAML documents; those of a List one by one.

    Raises:
        LabError: If a document is not YAML, or not an object that kubectl can apply; it names the document.
    """
    return tuple(obj for obj, _ in _split(manifests))


def split_documents(manifests: str) -> list[Document]:
    """Return the object and the text of each YAML document; each text has one object.

    Raises:
        LabError: If a document is not YAML, or not an object that kubectl can apply; it names the document.
    """
    return list(_split(manifests))


def join_documents(texts: Iterable[str]) -> str:
    """Return one text with several YAML documents."""
    return "---\n".join(f"{text.strip()}\n" for text in texts)


@lru_cache(maxsize=4)
def _split(manifests: str) -> tuple[Document, ...]:
    """Return objects and texts; the last results are cached: parsing Kubeflow's tree takes seconds."""
    texts = [text for text in SEPARATOR.split(manifests) if CONTENT.search(text)]
    return tuple(document for number, text in enumerate(texts, 1) for document in _read_document(text, number))


def _read_document(text: str, number: int) -> Iterator[Document]:
    """Yield the objects of one text, which is usually one document with one object."""
    try:
        contents = [content for content in yaml.load_all(text.lstrip("\n"), _Loader) if content is not None]
        if ALIAS.search(text):
            json.dumps(contents, default=str)
        objects = [obj for content in contents for obj in _unpack(content)]
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or error
        line = f"line {mark.line + 1} of the document: " if mark else ""
        raise _invalid(text, number, f"it is not valid YAML: {line}{reason}") from None
    for obj in objects:
        if problem := _find_problem(obj):
            raise _invalid(text, number, problem)
    if len(objects) == 1 and objects == contents:
        yield objects[0], text
    else:
        yield from ((obj, str(yaml.safe_dump(obj, sort_keys=False))) for obj in objects)


def _unpack(content: Any) -> Iterator[Any]:
    """Yield the items of a List, as kubectl applies them, or the content itself."""
    is_list = isinstance(content, dict) and str(content.get("kind")).endswith("List") and "items" in content
    if is_list and not get_nested(content, "metadata", "name"):  # a custom resource may have such a kind, and items
        for item in content["items"] or []:
            yield from _unpack(item)
    else:
        yield content


def _find_problem(obj: Any) -> str:
    """Return why kubectl cannot apply an object; empty if nothing is known against it."""
    if not isinstance(obj, dict):
        return f"it is {_describe(obj)}, and not an object with apiVersion, kind and metadata"
    metadata = obj.get("metadata")
    if isinstance(metadata, dict) and metadata.get("generateName") and not metadata.get("name"):
        return "it has metadata.generateName, which `kubectl apply` does not support, and no metadata.name"
    for path, is_required in (
        (("apiVersion",), True),
        (("kind",), True),
        (("metadata", "name"), True),
        (("metadata", "namespace"), False),
    ):
        value = get_nested(obj, *path)
        if value in (None, ""):
            if is_required:
                return f"{'.'.join(path)} is missing"
        elif not isinstance(value, str):
            return f"{'.'.join(path)} is {_describe(value)}, and not a text: write it in quotes"
    for field in ("labels", "annotations"):
        values = get_nested(metadata, field)
        if values is not None and not isinstance(values, dict):
            return f"metadata.{field} is {_describe(values)}, and not a mapping"
    return ""


def _describe(value: Any) -> str:
    match value:
        case bool():
            return f"the boolean {str(value).lower()}"
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case dict():
            return "a mapping"
    return repr(value)[:100]


def _invalid(text: str, number: int, problem: str) -> LabError:
    kind, name = (re.search(pattern, text) for pattern in (r"(?m)^kind: *(.+?) *$", r"(?m)^  name: *(.+?) *$"))
    labels = " ".join(found[1] for found in (kind, name) if found)
    return LabError(
        "the manifests contain an object that cannot be applied; nothing was applied",
        seen=f"document {number} of the output of kustomize{f' ({labels})' if labels else ''}: {problem}",
        remedy="correct the file of this object in the manifests; `kustomize build example` prints all documents",
    )
