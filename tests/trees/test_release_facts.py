"""lab/releases: every fact that can be read from the manifests is what upstream's tree of the release contains."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lab.k8s.objects import Object, ObjectRef
from lab.k8s.versions import compare
from lab.layers.kustomization_files import read_kustomization, walk_kustomizations
from lab.layers.omitted_parts import get_key
from lab.releases import Component, Release
from lab.request_path.routes import APP_PATHS
from tests.layers.static_kube import StaticKube
from tests.trees.archives import KNOWN, Tree, name_archive

pytestmark = pytest.mark.parametrize("tree", KNOWN, ids=name_archive, indirect=True)

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
SYSTEM = "kube-system"
"""The namespace of Istio's CNI plug-in, which is not Kubeflow's own."""
ANNOTATION_LIMIT = 256 * 1024
"""Bytes of annotations that an object may have; kubectl saves an object in one when the client merges."""
UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "M": 10**6, "G": 10**9, "m": 10**-3}


def parse_quantity(text: object) -> float:
    """Return the value of a Kubernetes quantity."""
    found = re.fullmatch(r"([\d.]+)(\w*)", str(text))
    assert found, text
    return float(found[1]) * (UNITS[found[2]] if found[2] else 1)


def sum_requests(objects: Iterable[Object], resource: str) -> float:
    """Return the sum of what the containers of all workloads request; a limit is the default of a request."""
    total = 0.0
    for workload in objects:
        if workload["kind"] in WORKLOADS:
            for container in workload["spec"]["template"]["spec"]["containers"]:
                resources = container.get("resources") or {}
                limit = (resources.get("limits") or {}).get(resource, 0)
                request = (resources.get("requests") or {}).get(resource, limit)
                total += parse_quantity(request) * workload["spec"].get("replicas", 1)
    return total


def list_refs(objects: Iterable[Object]) -> set[ObjectRef]:
    """Return references to objects."""
    return {ObjectRef(obj["kind"], obj["metadata"]["name"], obj["metadata"].get("namespace", "")) for obj in objects}


def read_lines(tree: Tree, file: str) -> list[str]:
    """Return the lines of a file of a tree."""
    return [line.strip() for line in (tree.directory / file).read_text().splitlines()]


def is_built_from(tree: Tree, file: str, directory: str) -> bool:
    """Return whether the build of a directory uses the directory of a file."""
    used = {kustomization.parent for kustomization in walk_kustomizations(tree.directory, directory)}
    return bool(used & set((tree.directory / file).parents))


def find_files(tree: Tree, text: str, directory: str) -> list[Path]:
    """Return the YAML files below a directory that contain a text."""
    return [file for file in (tree.directory / directory).rglob("*.yaml") if text in file.read_text()]


def is_in(version: str, release: Release) -> bool:
    """Return whether a version of kustomize is in the range of a release."""
    return Version(version) in SpecifierSet(release.tools.kustomize)


def has_selection_by_placeholder(tree: Tree) -> bool:
    """Return whether a replacement of the user's namespace selects its target by the name $(…)."""
    for file in walk_kustomizations(tree.directory, "common/user-namespace/base"):
        for replacement in read_kustomization(file).get("replacements", []):
            if any("$(" in target["select"].get("name", "") for target in replacement["targets"]):
                return True
    return False


class TestNamespaces:
    """The namespaces whose pods must be ready."""

    def test_are_those_of_the_workloads_and_of_the_profile(self, tree: Tree, release: Release) -> None:
        namespaces = {obj["metadata"]["namespace"] for obj in tree.objects if obj["kind"] in WORKLOADS}
        profiles = {obj["metadata"]["name"] for obj in tree.objects if obj["kind"] == "Profile"}
        assert set(release.namespaces) == (namespaces - {SYSTEM}) | profiles

    def test_are_created_by_the_manifests_or_by_the_profile(self, tree: Tree, release: Release) -> None:
        created = {obj["metadata"]["name"] for obj in tree.objects if obj["kind"] in ("Namespace", "Profile")}
        assert set(release.namespaces) <= created


