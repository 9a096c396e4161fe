"""Differences between the objects of manifests and those of a cluster, in the fields that matter.

A field that only the cluster has is no difference: it is a default, or belongs to a controller or to the owner. The
object as it was applied last, which an annotation contains, is a third side: it shows how a difference has come about.
"""

from __future__ import annotations

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatch
from itertools import pairwise
from typing import Any

from docker.utils import parse_repository_tag

from lab.k8s.client import Kube
from lab.k8s.difference_rules import (
    CATEGORIES,
    COMPLETE_FIELDS,
    CONTAINER_FIELDS,
    FIELDS_OF_CONTROLLERS,
    HASH_SUFFIX,
    IMAGE_IN_TEXT,
    MERGE_KEYS,
    REFERENCES,
    RULES,
    SECRET_VARIABLE,
    SETTINGS_OF_OWNER,
    TEXTS_OF_PROGRAMS,
    WEBHOOK_FIELDS_OF_CONTROLLERS,
    Path,
)
from lab.k8s.images import image_tag
from lab.k8s.objects import Object, ObjectRef, get_nested

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
MAX_VALUE = 160
"""Characters of a value that a difference shows."""
QUANTITY = re.compile(r"(?P<number>[+-]?\d+(\.\d+)?)(?P<unit>[a-zA-Z]{0,2})")
QUANTITY_UNITS = {
    **{"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal("1e3")},
    **{unit: Decimal(1000) ** power for power, unit in enumerate("MGTPE", 2)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}
DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)")
DURATION = re.compile(f"({DURATION_PART.pattern})+")
DURATION_UNITS = {
    unit: Decimal(seconds)
    for unit, seconds in (("h", "3600"), ("m", "60"), ("s", "1"), ("ms", "1e-3"), ("us", "1e-6"), ("ns", "1e-9"))
}


@dataclass(frozen=True)
class Difference:
    """A field of an object that differs from the manifests.

    Args:
        ref: The object.
        field: The path of the field, as in spec.ports[http].port.
        expected: The value in the manifests; "none" if they do not have the field.
        seen: The value in the cluster; "none" if it does not have the field.
        origin: How the difference has come about; empty if that is unknown.
        resource: The object for kubectl, without its namespace, as in gateway.networking.istio.io/main.
        correction: The operation of a JSON patch that sets the field to the expected value.
    """

    ref: ObjectRef
    field: str
    expected: str
    seen: str
    origin: str
    resource: str
    correction: Mapping[str, Any]

    def __str__(self) -> str:
        text = f"{self.ref}: {self.field}: expected {self.expected}, seen {self.seen}"
        return f"{text} ({self.origin})" if self.origin else text


def is_compared(obj: Object) -> bool:
    """Return whether objects of this kind are compared in more than their names."""
    return _full_kind(obj) in RULES


def find_differences(expected: Object, seen: Object) -> list[Difference]:
    """Return the fields in which an object of a cluster differs from the manifests; none for kinds without a rule.

    Args:
        expected: The object as the manifests have it.
        seen: The object as the cluster has it.
    """
    rule = RULES.get(_full_kind(expected))
    if rule is None:
        return []
    annotation = get_nested(seen, "metadata", "annotations", LAST_APPLIED)
    applied = json.loads(annotation) if annotation else None
    parts = (
        _Part(
            path=field,
            pointer=field,
            expected=get_nested(expected, *field),
            seen=get_nested(seen, *field),
            applied=get_nested(applied, *field),
            is_complete=rule.is_complete or field[-1] in COMPLETE_FIELDS,
        )
        for field in rule.fields
    )
    return [
        Difference(
            ref=ObjectRef.from_object(seen),
            field=".".join(part.path).replace(".[", "["),
            expected=_show(part, part.expected, "the value of the manifests"),
            seen=_show(part, part.seen, "another value"),
            origin=_explain(part) if applied else "",
            resource=f"{_full_kind(expected)}/{expected['metadata']['name']}".lower(),
            correction=_correct(part),
        )
        for whole in parts
        for part in _compare(whole)
    ]


def list_differences(objects: Iterable[Object], kube: Kube, category: str = "") -> list[Difference]:
    """Return the differences of all objects that a cluster has; each kind is listed once.

    Args:
        objects: The objects of the manifests.
        kube: The API of the cluster.
        category: The category of difference_rules.CATEGORIES to compare; empty for all.
    """
    rules = CATEGORIES[category] if category else RULES
    by_kind: dict[tuple[str, str], list[Object]] = defaultdict(list)
    for obj in objects:
        if _full_kind(obj) in rules:
            by_kind[obj["apiVersion"], obj["kind"]].append(obj)
    found = []
    for (api_version, kind), required in by_kind.items():
        existing = {
            (obj["metadata"].get("namespace", ""), obj["metadata"]["name"]): obj
            for obj in kube.list_objects(kind, api_version=api_version)
        }
        for obj in required:
            name, namespace = obj["metadata"]["name"], obj["metadata"].get("namespace", "")
            # A manifest may lack the namespace where the cluster uses the default one, or name one for a kind without.
            seen = existing.get((namespace or "default", name)) or existing.get(("", name))
            found += find_differences(obj, seen) if seen else []
    return found


def list_corrections(differences: Iterable[Difference]) -> list[str]:
    """Return one command for each object that sets the differing fields to the expected values."""
    by_ref: dict[ObjectRef, list[Difference]] = defaultdict(list)
    for difference in differences:
        by_ref[difference.ref].append(difference)
    return [_render_command(found) for found in by_ref.values()]


def _render_command(differences: Sequence[Difference]) -> str:
    first = differences[0]
    patch = json.dumps([difference.correction for difference in differences])
    namespace = f" -n {first.ref.namespace}" if first.ref.namespace else ""
    return f"kubectl patch{namespace} {first.resource} --type=json --patch={shlex.quote(patch)}"


def _full_kind(obj: Object) -> str:
    group = obj["apiVersion"].rpartition("/")[0]
    return f"{obj['kind']}.{group}" if group else str(obj["kind"])


@dataclass(frozen=True)
class _Part:
    """A part of an object on the three sides; None where a side does not have it.

    Args:
        path: The keys that lead to it, for readers; the items of lists are in brackets, with their names.
        pointer: The keys and positions that lead to it in the cluster's object, as in a JSON patch.
        expected: The part in the manifests.
        seen: The part in the cluster.
        applied: The part as it was applied last.
        is_complete: Whether a value that only the cluster has is a difference.
    """

    path: Path
    pointer: Path
    expected: Any
    seen: Any
    applied: Any
    is_complete: bool

    @property
    def key(self) -> str:
        """The last key of the path that is no item of a list."""
        return next(key for key in reversed(self.path) if not key.startswith("["))

    def child(self, name: str, pointer: str | int, expected: Any, seen: Any, applied: Any) -> _Part:
        """Return a part of this part."""
        is_complete = self.is_complete or name in COMPLETE_FIELDS
        return _Part((*self.path, name), (*self.pointer, str(pointer)), expected, seen, applied, is_complete)


def _compare(part: _Part) -> Iterator[_Part]:
    """Yield the smallest parts that differ."""
    if not part.is_complete and _is_empty(part.expected):
        return  # a default, or a field of a controller or of the owner
    if isinstance(part.expected, dict) and isinstance(part.seen, dict):
        applied = part.applied if isinstance(part.applied, dict) else {}
        for key in _select_keys(part, part.expected | part.seen):
            yield from _compare(part.child(key, key, part.expected.get(key), part.seen.get(key), applied.get(key)))
    elif isinstance(part.expected, list) and isinstance(part.seen, list):
        yield from _compare_lists(part)
    elif not _is_same(part, part.expected, part.seen):
        yield part


def _compare_lists(part: _Part) -> Iterator[_Part]:
    expected, seen = part.expected, part.seen
    applied = part.applied if isinstance(part.applied, list) else []
    if part.key in MERGE_KEYS and not part.is_complete:
        for item in expected:
            if _find_item(part.key, item, expected) is not item:
                continue  # of several with the same name, the last one is effective
            sides = [_find_item(part.key, item, side) for side in (expected, seen, applied)]
            position = next((number for number, other in enumerate(seen) if other is sides[1]), "-")
            child = part.child(f"[{_identify(part.key, item)}]", position, *sides)
            if child.seen:
                yield from _compare(child)
            else:
                yield child
    elif len(expected) == len(seen):
        applied = applied if len(applied) == len(seen) else [None] * len(seen)
        for position, values in enumerate(zip(expected, seen, applied, strict=True)):
            yield from _compare(part.child(f"[{position}]", position, *values))
    else:
        yield part


def _find_item(key: str, item: Any, items: Sequence[Any]) -> Any:
    """Return the last item that has the same name as another one, or None."""
    for path in MERGE_KEYS[key]:
        name = get_nested(item, *path)
        found = [
            other for other in items if name is not None and _strip_hash(get_nested(other, *path)) == _strip_hash(name)
        ]
        if found:
            return found[-1]
    return None


def _identify(key: str, item: Any) -> str:
    names = (get_nested(item, *path) for path in MERGE_KEYS[key])
    return next((str(name) for name in names if name is not None), "?")


def _select_keys(part: _Part, keys: Iterable[str]) -> list[str]:
    """Return which keys of a mapping are compared."""
    ignored: Iterable[str] = FIELDS_OF_CONTROLLERS
    match part.path[-2:]:
        case ["containers" | "initContainers", _]:
            return [key for key in CONTAINER_FIELDS if key in keys]
        case ["env", name] if name.strip("[]") in SETTINGS_OF_OWNER:
            return []
        case ["webhooks", name]:
            patterns = WEBHOOK_FIELDS_OF_CONTROLLERS.items()
            ignored = [key for pattern, fields in patterns if fnmatch(name.strip("[]"), pattern) for key in fields]
    return [key for key in keys if key not in ignored]


def _is_same(part: _Part, first: Any, second: Any) -> bool:
    """Return whether two values of a part mean the same."""
    if _is_empty(first) or _is_empty(second):
        return _is_empty(first) and _is_empty(second)
    if isinstance(first, dict | list) or isinstance(second, dict | list):
        return bool(first == second)
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in (first, second)]
    if texts[0] == texts[1]:
        return True
    if any(key in REFERENCES for key in part.path):
        return _strip_hash(texts[0]) == _strip_hash(texts[1])
    if part.key == "image":
        return _is_same_image(*texts)
    if part.key in TEXTS_OF_PROGRAMS:
        images = [match for match in map(IMAGE_IN_TEXT.fullmatch, texts) if match]
        options = {match["option"] for match in images}
        return len(images) == 2 and len(options) == 1 and _is_same_image(*(match["image"] for match in images))
    return not _list_numbers(texts[0]).isdisjoint(_list_numbers(texts[1]))


