"""lab/config/secret_files.py: files with a password, and what makes them unusable."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.config.secret_files import read_password, read_secret_file

WriteSecret = Callable[..., Path]


@pytest.fixture
def write_secret(tmp_path: Path) -> WriteSecret:
    """A function that writes a file with a content and a mode."""

    def write(content: bytes, mode: int = 0o600) -> Path:
        file = tmp_path / "a file"
        file.write_bytes(content)
        file.chmod(mode)
        return file

    return write


def read_error(file: Path) -> str:
    """Return the error about a password file."""
    with pytest.raises(ValueError, match=r"file|lines|text") as caught:
        read_password(file)
    return str(caught.value)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_password_is_read(mode: int, write_secret: WriteSecret) -> None:
    assert read_password(write_secret(" größe 1 ".encode(), mode)) == " größe 1 "


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o610, 0o602])
def test_a_file_that_others_can_use_is_rejected(mode: int, write_secret: WriteSecret) -> None:
    file = write_secret(b"correct horse", mode)
    seen = read_error(file)
    assert f"its mode is {mode:04o}" in seen
    run_remedy(seen)
    assert read_password(file) == "correct horse"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n\n"])
def test_a_newline_at_the_end_is_rejected(end: bytes, write_secret: WriteSecret) -> None:
    file = write_secret(b"correct horse" + end)
    seen = read_error(file)
    assert seen.startswith("the file ends in a newline")
    run_remedy(seen)
    assert read_password(file) == "correct horse"


def run_remedy(text: str) -> None:
    """Run the first command in backticks."""
    subprocess.run(shlex.split(text.split("`")[1]), check=True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\n", "the file is empty"),
        (b"one\ntwo", "several lines"),
        (b"\xff\xfe", "not a text file"),
        ("\ufeffcorrect horse".encode(), "without a byte order mark"),
        (b"correct\0horse", "not a text file"),
    ],
)
def test_an_unusable_content_is_rejected(content: bytes, words: str, write_secret: WriteSecret) -> None:
    seen = read_error(write_secret(content))
    assert words in seen
    assert "horse" not in seen


def test_what_is_no_file_is_rejected(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for path, words in (
        (tmp_path, "this is a directory"),
        (tmp_path / "none", "there is no such file"),
        (tmp_path / "link", "there is no such file"),
        (tmp_path / "fifo", "not a regular file"),
        (tmp_path / ("a" * 300), "the file cannot be read: File name too long"),
    ):
        with pytest.raises(ValueError, match=words):
            read_secret_file(path)
