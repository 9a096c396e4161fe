"""tools/prepare: the programs that must exist before the Python environment does."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, WriteProgram

PROGRAMS = ("sh", "id", "grep", "git")


def prepare(programs: Path) -> subprocess.CompletedProcess[str]:
    """Run the script with these programs only."""
    environment = {"PATH": str(programs)}
    return subprocess.run([REPOSITORY / "tools/prepare"], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(autouse=True)
def _basic_programs(programs: Path, write_program: WriteProgram) -> None:
    """The programs of every machine; a Python whose version is new enough, with venv and ensurepip."""
    for name in PROGRAMS:
        (programs / name).symlink_to(shutil.which(name) or name)
    write_program("python3", "exit 0")
    write_program("ldd", "echo 'ldd (Debian GLIBC 2.41-12) 2.41'")


def test_a_complete_machine_needs_nothing(programs: Path) -> None:
    result = prepare(programs)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        ("apt-get", "apt-get install --yes --no-install-recommends git python3"),
        ("dnf", "dnf install --assumeyes git-core python3"),
        ("zypper", "zypper --non-interactive install git-core python313"),
        ("pacman", "pacman --sync --needed --noconfirm git python"),
        ("apk", "apk add git python3"),
    ],
)
def test_everything_that_is_missing_is_listed_with_one_command(
    programs: Path, write_program: WriteProgram, manager: str, command: str
) -> None:
    for name in ("git", "python3"):
        (programs / name).unlink()
    write_program(manager, "echo it was run; exit 1")
    result = prepare(programs)
    assert result.returncode == 1
    assert "git, which reads the manifests" in result.stderr
    assert "python3 of version 3.11 or newer; seen: none" in result.stderr
    sudo = "" if os.geteuid() == 0 else "sudo "
    assert result.stderr.splitlines()[-1] == f"what to do: {sudo}{command}"
    assert "it was run" not in result.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="apt-get installs for root only")
def test_venv_alone_is_installed_by_apt(programs: Path, write_program: WriteProgram) -> None:
    write_program("python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    write_program("apt-get", 'echo "apt-get $*"')
    result = prepare(programs)
    assert result.returncode == 0
    assert "apt-get install --yes --no-install-recommends python3-venv" in result.stdout


def test_venv_is_listed_where_there_is_no_apt(programs: Path, write_program: WriteProgram) -> None:
    write_program("python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    result = prepare(programs)
    assert result.returncode == 1
    assert "the modules venv and ensurepip of python3" in result.stderr
    assert "apt-get" not in result.stderr


def test_a_python_that_is_too_old_is_named(programs: Path, write_program: WriteProgram) -> None:
    write_program("python3", 'test "$1" = --version || exit 1; echo Python 3.9.21')
    assert "seen: Python 3.9.21" in prepare(programs).stderr


def test_musl_is_named(programs: Path, write_program: WriteProgram) -> None:
    write_program("ldd", "echo 'musl libc (x86_64)' >&2; exit 1")
    result = prepare(programs)
    assert result.returncode == 1
    assert "not built for musl" in result.stderr
