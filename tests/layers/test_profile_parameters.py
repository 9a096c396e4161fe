"""lab/layers/profile_parameters.py: builds by the real kustomize, with the right Profile and with others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lab.context import Lab
from lab.errors import LabError
from lab.k8s.documents import parse_documents
from lab.k8s.kubectl_apply import build_manifests
from lab.layers.example import build_example
from lab.layers.manifests import Copy
from lab.layers.profile_parameters import DIRECTORY, check_profiles, read_expected
from tests.conftest import MakeLab
from tests.kit_programs import require_program

EXAMPLE = f"resources: [../{DIRECTORY}]\n"
PLACEHOLDERS = """apiVersion: kubeflow.org/v1beta1
kind: Profile
metadata: {name: $(profile-name)}
spec: {owner: {kind: User, name: $(user)}}
"""
NAMES = PLACEHOLDERS.replace("$(profile-name)", "team-a").replace("$(user)", "anna@example.com")
PARAMETERS = "# who\nuser=anna@example.com\nprofile-name=team-a\nother=eve@example.com\n"
GENERATOR = """resources: [profile-instance.yaml]
configMapGenerator:
- {name: parameters, envs: [params.env]}
"""
VARS = (
    GENERATOR
    + """vars:
- {name: user, objref: {kind: ConfigMap, name: parameters, apiVersion: v1}, fieldref: {fieldpath: data.user}}
- name: profile-name
  objref: {kind: ConfigMap, name: parameters, apiVersion: v1}
  fieldref: {fieldpath: data.profile-name}
configurations: [params.yaml]
"""
)
REFERENCES = """varReference:
- {path: spec/owner/name, kind: Profile}
- {path: metadata/name, kind: Profile}
"""
REPLACEMENTS = (
    GENERATOR
    + """replacements:
- source: {kind: ConfigMap, name: parameters, fieldPath: data.user}
  targets: [{select: {kind: Profile}, fieldPaths: [spec.owner.name]}]
- source: {kind: ConfigMap, name: parameters, fieldPath: data.profile-name}
  targets: [{select: {kind: Profile}, fieldPaths: [metadata.name]}]
"""
)
PATCH = """patches:
- target: {kind: Profile}
  patch: '[{"op": "replace", "path": "/spec/owner/name", "value": "bob@example.com"}]'
"""
WriteTree = Callable[..., Path]


@pytest.fixture
def write_tree(tmp_path: Path) -> WriteTree:
    """A function that writes a tree with a Profile, and returns its directory."""

    def write(
        kustomization: str, profile: str = PLACEHOLDERS, example: str = EXAMPLE, parameters: str = PARAMETERS
    ) -> Path:
        files = {
            "example/kustomization.yaml": example,
            f"{DIRECTORY}/kustomization.yaml": kustomization,
            f"{DIRECTORY}/profile-instance.yaml": profile,
            f"{DIRECTORY}/params.env": parameters,
            f"{DIRECTORY}/params.yaml": REFERENCES,
        }
        for name, text in files.items():
            (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "tree" / name).write_text(text)
        return tmp_path / "tree"

    return write


@pytest.fixture
def lab(make_lab: MakeLab, programs: Path) -> Lab:
    """A lab whose kustomize is the kit's."""
    (programs / "kustomize").symlink_to(require_program("kustomize"))
    return make_lab(release="1.9")


def check(tree: Path, lab: Lab) -> None:
    """Build `example`, and check the Profiles of the build."""
    check_profiles(parse_documents(build_manifests(lab.shell, tree, "example")), tree, lab)


@pytest.mark.parametrize(
    ("kustomization", "profile"),
    [(VARS, PLACEHOLDERS), (REPLACEMENTS, PLACEHOLDERS), ("resources: [profile-instance.yaml]", NAMES)],
    ids=["vars", "replacements", "names"],
)
def test_profile_of_the_parameters_is_accepted(
    kustomization: str, profile: str, write_tree: WriteTree, lab: Lab
) -> None:
    tree = write_tree(kustomization, profile)
    assert read_expected(tree) == ("team-a", "anna@example.com")
    check(tree, lab)


@pytest.mark.parametrize(
    "tree",
    [
        {"kustomization": VARS, "example": EXAMPLE + PATCH},
        {"kustomization": REPLACEMENTS.partition("replacements")[0] + PATCH, "profile": NAMES},
        {"kustomization": REPLACEMENTS.replace("{kind: Profile}", "{kind: Profile, name: none}"), "profile": NAMES},
        {"kustomization": REPLACEMENTS, "profile": NAMES.replace("anna", "placeholder")},
        {"kustomization": VARS, "example": "resources: [profile.yaml]"},
        {"kustomization": VARS, "example": "resources: []\nnamePrefix: a-"},
    ],
    ids=["patched-above", "patched", "unused-parameters", "replaced-name", "own-profile", "no-profile"],
)
def test_profile_that_a_user_sets_otherwise_is_accepted(tree: dict[str, str], write_tree: WriteTree, lab: Lab) -> None:
    directory = write_tree(**tree)
    (directory / "example/profile.yaml").write_text(NAMES.replace("anna", "carla"))
    check(directory, lab)


def test_tree_without_the_directory_of_the_profile_is_accepted(write_tree: WriteTree, lab: Lab) -> None:
    tree = write_tree(VARS, example="resources: [profile.yaml]")
    (tree / "common").rename(tree / "elsewhere")
    (tree / "example/profile.yaml").write_text(NAMES)
    assert read_expected(tree) is None
    check(tree, lab)


def test_placeholders_in_the_build_are_an_error(write_tree: WriteTree, lab: Lab) -> None:
    """This is what kustomize 5.8.1 builds from the trees of 1.9.1 to 1.11.0; here, nothing sets the names at all."""
    with pytest.raises(LabError) as caught:
        check(write_tree(GENERATOR), lab)
    assert caught.value.headline.startswith("kustomize builds another Profile than the parameters")
    assert caught.value.expected == "the Profile team-a of anna@example.com"
    version = lab.shell.run("kustomize", "version").output.strip()
    assert caught.value.seen == f"the Profile $(profile-name) of $(user)\nbuilt by kustomize {version}"
    assert "use kustomize >=5.2.1,<5.8, such as 5.7.1" in caught.value.remedy


def test_placeholder_without_a_parameter_is_an_error(write_tree: WriteTree, lab: Lab) -> None:
    with pytest.raises(LabError) as caught:
        check(write_tree(GENERATOR, parameters="profile-name=team-a\n"), lab)
    assert caught.value.expected == "a Profile without placeholders"


def test_another_owner_than_the_parameters_say_is_an_error(write_tree: WriteTree, lab: Lab) -> None:
    with pytest.raises(LabError) as caught:
        check(write_tree(REPLACEMENTS.replace("data.user", "data.other")), lab)
    assert caught.value.seen.startswith("the Profile team-a of eve@example.com\n")


def test_the_build_of_the_manifests_ends_with_this_error(write_tree: WriteTree, lab: Lab) -> None:
    manifests = Copy(lab, write_tree(VARS))
    manifests.install()
    assert "anna@example.com" in build_example(manifests, lab)
    manifests = Copy(lab, write_tree(GENERATOR))
    manifests.install()
    with pytest.raises(LabError, match="kustomize builds another Profile"):
        build_example(manifests, lab)