class TestComponents:
    """The components, as chapter 7 compares them."""

    def test_have_their_versions_or_are_absent(self, tree: Tree, release: Release) -> None:
        kube = ClusterOf(tree)
        differing = [str(each) for each in (compare(one, kube, ()) for one in release.components) if not each.agrees]
        assert differing == []

    def test_include_one_with_another_version_that_differs(self, tree: Tree, release: Release) -> None:
        """The comparison above can fail."""
        istio = next(component for component in release.components if component.name == "Istio")
        other = istio.model_copy(update={"version": "0.1", "expected_tag": ""})
        assert not compare(other, ClusterOf(tree), ()).agrees

    def test_have_their_directories(self, tree: Tree, release: Release) -> None:
        missing = [one.name for one in release.components if not (tree.directory / one.directory).is_dir()]
        # Of 1.7, the archive lacks the directory of Tekton Pipelines, which has no manifests.
        assert missing in ([], ["Kubeflow Tekton Pipelines"])

    def test_that_are_not_installed_have_the_images_that_are_looked_for(self, tree: Tree, release: Release) -> None:
        def has_images(component: Component) -> bool:
            directory = tree.directory / component.directory
            return not directory.is_dir() or bool(find_files(tree, component.images, component.directory))

        assert [one.name for one in release.components if one.images and not has_images(one)] == []


class ClusterOf(StaticKube):
    """A cluster that has exactly the workloads of a tree."""

    def __init__(self, tree: Tree) -> None:
        super().__init__(*tree.objects)

    def list_objects(
        self, kind: str, namespace: str | None = None, selector: str = "", *, api_version: str = ""
    ) -> list[Object]:
        """Return the objects of a kind, in a namespace or in all."""
        return [
            obj
            for obj in self._objects
            if obj["kind"] == kind and namespace in (None, obj["metadata"].get("namespace"))
        ]


class TestParts:
    """The parts of a multi-command installation."""

    def test_have_the_same_objects_as_the_example(self, tree: Tree, release: Release) -> None:
        directories = [directory for part in release.parts for directory in part.directories]
        built = {get_key(obj) for directory in directories for obj in tree.build(directory)}
        assert sorted(map(str, built ^ {get_key(obj) for obj in tree.objects})) == []


class TestAuthProxy:
    """The proxy that authenticates every request."""

    def test_has_its_workload_and_its_filter(self, tree: Tree, release: Release) -> None:
        refs, proxy = list_refs(tree.objects), release.auth_proxy
        for text in (proxy.workload, proxy.ext_authz_object):
            assert ObjectRef.parse(text) in refs

    def test_has_its_session_cookie_and_its_first_page(self, tree: Tree, release: Release) -> None:
        """The manifests contain neither the cookie nor the first page of authservice."""
        proxy = release.auth_proxy
        lines = read_lines(tree, proxy.session_lifetime.file)
        if proxy.name == "oauth2-proxy":
            assert f'cookie_name = "{proxy.session_cookie}"' in lines
            skips = "skip_provider_button = true" in lines
            assert proxy.first_page == ("dex" if skips else "sign-in")
        assert not any("cookie_httponly" in line for line in lines)

    def test_has_its_paths(self, tree: Tree, release: Release) -> None:
        proxy = release.auth_proxy
        dex = [json.dumps(obj) for obj in tree.objects if obj["metadata"].get("namespace") == "auth"]
        assert any(proxy.callback in text for text in dex)
        prefix = f"/{proxy.logout.path.split('/')[1]}/"
        if proxy.name == "oauth2-proxy":
            assert prefix in list_prefixes(tree.objects)
        else:
            assert f"AUTHSERVICE_URL_PREFIX={prefix}" in read_lines(tree, proxy.session_lifetime.file)

    def test_has_its_session_lifetime_and_extra_parameters(self, tree: Tree, release: Release) -> None:
        proxy = release.auth_proxy
        lines = read_lines(tree, proxy.session_lifetime.file)
        assert is_built_from(tree, proxy.session_lifetime.file, proxy.session_lifetime.directory)
        if proxy.name == "oauth2-proxy":
            name = proxy.session_lifetime.line.partition("=")[0]
            assert sum(line.startswith(name) for line in lines) == 1
        assert {f"{name}={value}" for name, value in proxy.extra_parameters.items()} <= set(lines)