def _is_same_image(first: str, second: str) -> bool:
    """Return whether two images are the same, possibly in different registries, as far as it can be decided.

    A tag and a digest cannot be compared.
    """
    (name, tag, digest), (other_name, other_tag, other_digest) = _split_image(first), _split_image(second)
    if digest and other_digest:
        return digest == other_digest
    return name == other_name and (not tag or not other_tag or tag == other_tag)


def _split_image(image: str) -> tuple[str, str, str]:
    """Return the last component of an image's name, the tag and the digest; tag or digest may be empty."""
    tagged, _, digest = image.partition("@")
    return parse_repository_tag(tagged)[0].rpartition("/")[2], image_tag(image), digest


def _list_numbers(text: str) -> set[tuple[str, Decimal]]:
    """Return what a text is as a quantity of Kubernetes and as a duration of Go: 1000m is 1, and 1000 minutes."""
    numbers = set()
    if (match := QUANTITY.fullmatch(text)) and match["unit"] in QUANTITY_UNITS:
        numbers.add(("quantity", Decimal(match["number"]) * QUANTITY_UNITS[match["unit"]]))
    if DURATION.fullmatch(text):
        parts = DURATION_PART.findall(text)
        numbers.add(("duration", sum((Decimal(number) * DURATION_UNITS[unit] for number, unit in parts), Decimal())))
    return numbers


