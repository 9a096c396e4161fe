"""lab/preflight/manifests.py: other manifests are checked before anything is changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab.context import RunContext
from lab.preflight.findings import Finding
from lab.preflight.manifests import check_manifests
from tests.conftest import MakeContext, WriteProgram


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with the layout of Kubeflow's manifests."""
    directory = tmp_path / "tree"
    (directory / "example").mkdir(parents=True)
    (directory / "example/kustomization.yaml").touch()
    return directory


@pytest.fixture
def repository(tree: Path) -> Path:
    """A repository of it, with the branch v1 and the tag v0."""
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    for arguments in (
        ["init", "--quiet", "--initial-branch=v1"],
        ["add", "."],
        ["commit", "--quiet", "--message=first"],
        ["tag", "v0"],
    ):
        subprocess.run(["git", *identity, *arguments], cwd=tree, check=True)
    return tree


def check(context: RunContext) -> list[tuple[str, str, str]]:
    """Return severity, headline and observation of each finding."""
    findings: list[Finding] = list(check_manifests(context))
    assert all(finding.problem.remedy for finding in findings)
    return [(finding.severity, finding.problem.headline, finding.problem.seen) for finding in findings]


def test_manifests_of_the_release_are_not_checked(context: RunContext) -> None:
    assert check(context) == []


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_a_tree_needs_no_repository(make_context: MakeContext, tree: Path, name: str) -> None:
    (tree / "example/kustomization.yaml").rename(tree / "example" / name)
    assert check(make_context(manifests=str(tree))) == []


def test_a_directory_of_something_else_is_an_error(make_context: MakeContext, tree: Path) -> None:
    [(severity, headline, seen)] = check(make_context(manifests=str(tree / "example")))
    assert (severity, seen) == ("error", "at the top: kustomization.yaml")
    assert headline == f"the directory {tree / 'example'} does not have the layout of Kubeflow's manifests"


def test_the_manifests_inside_of_a_directory_are_named(make_context: MakeContext, tree: Path, tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    tree.rename(parent / "kubeflow")
    [finding] = check_manifests(make_context(manifests=str(parent)))
    assert finding.problem.remedy == f"give the directory of the manifests in it: --manifests={parent / 'kubeflow'}"
    assert "example/ with kustomization.yaml" in finding.problem.expected


def test_a_host_that_does_not_answer_is_a_warning(make_context: MakeContext, silent_server: str) -> None:
    [(severity, headline, _)] = check(make_context(manifests=f"{silent_server}/manifests.git"))
    assert severity == "warning"
    assert headline == f"the Git host of the manifests does not answer: {silent_server}/manifests.git"


def test_links_that_lead_nowhere_are_a_warning(make_context: MakeContext, tree: Path) -> None:
    for number in range(7):
        (tree / f"link-{number}").symlink_to("missing")
    [(severity, headline, seen)] = check(make_context(manifests=str(tree)))
    assert severity == "warning"
    assert headline == "symbolic links of the manifests lead nowhere, and are not copied"
    assert seen == "link-0, link-1, link-2, link-3, link-4, and 2 more"


@pytest.mark.parametrize("ref", ["", "?ref=v1", "?ref=v0", "?ref=refs/heads/v1", "?ref=0123abcd"])
def test_an_existing_ref_is_accepted(make_context: MakeContext, repository: Path, ref: str) -> None:
    assert check(make_context(manifests=f"file://{repository}{ref}")) == []


def test_a_missing_ref_is_an_error(make_context: MakeContext, repository: Path) -> None:
    [(severity, headline, _)] = check(make_context(manifests=f"file://{repository}?ref=v2"))
    assert (severity, headline) == ("error", "the repository of the manifests has no branch or tag v2")


def test_an_ambiguous_ref_is_an_error(make_context: MakeContext, repository: Path) -> None:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    command = ["git", *identity, "commit", "--quiet", "--allow-empty", "--message=second"]
    subprocess.run(["git", "branch", "v0"], cwd=repository, check=True)
    subprocess.run(["git", "checkout", "--quiet", "refs/heads/v0"], cwd=repository, check=True)
    subprocess.run(command, cwd=repository, check=True)
    subprocess.run(["git", "branch", "--force", "v0", "HEAD"], cwd=repository, check=True)
    [(severity, headline, _)] = check(make_context(manifests=f"file://{repository}?ref=v0"))
    assert (severity, headline) == ("error", "the name v0 is ambiguous in the repository of the manifests")


def test_a_directory_that_is_no_repository_is_an_error(make_context: MakeContext, tree: Path) -> None:
    [(severity, _, seen)] = check(make_context(manifests=f"file://{tree}"))
    assert severity == "error"
    assert "does not appear to be a git repository" in seen


def test_an_unreachable_repository_is_a_warning(make_context: MakeContext, write_program: WriteProgram) -> None:
    """The lab's network may reach it."""
    write_program("git", "echo fatal: Could not resolve host: git.example >&2; exit 128")
    [(severity, _, seen)] = check(make_context(manifests="https://git.example/repo"))
    assert (severity, seen) == ("warning", "fatal: Could not resolve host: git.example")


def test_missing_copies_of_remote_bases_are_an_error(make_context: MakeContext, tree: Path, tmp_path: Path) -> None:
    (tree / "example/kustomization.yaml").write_text("resources: ['https://github.com/owner/jobs//config?ref=v1']")
    copies = tmp_path / "copies"
    copies.mkdir()
    options = {"manifests": str(tree), "remote_bases": str(copies)}
    [(severity, headline, _)] = check(make_context(**options))
    assert severity == "error"
    assert headline == "the manifests refer to remote bases of which there is no copy; nothing was applied"
    (copies / "jobs-v1/config").mkdir(parents=True)
    (copies / "jobs-v1/config/kustomization.yaml").write_text("resources: []")
    assert check(make_context(**options)) == []
