"""The location of other manifests: a directory or an archive of this machine, or a Git repository with a ref."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

ARCHIVES = (".tar.xz", ".txz", ".tar.gz", ".tgz", ".tar.bz2", ".tar")
"""The ends of the names of archives that can be unpacked."""
REF = "?ref="
"""Separates the URL of a repository from a branch, tag or commit of it, as in kustomize's URLs."""
SCHEMES = ("https", "http", "ssh", "git", "git+ssh", "file")
"""The schemes of the URLs that Git can clone."""
SCP_FORM = re.compile(r"(?!.*://)(\w[\w.-]*@)?\w[\w.-]*:(?!/{2})\S+")
"""Git's short form of an SSH URL: git@github.com:kubeflow/manifests.git."""
INVALID_IN_REF = re.compile(r"^[-/]|\.\.|[\s~^:?*\[\\\x00-\x1f\x7f]|//|@\{|/$|\.lock$|\.$")
"""Matches what git-check-ref-format(1) forbids in the name of a branch or tag."""


@dataclass(frozen=True)
class GitRepository:
    """A Git repository.

    Args:
        url: Its URL, in any form that `git clone` accepts.
        ref: A branch, tag or commit; empty for the default branch.
    """

    url: str
    ref: str = ""


def parse_location(text: str) -> Path | GitRepository:
    """Return the directory, the archive or the repository that a text names; `~` is the home directory.

    Raises:
        ValueError: If the text names neither; its message is meant for users.
    """
    url, has_ref, ref = text.partition(REF)
    scheme, is_url, rest = url.partition("://")
    if not is_url and not SCP_FORM.fullmatch(url):
        return _parse_path_or_url(text)
    if not is_url and (directory := Path(url).expanduser()).is_dir():  # the name of a directory may contain a colon
        return directory
    if is_url and scheme not in SCHEMES:
        raise ValueError(f"Git has no URLs of the form {scheme}://, only {', '.join(f'{name}://' for name in SCHEMES)}")
    if is_url and not rest.strip("/"):
        raise ValueError("the URL names no repository")
    if scheme == "file":
        _check_file_url(url)
    ref = unquote(ref)
    if has_ref and not ref:
        raise ValueError(f"{REF} names no branch, tag or commit; leave it out for the default branch")
    if "&" in ref:
        raise ValueError(f"{REF} must be the only parameter of the URL")
    if INVALID_IN_REF.search(ref):
        raise ValueError(f"{ref!r} is not the name of a branch, tag or commit")
    return GitRepository(url, ref)


def is_archive(path: Path) -> bool:
    """Return whether a path is a file with the name of an archive that can be unpacked."""
    return path.name.endswith(ARCHIVES) and path.is_file()


def parse_path(text: str) -> Path:
    """Return the directory or the archive that a text names; `~` is the home directory.

    Raises:
        ValueError: If there is neither; its message is meant for users.
    """
    if path := _find_path(text):
        return path
    raise ValueError(f"this is neither a directory nor an archive of the form {', '.join(ARCHIVES)}")


def _find_path(text: str) -> Path | None:
    """Return the directory or the archive that a text names; None if nothing exists under this name.

    Raises:
        ValueError: If it cannot be read, or is another file.
    """
    try:
        path = Path(text).expanduser()
        if path.is_dir() or is_archive(path):
            return path
        exists = path.exists()
    except (OSError, RuntimeError, ValueError) as error:  # such as a name that is too long, or an unknown user
        raise ValueError(f"the directory cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if exists:
        raise ValueError(f"this is a file, and not an archive of the form {', '.join(ARCHIVES)}")
    return None


def _parse_path_or_url(text: str) -> Path:
    if path := _find_path(text):
        return path
    if REF in text:
        raise ValueError(f"this is neither a directory nor the URL of a Git repository; {REF} is for URLs: file:///…")
    raise ValueError(
        "this is neither a directory nor the URL of a Git repository, such as https://… or git@HOST:OWNER/REPOSITORY"
    )


def _check_file_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        raise ValueError("the URL of a directory of this machine has three slashes: file:///…")
    if not Path(unquote(parts.path)).exists():
        raise ValueError(f"there is no {parts.path} on this machine")
