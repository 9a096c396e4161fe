"""lab/k8s/documents.py: YAML documents of manifests, with what kustomize passes on."""

from __future__ import annotations

import pytest
import yaml

from lab.errors import LabError
from lab.k8s.documents import join_documents, parse_documents, split_documents
from lab.k8s.images import list_images

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\n"
LIST = """apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: first}}
- apiVersion: v1
  kind: ConfigMapList
  items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: second}}]
"""


def parse_names(manifests: str) -> list[str]:
    """Return the names of the objects of manifests."""
    return [obj["metadata"]["name"] for obj in parse_documents(manifests)]


def test_each_document_keeps_its_text() -> None:
    manifests = (
        "# comment\n---\n" + CONFIG_MAP.format("first") + "--- # second\n" + CONFIG_MAP.format("second") + "---\n"
    )
    documents = split_documents(manifests)
    assert [obj["metadata"]["name"] for obj, _ in documents] == ["first", "second"]
    assert [yaml.safe_load(text) for _, text in documents] == [obj for obj, _ in documents]
    assert parse_names(join_documents(text for _, text in documents)) == ["first", "second"]


def test_items_of_a_list_are_objects_of_their_own() -> None:
    manifests = f"{LIST}---\n{CONFIG_MAP.format('third')}"
    assert parse_names(manifests) == ["first", "second", "third"]
    assert parse_names(join_documents(text for _, text in split_documents(manifests))) == ["first", "second", "third"]


def test_custom_resource_whose_kind_ends_with_list_is_no_list() -> None:
    manifests = "apiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: hosts}\nitems: [web.example.com]\n"
    assert parse_names(manifests) == ["hosts"]


def test_empty_lists_and_documents_contain_no_object() -> None:
    assert parse_documents("apiVersion: v1\nkind: List\nitems: null\n---\n---\n# comment\n") == ()


def test_values_are_read_as_by_kubectl() -> None:
    text = (
        CONFIG_MAP.format("2024-01-01")
        + "data: {date: 2024-13-45, equals: =, tagged: !custom a, shared: &a b, copy: *a}\n"
    )
    [obj] = parse_documents(text)
    assert obj["metadata"]["name"] == "2024-01-01"
    assert obj["data"] == {"date": "2024-13-45", "equals": "=", "tagged": "a", "shared": "b", "copy": "b"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            CONFIG_MAP.format("123"),
            "(ConfigMap 123): metadata.name is the number 123, and not a text: write it in quotes",
        ),
        (CONFIG_MAP.format("on"), "metadata.name is the boolean true, and not a text"),
        (CONFIG_MAP.format("[a]"), "metadata.name is a list, and not a text"),
        (CONFIG_MAP.format("web") + "  namespace: 12\n", "metadata.namespace is the number 12, and not a text"),
        (CONFIG_MAP.format("web") + "  labels: [a]\n", "metadata.labels is a list, and not a mapping"),
        ("apiVersion: v1\nkind: Job\nmetadata: {generateName: train-}", "metadata.generateName, which `kubectl apply`"),
        ("apiVersion: v1\nkind: ConfigMap", "(ConfigMap): metadata.name is missing"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: null", "metadata.name is missing"),
        ("kind: ConfigMap\nmetadata: {name: web}", "apiVersion is missing"),
        ("apiVersion: v1\nmetadata: {name: web}", "kind is missing"),
        ("apiVersion: 1\nkind: ConfigMap\nmetadata: {name: web}", "apiVersion is the number 1"),
        ("- a\n- b", "it is a list, and not an object with apiVersion, kind and metadata"),
        ("just a text", "it is 'just a text', and not an object"),
        ("apiVersion: v1\nkind: List\nitems: [null]", "it is None, and not an object"),
        ("apiVersion: v1\nkind: List\nitems: 3", "it is not valid YAML"),
        ("metadata: {name: web", "it is not valid YAML: line 2 of the document: did not find expected ',' or '}'"),
        ("metadata: &loop {name: *loop}", "it is not valid YAML: Circular reference"),
        ("metadata: *missing", "it is not valid YAML: line 1 of the document: found undefined alias"),
        ("? [a]\n: b", "it is not valid YAML: line 1 of the document: found unhashable key"),
        ("a: !!int text", "it is not valid YAML: invalid literal"),
    ],
)
def test_object_that_cannot_be_applied_is_one_error_that_names_its_document(text: str, problem: str) -> None:
    with pytest.raises(LabError, match="an object that cannot be applied; nothing was applied") as caught:
        parse_documents(f"{CONFIG_MAP.format('first')}---\n{text}\n")
    assert caught.value.seen.startswith("document 2 of the output of kustomize")
    assert problem in caught.value.seen
    assert "`kustomize build example`" in caught.value.remedy


def test_images_in_odd_places_are_listed() -> None:
    text = (
        CONFIG_MAP.format("web")
        + "spec: {containers: [null, text, {image: 1.25}, {image: null}], initContainers: {}}\n"
    )
    assert list_images(parse_documents(text)) == ["docker.io/library/1.25:latest"]