class TestPassword:
    """The parameter that sets the owner's password."""

    def test_is_in_its_file(self, tree: Tree, release: Release) -> None:
        password = release.password
        keys = [line for line in read_lines(tree, password.file) if re.match(rf"(- )?{password.key}:", line)]
        assert len(keys) == 1
        assert is_built_from(tree, password.file, password.directory)


class TestWebApps:
    """The web apps in which users create resources."""

    def test_have_their_deployments_paths_and_parameters(self, tree: Tree, release: Release) -> None:
        for app in release.web_apps.values():
            objects = tree.build(app.directory)
            assert ObjectRef("Deployment", app.deployment, "kubeflow") in list_refs(objects) & list_refs(tree.objects)
            assert list_prefixes(objects) == [app.path]
            assert any(line.startswith(f"{app.secure_cookies}=") for line in read_lines(tree, app.file))
            assert is_built_from(tree, app.file, app.directory)


def list_prefixes(objects: Iterable[Object]) -> list[str]:
    """Return the prefixes of the paths that VirtualServices route."""
    routes = [route for obj in objects if obj["kind"] == "VirtualService" for route in obj["spec"].get("http", [])]
    return [match["uri"]["prefix"] for route in routes for match in route.get("match", []) if "uri" in match]


class TestMachine:
    """The size of a machine."""

    def test_is_at_least_the_sum_of_all_requests(self, tree: Tree, release: Release) -> None:
        assert release.machine.min_cpus == round(sum_requests(tree.objects, "cpu"), 1)
        assert release.machine.min_memory_gib == round(sum_requests(tree.objects, "memory") / 2**30, 1)
        assert release.machine.recommended_cpus >= release.machine.min_cpus
        assert release.machine.recommended_memory_gib >= release.machine.min_memory_gib


class TestTools:
    """The programs that a user runs."""

    def test_kustomize_5_8_is_excluded_where_it_builds_another_profile(self, tree: Tree, release: Release) -> None:
        """There, kustomize 5.8 replaces nothing, because a replacement selects its target by a placeholder."""
        for version in ("5.8.0", "5.8.1"):
            assert is_in(version, release) != has_selection_by_placeholder(tree)
        assert is_in("5.7.1", release)
        assert bool(release.reasons.get("kustomize")) == has_selection_by_placeholder(tree)

    def test_the_server_merges_objects_that_are_too_large_for_the_client(self, tree: Tree, release: Release) -> None:
        too_large = [
            obj["metadata"]["name"]
            for obj in tree.objects
            if len(json.dumps(obj, separators=(",", ":"))) > ANNOTATION_LIMIT
        ]
        assert not too_large or release.manifests.apply == "server"


class TestPaths:
    """The paths at the gateway that lab.request_path.routes knows, with the names of all releases."""

    def test_lead_to_their_services(self, tree: Tree, release: Release) -> None:
        refs, prefixes = list_refs(tree.objects), {prefix.rstrip("/") for prefix in list_prefixes(tree.objects)}
        missing = [app.path for app in APP_PATHS if app.service not in refs]
        assert missing == ([] if release.auth_proxy.name == "oauth2-proxy" else ["/oauth2/"])
        assert [app.path for app in APP_PATHS if app.path not in missing and app.path.rstrip("/") not in prefixes] == []