def _strip_hash(name: Any) -> str:
    return HASH_SUFFIX.sub("", str(name))


def _is_empty(value: Any) -> bool:
    """Return whether a value means none. A list with an empty mapping does not: such a rule applies to everything."""
    return value is None or value in ("", []) or (isinstance(value, dict) and all(map(_is_empty, value.values())))


def _correct(part: _Part) -> Mapping[str, Any]:
    """Return the operation of a JSON patch that gives a part of the cluster's object its expected value."""
    path = "".join(f"/{key.replace('~', '~0').replace('/', '~1')}" for key in part.pointer)
    if _is_empty(part.expected):
        return {"op": "remove", "path": path}
    return {"op": "add" if part.seen is None else "replace", "path": path, "value": part.expected}


def _explain(part: _Part) -> str:
    """Return how a difference has come about, of an object that was applied by kubectl."""
    is_changed = _is_same(part, part.expected, part.applied)
    return "changed since it was applied" if is_changed else "applied from other manifests"


def _show(part: _Part, value: Any, secret: str) -> str:
    """Return a value of a part as a text; of a variable that may be a secret, the text given instead."""
    if _is_empty(value):
        return "none"
    is_secret = any(key == "env" and SECRET_VARIABLE.search(name) for key, name in pairwise(part.path))
    if is_secret and part.key in ("env", "value"):
        return secret
    text = json.dumps(value) if isinstance(value, dict | list | bool) else str(value)
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]} …"
