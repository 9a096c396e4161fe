"""lab/web/chromium.py: which program is the browser, and which programs are refused with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.web.chromium import NAMES, find_chromium, is_snap
from tests.conftest import WriteProgram

UBUNTUS_SCRIPT = """
if ! [ -x /snap/bin/chromium ]; then
    echo "Command '$0' requires the chromium snap to be installed." >&2
    exit 1
fi
exec /snap/bin/chromium "$@"
"""
"""The relevant lines of /usr/bin/chromium-browser in Ubuntu's package of this name."""


@pytest.fixture
def environment(programs: Path, tmp_path: Path) -> Mapping[str, str]:
    """Variables with a PATH of this test's programs, and a directory for Playwright's browsers that does not exist."""
    return {"PATH": str(programs), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "ms-playwright")}


def write_download(directory: Path, name: str, *, complete: bool = True) -> Path:
    """Write a browser as Playwright unpacks it."""
    program = directory / "ms-playwright" / name
    program.parent.mkdir(parents=True)
    program.touch(0o755)
    if complete:
        (program.parent.parent / "INSTALLATION_COMPLETE").touch()
    return program


def link_snap(programs: Path, name: str) -> Path:
    """Link a program as snapd does: to /usr/bin/snap."""
    snap = programs / "snapd/snap"
    snap.parent.mkdir()
    snap.touch(0o755)
    (programs / name).symlink_to(snap)
    return programs / name


@pytest.mark.parametrize("better", range(len(NAMES) - 1))
def test_names_are_searched_in_their_order(
    environment: Mapping[str, str], write_program: WriteProgram, better: int
) -> None:
    program = write_program(NAMES[better], "")
    for name in NAMES[better + 1 :]:
        write_program(name, "")
    assert find_chromium(environment=environment) == str(program)


def test_setting_has_priority_over_path(environment: Mapping[str, str], write_program: WriteProgram) -> None:
    write_program("chromium", "")
    own = write_program("my-browser", "")
    assert find_chromium(own, environment) == str(own)


def test_path_has_priority_over_playwrights_own(
    environment: Mapping[str, str], write_program: WriteProgram, tmp_path: Path
) -> None:
    download = write_download(tmp_path, "chromium_headless_shell-1255/chrome-headless-shell-linux64/headless_shell")
    assert find_chromium(environment=environment) == str(download)
    chrome = write_program("google-chrome", "")
    assert find_chromium(environment=environment) == str(chrome)


def test_newest_complete_headless_shell_of_playwright_is_used(environment: Mapping[str, str], tmp_path: Path) -> None:
    write_download(tmp_path, "chromium-1300/chrome-linux64/chrome")
    write_download(tmp_path, "chromium_headless_shell-999/chrome-linux/chrome-headless-shell")
    newest = write_download(
        tmp_path, "chromium_headless_shell-1255/chrome-headless-shell-linux64/chrome-headless-shell"
    )
    write_download(tmp_path, "chromium_headless_shell-1256/x/chrome-headless-shell", complete=False)
    assert find_chromium(environment=environment) == str(newest)


def test_playwrights_directory_is_in_the_cache_of_the_user(tmp_path: Path) -> None:
    download = write_download(tmp_path, "chromium-1255/chrome-linux64/chrome")
    assert find_chromium(environment={"PATH": "", "XDG_CACHE_HOME": str(tmp_path)}) == str(download)


def test_snaps_are_recognized(programs: Path, write_program: WriteProgram) -> None:
    assert is_snap(link_snap(programs, "chromium"))
    assert is_snap(write_program("chromium-browser", UBUNTUS_SCRIPT))
    assert is_snap(write_program("google-chrome", 'exec snap run chromium "$@"'))


def test_scripts_of_distributions_are_no_snaps(write_program: WriteProgram) -> None:
    """Debian's chromium and Google's google-chrome are scripts, too."""
    assert not is_snap(write_program("chromium", 'exec /usr/lib/chromium/chromium "$@"'))


def test_snap_does_not_hide_another_browser(
    environment: Mapping[str, str], programs: Path, write_program: WriteProgram
) -> None:
    link_snap(programs, "chromium")
    chrome = write_program("google-chrome", "")
    assert find_chromium(environment=environment) == str(chrome)


def test_snap_does_not_hide_a_program_of_the_same_name(
    environment: Mapping[str, str], programs: Path, tmp_path: Path
) -> None:
    link_snap(programs, "chromium")
    other = tmp_path / "other/chromium"
    other.parent.mkdir()
    other.touch(0o755)
    assert find_chromium(environment={**environment, "PATH": f"{programs}:{other.parent}"}) == str(other)


def test_snap_alone_is_refused_with_the_reason(environment: Mapping[str, str], programs: Path) -> None:
    snap = link_snap(programs, "chromium")
    with pytest.raises(LabError, match="there is no Chromium") as caught:
        find_chromium(environment=environment)
    assert caught.value.seen.startswith(f"{snap} is a snap: its confinement")
    assert "`python -m lab browser` installs one" in caught.value.remedy


def test_missing_browser_is_an_error_with_all_places(environment: Mapping[str, str], tmp_path: Path) -> None:
    with pytest.raises(LabError, match="there is no Chromium") as caught:
        find_chromium(environment=environment)
    assert caught.value.seen == "none of them"
    assert str(tmp_path / "ms-playwright") in caught.value.expected


def test_setting_that_cannot_be_used_is_an_error_with_the_reason(
    environment: Mapping[str, str], programs: Path, tmp_path: Path
) -> None:
    (tmp_path / "text").touch()
    snap = link_snap(programs, "chromium")
    for setting, reason in (
        (tmp_path / "missing", "no such file"),
        (tmp_path, "a directory"),
        (tmp_path / "text", "a file that is not executable"),
        (snap, "a snap: its confinement"),
    ):
        with pytest.raises(LabError) as caught:
            find_chromium(setting, environment)
        assert caught.value.headline == f"{setting} cannot be the browser"
        assert caught.value.seen.startswith(reason)
