"""tools/rotation.py: which release CI rehearses, with which manifests, and when it does not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from embedded import kits
from lab import releases
from lab.context import RunContext
from tests.conftest import MakeContext, WriteProgram
from tools.rotation import (
    KIT_SECONDS,
    REHEARSAL_SECONDS,
    NotRehearsedError,
    check_time,
    find_archive,
    list_options,
    main,
    rehearse,
    select_release,
)

RELEASE = "1.10"


@pytest.fixture
def context(make_context: MakeContext) -> RunContext:
    """The context of a rehearsal."""
    return make_context(release=RELEASE)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory with archives of two releases, and other files."""
    directory = tmp_path / "data"
    directory.mkdir()
    for name in ("kubeflow-manifests-v1.10.2.tar.xz", "kubeflow-manifests-26.03.tar.gz", "v1.9.1.txt"):
        (directory / name).touch()
    return directory


def test_consecutive_commits_select_all_releases_besides_that_of_the_tutorial() -> None:
    others = set(releases.list_names()) & set(kits.list_releases()) - {"1.7"}
    assert {select_release(number) for number in range(100, 100 + len(others))} == others


@pytest.mark.parametrize(("release", "name"), [("1.10", "kubeflow-manifests-v1.10.2.tar.xz"), ("1.9", None)])
def test_archive_is_found_by_the_version_in_its_name(release: str, name: str | None, data: Path) -> None:
    found = find_archive(data, releases.load(release))
    assert (found and found.name) == name


def test_archive_of_a_version_with_the_same_end_is_another_one(tmp_path: Path) -> None:
    (tmp_path / "manifests-11.10.2.tar.xz").touch()
    assert find_archive(tmp_path, releases.load(RELEASE)) is None


def test_without_directory_there_is_no_archive(tmp_path: Path) -> None:
    assert find_archive(None, releases.load(RELEASE)) is None
    assert find_archive(tmp_path / "missing", releases.load(RELEASE)) is None


def test_archive_is_given_to_the_run(context: RunContext, data: Path) -> None:
    archive = data / "kubeflow-manifests-v1.10.2.tar.xz"
    assert list_options(context, data) == ["--release=1.10", f"--manifests={archive}"]


def test_clone_of_the_cache_needs_no_repository(context: RunContext, write_program: WriteProgram) -> None:
    write_program("git", "exit 128")
    (context.paths.cache / "manifests" / context.release.manifests.commit).mkdir(parents=True)
    assert list_options(context, None) == ["--release=1.10"]


def test_repository_that_answers_is_cloned_by_the_run(context: RunContext, write_program: WriteProgram) -> None:
    write_program("git", 'test "$1 $3" = "ls-remote HEAD"')
    assert list_options(context, None) == ["--release=1.10"]


def test_release_without_manifests_is_not_rehearsed(context: RunContext, write_program: WriteProgram) -> None:
    write_program("git", "exit 128")
    with pytest.raises(
        NotRehearsedError, match=r"no archive of the manifests 1\.10\.2 was given, and their repository"
    ):
        list_options(context, None)


@pytest.mark.parametrize(
    ("seconds", "built"), [(REHEARSAL_SECONDS, True), (REHEARSAL_SECONDS + KIT_SECONDS, False)], ids=["kit", "no kit"]
)
def test_time_must_be_enough_for_what_is_missing(seconds: float, built: bool) -> None:
    check_time(seconds, built=built)
    with pytest.raises(NotRehearsedError, match=f"so that {seconds / 60:.0f} min are needed, and .* min are left"):
        check_time(seconds - 60, built=built)


def test_release_without_kit_is_not_rehearsed_in_a_short_time(data: Path) -> None:
    with pytest.raises(NotRehearsedError, match="its kit is not built completely"):
        rehearse(RELEASE, data, time.monotonic() + REHEARSAL_SECONDS)


def test_what_was_not_rehearsed_is_one_line_and_no_failure(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    number = next(number for number in range(100) if select_release(number) == RELEASE)
    assert main([f"--number={number}", "--seconds-left=-60", f"--data={data}"]) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert line == (
        "release 1.10 was not rehearsed: its kit is not built completely, so that 26 min are needed, and 0 min are left"
    )
