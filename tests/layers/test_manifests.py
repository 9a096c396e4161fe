"""lab/layers/manifests.py: a clone of a repository and a copy of a directory, with a real Git."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.context import Lab
from lab.errors import LabError
from lab.layers import manifests
from lab.layers.manifests import Clone, Copy
from tests.conftest import MakeLab
from tests.git_repositories import commit, git, url


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """A lab."""
    return make_lab()


def test_local_changes_have_no_commit(repository: Path, lab: Lab) -> None:
    clone = Clone(lab, url(repository), "v1")
    clone.install()
    assert clone.get_unchanged_commit() == clone.get_commit()
    (clone.directory / "file").write_text("changed")
    assert clone.get_unchanged_commit() == ""


def test_a_clone_has_the_pinned_commit_and_no_later_one(repository: Path, lab: Lab) -> None:
    first = git(repository, "rev-parse", "HEAD")
    commit(repository, "second")
    clone = Clone(lab, url(repository), "v1", first)
    assert clone.problem() == "there is no clone of the manifests"
    clone.install()
    assert clone.problem() is None
    assert clone.get_commit() == first
    assert clone.list_branches() == ["v1"]
    assert (clone.directory / "file").read_text() == "first"


def test_a_changed_clone_is_reset(repository: Path, lab: Lab) -> None:
    clone = Clone(lab, url(repository), "v1", git(repository, "rev-parse", "HEAD"))
    clone.install()
    (clone.directory / "file").write_text("changed")
    (clone.directory / "new").write_text("new")
    assert str(clone.problem()).startswith("the clone has local changes")
    clone.install()
    assert clone.problem() is None


def test_a_clone_of_another_repository_is_replaced(repository: Path, lab: Lab, tmp_path: Path) -> None:
    Clone(lab, url(repository), "v1").install()
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", str(repository), str(other))
    clone = Clone(lab, url(other), "v1")
    assert clone.problem() == f"the clone is of another repository: {url(repository)}"
    clone.install()
    assert clone.problem() is None


@pytest.mark.parametrize("ref", ["HEAD", "v1", "tag"])
def test_without_a_pinned_commit_a_clone_follows_branch_or_tag(ref: str, repository: Path, lab: Lab) -> None:
    git(repository, "tag", "--annotate", "--message=tag", "tag")
    clone = Clone(lab, url(repository), ref)
    clone.install()
    assert clone.problem() is None
    newest = commit(repository, "second")
    git(repository, "tag", "--annotate", "--force", "--message=tag", "tag")
    assert str(clone.problem()).endswith(f", and not at {newest}")
    clone.install()
    assert clone.problem() is None
    assert clone.get_commit() == newest


def test_the_ref_of_a_clone_may_be_a_commit(repository: Path, lab: Lab) -> None:
    first = git(repository, "rev-parse", "HEAD")
    commit(repository, "second")
    clone = Clone(lab, url(repository), first)
    clone.install()
    assert clone.problem() is None
    assert clone.get_commit() == first


def test_a_missing_repository_is_an_error(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="git failed: git clone") as caught:
        Clone(lab, url(tmp_path / "missing"), "v1").install()
    assert "missing" in caught.value.seen
    assert "--manifests" in caught.value.remedy


@pytest.mark.parametrize(("ref", "pinned"), [("v2", None), ("v1", "0" * 40)])
def test_a_missing_branch_or_commit_is_an_error(ref: str, pinned: str | None, repository: Path, lab: Lab) -> None:
    with pytest.raises(LabError, match="git failed") as caught:
        Clone(lab, url(repository), ref, pinned).install()
    assert (pinned or ref) in caught.value.remedy


def test_a_copy_lacks_the_repository_and_leaves_the_original_unchanged(repository: Path, lab: Lab) -> None:
    copy = Copy(lab, repository)
    assert copy.problem() == f"there is no copy of {repository}"
    copy.install()
    assert copy.problem() is None
    assert sorted(path.name for path in copy.directory.iterdir()) == ["file"]
    (copy.directory / "file").write_text("changed")
    assert copy.problem() == f"the copy differs from {repository} in file"
    copy.install()
    assert copy.problem() is None
    assert (repository / "file").read_text() == "first"


def test_copy_and_clone_replace_each_other(repository: Path, lab: Lab) -> None:
    clone, copy = Clone(lab, url(repository), "v1"), Copy(lab, repository)
    for layer in (clone, copy, clone):
        assert layer.problem() is not None
        layer.install()
        assert layer.problem() is None


def test_the_default_is_a_clone(lab: Lab) -> None:
    assert isinstance(manifests.for_lab(lab), Clone)


def test_a_directory_is_copied(repository: Path, make_lab: MakeLab) -> None:
    assert isinstance(manifests.for_lab(make_lab(manifests=str(repository))), Copy)


def test_a_url_with_a_ref_is_cloned(repository: Path, make_lab: MakeLab) -> None:
    layer = manifests.for_lab(make_lab(manifests=f"{url(repository)}?ref=v1"))
    layer.install()
    assert (layer.directory / "file").read_text() == "first"


def test_neither_a_directory_nor_a_url_is_invalid(make_lab: MakeLab) -> None:
    with pytest.raises(LabError) as caught:
        make_lab(manifests="no/such/directory")
    assert "--manifests no/such/directory: this is neither a directory nor the URL" in caught.value.seen


def test_leftovers_of_a_killed_git_are_removed(repository: Path, lab: Lab) -> None:
    clone = Clone(lab, url(repository), "v1")
    clone.install()
    (clone.directory / ".git/index.lock").write_text("")
    unfinished = clone.directory.with_name("manifests.unfinished")
    unfinished.mkdir()
    assert clone.problem() == "the clone is incomplete: an interrupted run has left the lock of Git"
    clone.install()
    assert clone.problem() is None
    (clone.directory / ".git").rename(clone.directory / "no-git")
    clone.install()
    assert clone.problem() is None
    assert not unfinished.exists()


def test_links_are_followed_and_those_that_lead_nowhere_are_left_out(lab: Lab, tmp_path: Path) -> None:
    real, tree = tmp_path / "real", tmp_path / "tree"
    (real / "sub").mkdir(parents=True)
    (real / "sub/file").write_text("real")
    (real / "script").write_text("#!/bin/sh")
    (real / "script").chmod(0o755)
    (real / "link").symlink_to("sub/file")
    (real / "directory").symlink_to("sub")
    (real / "dangling").symlink_to("missing")
    (real / "sub/loop").symlink_to("..")
    (real / "self").symlink_to("self")
    tree.symlink_to(real)
    copy = Copy(lab, tree)
    copy.install()
    assert copy.problem() is None
    files, links = manifests.list_files(tree)
    assert files == ["directory/file", "link", "script", "sub/file"]
    assert links == ["dangling", "directory/loop", "self", "sub/loop"]
    assert manifests.list_files(copy.directory) == (files, [])
    (copy.directory / "link").write_text("changed")
    assert (real / "sub/file").read_text() == "real"
    assert (copy.directory / "script").stat().st_mode & 0o111


def test_an_unreadable_file_is_an_error_and_the_earlier_copy_remains(lab: Lab, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "file").write_text("first")
    copy = Copy(lab, tree)
    copy.install()
    (tree / "memory").symlink_to("/proc/self/mem")  # is a file that even root cannot read from its beginning
    for call in (copy.problem, copy.install):
        with pytest.raises(LabError, match="the manifests cannot be read; nothing was changed"):
            call()
    assert (copy.directory / "file").read_text() == "first"


@pytest.mark.parametrize("path", ["manifests", "manifests/sub", "."])
def test_the_labs_own_copy_is_not_removed(lab: Lab, path: str) -> None:
    original = lab.home / path
    original.mkdir(parents=True, exist_ok=True)
    (original / "file").write_text("first")
    with pytest.raises(LabError, match="overlaps the lab's own copy") as caught:
        Copy(lab, original).problem()
    assert "`cp -r " in caught.value.remedy
    assert (original / "file").exists()


def test_a_name_of_both_a_branch_and_a_tag_is_ambiguous(repository: Path, lab: Lab) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "v1")
    clone = Clone(lab, url(repository), "v1")
    clone.install()
    assert clone.problem() is None  # both are the same commit
    second = commit(repository, "second")
    with pytest.raises(LabError, match="the name v1 is ambiguous") as caught:
        clone.problem()
    assert caught.value.seen == f"both: the branch at {second}, the tag at {first}"
    assert caught.value.remedy == "use --manifests with ?ref=refs/heads/v1 or ?ref=refs/tags/v1"
    for ref, required in (("refs/heads/v1", second), ("refs/tags/v1", first)):
        clone = Clone(lab, url(repository), ref)
        clone.install()
        assert clone.problem() is None
        assert clone.get_commit() == required


def test_a_branch_whose_name_ends_with_the_ref_is_another_one(repository: Path, lab: Lab) -> None:
    git(repository, "checkout", "--quiet", "-b", "z/v1")
    commit(repository, "other")
    clone = Clone(lab, url(repository), "v1")
    clone.install()
    assert clone.problem() is None
    assert (clone.directory / "file").read_text() == "first"


def test_the_ref_of_a_clone_may_be_an_abbreviated_commit(repository: Path, lab: Lab) -> None:
    first = git(repository, "rev-parse", "HEAD")
    commit(repository, "second")
    clone = Clone(lab, url(repository), first[:8])
    clone.install()
    assert clone.problem() is None
    assert clone.get_commit() == first


def test_the_token_of_a_url_is_redacted(make_lab: MakeLab) -> None:
    lab = make_lab(manifests="https://user:ghp_0123456789abcdef@host.example/repo")
    assert "ghp_" not in lab.secrets.redact(lab.settings.manifests)
