"""Git repositories of the tests' own, made by a real Git."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(directory: Path, *arguments: str) -> str:
    """Run Git in a directory, and return its output."""
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True).stdout.strip()


def commit(repository: Path, content: str) -> str:
    """Commit a file with this content to a repository, and return the commit."""
    (repository / "file").write_text(content)
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", content)
    return git(repository, "rev-parse", "HEAD")


def url(repository: Path) -> str:
    """Return the URL of a repository."""
    return f"file://{repository}"
