"""lab/config/locations.py: the locations that --manifests accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.config.locations import GitRepository, parse_location


@pytest.mark.parametrize(
    ("text", "url", "ref"),
    [
        ("https://github.com/kubeflow/manifests", "https://github.com/kubeflow/manifests", ""),
        ("https://github.com/kubeflow/manifests?ref=v1.7.0", "https://github.com/kubeflow/manifests", "v1.7.0"),
        ("git@github.com:kubeflow/manifests.git", "git@github.com:kubeflow/manifests.git", ""),
        ("github.com:kubeflow/manifests.git?ref=v1.7.0", "github.com:kubeflow/manifests.git", "v1.7.0"),
        ("ssh://git@host:2222/owner/repo.git", "ssh://git@host:2222/owner/repo.git", ""),
        ("git+ssh://git@host/owner/repo.git", "git+ssh://git@host/owner/repo.git", ""),
        ("file:///tmp?ref=refs/tags/v1", "file:///tmp", "refs/tags/v1"),
        ("https://host/repo?ref=feature%2Fnew", "https://host/repo", "feature/new"),
        ("https://host/repo?ref=14c0f9a", "https://host/repo", "14c0f9a"),
    ],
)
def test_urls_of_git_are_repositories(text: str, url: str, ref: str) -> None:
    assert parse_location(text) == GitRepository(url, ref)


def test_home_directory_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The `=` of --manifests=~/… keeps the shell from doing so."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "manifests").mkdir()
    assert parse_location("~/manifests") == tmp_path / "manifests"


def test_linked_directory_and_one_with_a_colon_are_directories(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "host:path").mkdir()
    for name in ("link", "host:path"):
        assert parse_location(str(tmp_path / name)) == tmp_path / name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/no/such/directory", "this is neither a directory nor the URL of a Git repository, such as https://"),
        ("github.com/kubeflow/manifests", "neither a directory nor the URL"),
        ("host:", "neither a directory nor the URL"),
        ("-oProxyCommand:x", "neither a directory nor the URL"),
        ("manifests?ref=v1", "?ref= is for URLs: file:///"),
        (__file__, "this is a file, and not an archive"),
        ("~no-such-user/manifests", "the directory cannot be read: Could not determine home directory"),
        ("a" * 300, "the directory cannot be read: File name too long"),
        ("a\0b", "neither a directory nor the URL"),
        ("ftp://host/repo", "Git has no URLs of the form ftp://"),
        ("s3://bucket/repo", "Git has no URLs of the form s3://"),
        ("https://", "the URL names no repository"),
        ("file://tmp/repo", "three slashes"),
        ("file:///no/such/repo", "there is no /no/such/repo on this machine"),
        ("https://host/repo?ref=", "?ref= names no branch, tag or commit"),
        ("https://host/repo?ref=v1&timeout=90s", "?ref= must be the only parameter"),
        ("https://host/repo?ref=-v1", "'-v1' is not the name of a branch, tag or commit"),
        ("https://host/repo?ref=HEAD~1", "is not the name"),
        ("https://host/repo?ref=a..b", "is not the name"),
        ("https://host/repo?ref=a%20b", "is not the name"),
    ],
)
def test_everything_else_is_an_error_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_location(text)
    assert reason in str(caught.value)
