"""The word check: reports words that the glossary in CONTRIBUTING.md replaces, in all files of the repository."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIST = Path(__file__).with_name("words.toml")


def find_words(text: str, words: Mapping[str, str]) -> Iterator[tuple[int, str, str]]:
    """Yield the number of each line with a listed word, the word, and what to use in its place.

    Args:
        text: The content of a file.
        words: Replacements by regular expression.
    """
    patterns = {re.compile(pattern, re.IGNORECASE): replacement for pattern, replacement in words.items()}
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, replacement in patterns.items():
            if found := pattern.search(line):
                yield number, found[0].strip(), replacement


def list_files(patterns: list[str], exempt: list[str]) -> list[Path]:
    """Return the tracked files of the repository that match a pattern by name and are not exempt."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return [
        ROOT / name
        for name in listed
        if name not in exempt and any(fnmatch(Path(name).name, pattern) for pattern in patterns)
    ]


def main() -> int:
    """Print every listed word; return 1 if there is one, else 0."""
    config = tomllib.loads(LIST.read_text())
    findings = [
        f"{file.relative_to(ROOT)}:{number}: {word!r}: use {replacement}"
        for file in list_files(**config["files"])
        if file.exists()
        for number, word, replacement in find_words(file.read_text(), config["words"])
    ]
    print("\n".join(findings))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
