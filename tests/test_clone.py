"""lab/manifests.py: a clone of a repository, and a copy of a folder, brought to what is wanted; Git is real."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab import manifests, releases, settings, source
from lab.errors import LabError
from lab.manifests import Clone, Copy
from lab.record import Record
from lab.site import Site


def git(folder: Path, *arguments: str) -> str:
    """What Git says in a folder."""
    identity = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.com")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, content: str) -> str:
    """A new state of the repository in a folder."""
    (folder / "file").write_text(content)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", content)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one state on the branch v1."""
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=v1")
    commit(folder, "first")
    return folder


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A lab's folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Site(settings.load({}), source.of_the_internet(releases.load("1.7")), Record(kind="k3d"))


def url(repository: Path) -> str:
    """Its URL."""
    return f"file://{repository}"


def test_a_clone_has_the_commit_and_not_what_came_after_it(repository: Path, site: Site) -> None:
    first = git(repository, "rev-parse", "HEAD")
    commit(repository, "second")
    clone = Clone(site, url(repository), "v1", first)
    assert clone.wrong() == "no clone of the manifests"
    clone.install()
    assert clone.wrong() is None
    assert clone.commit() == first
    assert clone.branches() == ["v1"]
    assert (clone.folder / "file").read_text() == "first"


def test_a_clone_that_was_changed_is_put_right(repository: Path, site: Site) -> None:
    clone = Clone(site, url(repository), "v1", git(repository, "rev-parse", "HEAD"))
    clone.install()
    (clone.folder / "file").write_text("changed")
    (clone.folder / "new").write_text("new")
    assert str(clone.wrong()).startswith("the clone is changed")
    clone.install()
    assert clone.wrong() is None


def test_a_clone_of_another_repository_is_replaced(repository: Path, site: Site, tmp_path: Path) -> None:
    Clone(site, url(repository), "v1").install()
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", str(repository), str(other))
    clone = Clone(site, url(other), "v1")
    assert clone.wrong() == f"the clone is of {url(repository)}"
    clone.install()
    assert clone.wrong() is None


@pytest.mark.parametrize("ref", ["HEAD", "v1", "tag"])
def test_a_branch_or_tag_is_followed_where_no_commit_is_pinned(ref: str, repository: Path, site: Site) -> None:
    git(repository, "tag", "--annotate", "--message=tag", "tag")
    clone = Clone(site, url(repository), ref)
    clone.install()
    assert clone.wrong() is None
    newest = commit(repository, "second")
    git(repository, "tag", "--annotate", "--force", "--message=tag", "tag")
    assert "the clone is at commit" in str(clone.wrong())
    clone.install()
    assert clone.wrong() is None
    assert clone.commit() == newest


def test_a_commit_may_be_given_in_place_of_a_branch(repository: Path, site: Site) -> None:
    first = git(repository, "rev-parse", "HEAD")
    commit(repository, "second")
    clone = Clone(site, url(repository), first)
    clone.install()
    assert clone.wrong() is None
    assert clone.commit() == first


def test_a_repository_that_is_not_there_is_told_of(site: Site, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="git failed: git clone") as caught:
        Clone(site, url(tmp_path / "nowhere"), "v1").install()
    assert "nowhere" in caught.value.seen
    assert "--manifests" in caught.value.remedy


@pytest.mark.parametrize(("ref", "pinned"), [("v2", None), ("v1", "0" * 40)])
def test_a_branch_or_commit_that_is_not_there_is_told_of(
    ref: str, pinned: str | None, repository: Path, site: Site
) -> None:
    with pytest.raises(LabError, match="git failed") as caught:
        Clone(site, url(repository), ref, pinned).install()
    assert (pinned or ref) in caught.value.remedy


def test_a_folder_is_copied_without_its_repository_and_stays_as_it_is(repository: Path, site: Site) -> None:
    copy = Copy(site, repository)
    assert copy.wrong() == f"no copy of {repository}"
    copy.install()
    assert copy.wrong() is None
    assert sorted(path.name for path in copy.folder.iterdir()) == ["file"]
    (copy.folder / "file").write_text("changed")
    assert copy.wrong() == f"the copy differs from {repository} in file"
    copy.install()
    assert copy.wrong() is None
    assert (repository / "file").read_text() == "first"


def test_a_copy_takes_the_place_of_a_clone_and_a_clone_that_of_a_copy(repository: Path, site: Site) -> None:
    clone, copy = Clone(site, url(repository), "v1"), Copy(site, repository)
    for layer in (clone, copy, clone):
        assert layer.wrong() is not None
        layer.install()
        assert layer.wrong() is None


def given(site: Site, place: str) -> manifests.Manifests:
    """What --manifests makes of a place."""
    return manifests.of(Site(settings.load({"manifests": place}), site.source, site.record))


def test_what_is_installed_from_is_the_pinned_commit_or_what_is_given(repository: Path, site: Site) -> None:
    assert isinstance(manifests.of(site), Clone)
    assert isinstance(given(site, str(repository)), Copy)
    tree = given(site, f"{url(repository)}?ref=v1")
    tree.install()
    assert (tree.folder / "file").read_text() == "first"


def test_what_is_neither_a_folder_nor_a_url_is_refused() -> None:
    with pytest.raises(LabError) as caught:
        settings.load({"manifests": "no/such/folder"})
    assert "--manifests no/such/folder: this is neither a folder nor the URL" in caught.value.seen


def test_what_git_left_that_was_killed_is_no_hindrance(repository: Path, site: Site) -> None:
    clone = Clone(site, url(repository), "v1")
    clone.install()
    (clone.folder / ".git/index.lock").write_text("")
    unfinished = clone.folder.with_name("manifests.unfinished")
    unfinished.mkdir()
    assert clone.wrong() == "an interrupted run has left the clone half-made"
    clone.install()
    assert clone.wrong() is None
    (clone.folder / ".git").rename(clone.folder / "no-git")
    clone.install()
    assert clone.wrong() is None
    assert not unfinished.exists()
