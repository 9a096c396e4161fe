"""embedded/upstream.py: manifests are cloned by a real Git before a lab is entered, each commit once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from embedded.upstream import clone_given_manifests, clone_manifests, find_tree
from lab.config.locations import GitRepository
from lab.context import Lab, RunContext
from lab.errors import LabError
from lab.layers.manifests import Copy, for_lab
from tests.conftest import MakeContext, MakeLab
from tests.git_repositories import commit, git, url


@pytest.mark.parametrize("ref", ["", "v1", "refs/heads/v1"])
def test_a_repository_is_cloned_at_its_ref(context: RunContext, repository: Path, ref: str) -> None:
    directory = clone_given_manifests(context, GitRepository(url(repository), ref))
    assert (directory / "file").read_text() == "first"
    assert directory.name == git(repository, "rev-parse", "HEAD")
    commit(repository, "second")
    newer = clone_given_manifests(context, GitRepository(url(repository), ref))
    assert (newer / "file").read_text() == "second"
    assert (directory / "file").read_text() == "first"


def test_a_commit_is_cloned(context: RunContext, repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    commit(repository, "second")
    assert (clone_given_manifests(context, GitRepository(url(repository), first)) / "file").read_text() == "first"


@pytest.mark.parametrize(
    ("location", "ref", "seen"),
    [("origin", "v2", "no branch or tag v2"), ("missing", "v1", "does not appear to be a git repository")],
)
def test_a_missing_ref_or_repository_is_an_error(
    context: RunContext, repository: Path, location: str, ref: str, seen: str
) -> None:
    with pytest.raises(LabError, match="cannot be cloned") as caught:
        clone_given_manifests(context, GitRepository(url(repository.with_name(location)), ref))
    assert seen in caught.value.seen
    assert "--manifests=DIRECTORY" in caught.value.remedy


def test_the_pinned_commit_is_found_after_it_was_cloned(make_context: MakeContext, repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    context = make_context(release="1.8")
    manifests = context.release.manifests.model_copy(update={"repository": url(repository), "commit": head})
    context = replace(context, release=context.release.model_copy(update={"manifests": manifests}))
    assert find_tree(context) is None
    assert clone_manifests(context) == find_tree(context)


def test_a_lab_copies_what_was_cloned_for_it(make_lab: MakeLab, repository: Path) -> None:
    lab = make_lab(manifests=url(repository))
    source = lab.source.model_copy(update={"manifests_directory": repository})
    assert isinstance(for_lab(Lab.from_context(lab, lab.state, source=source)), Copy)


def test_a_lab_has_the_branch_of_the_pinned_commit(
    make_lab: MakeLab, make_context: MakeContext, repository: Path
) -> None:
    head = git(repository, "rev-parse", "HEAD")
    commit(repository, "second")
    git(repository, "switch", "--quiet", "--create", "other")
    context = make_context(release="1.8")
    pinned = context.release.manifests.model_copy(
        update={"repository": url(repository), "branch": "v1", "commit": head}
    )
    context = replace(context, release=context.release.model_copy(update={"manifests": pinned}))
    lab = make_lab(release="1.8")
    source = lab.source.model_copy(update={"manifests": pinned, "manifests_directory": clone_manifests(context)})
    manifests = for_lab(Lab.from_context(lab, lab.state, source=source))
    manifests.install()
    assert manifests.problem() is None
    assert (manifests.directory / "file").read_text() == "first"
    assert "v1" in manifests.list_branches()
