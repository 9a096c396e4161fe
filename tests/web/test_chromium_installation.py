"""lab/web/chromium_installation.py: a browser is installed where there is none, or the error lists what is missing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.run.shell import Shell
from lab.web import chromium_installation
from lab.web.chromium_installation import provide_chromium
from tests.conftest import WriteProgram

PLAYWRIGHTS_ERROR = """\
Downloading Chrome Headless Shell 159.0.8154.6 (playwright chromium-headless-shell v1255)
Error: getaddrinfo ENOTFOUND cdn.playwright.dev
    at GetAddrInfoReqWrap.onlookupall [as oncomplete] (node:internal/dns/promises:101:17)
Failed to install browsers
"""
"""The output of `playwright install` without the internet, shortened."""


@pytest.fixture
def installed() -> list[str]:
    """The commands that were run to install a browser."""
    return []


@pytest.fixture
def shell(programs: Path, tmp_path: Path, write_program: WriteProgram, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell that finds only the programs of this test; Playwright, run by its Python, cannot download anything."""
    python = write_program("python", f"cat >&2 <<'END'\n{PLAYWRIGHTS_ERROR}END\nexit 1")
    monkeypatch.setattr(sys, "executable", str(python))
    for name in ("sh", "cat", "cp", "chmod", "setpriv"):
        found = next(path for path in (Path("/usr/bin", name), Path("/bin", name)) if path.exists())
        (programs / name).symlink_to(found)
    return Shell({"PATH": str(programs), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "ms-playwright")})


def test_existing_browser_is_used_without_installing_anything(
    shell: Shell, write_program: WriteProgram, installed: list[str]
) -> None:
    program = write_program("chromium", "echo Chromium 156.0.8078.108")
    assert provide_chromium(None, shell, installed.append) == str(program)
    assert installed == []


def test_browser_that_cannot_be_run_is_not_replaced(
    shell: Shell, write_program: WriteProgram, installed: list[str]
) -> None:
    program = write_program("chromium", "echo libnss3.so: cannot open shared object file >&2; exit 127")
    with pytest.raises(LabError, match=f"the browser {program} cannot be run") as caught:
        provide_chromium(None, shell, installed.append)
    assert "libnss3.so" in caught.value.seen
    assert installed == []


def test_playwrights_browser_is_downloaded_first(
    shell: Shell, write_program: WriteProgram, tmp_path: Path, installed: list[str]
) -> None:
    program = (
        tmp_path / "ms-playwright/chromium_headless_shell-1255/chrome-headless-shell-linux64/chrome-headless-shell"
    )
    marker = program.parent.parent / "INSTALLATION_COMPLETE"
    program.parent.mkdir(parents=True)
    write_program("python", f"echo '#!/bin/sh' > {program} && chmod +x {program} && echo > {marker}")
    assert provide_chromium(None, shell, installed.append) == str(program)
    assert [command.split(" -m ")[1] for command in installed] == ["playwright install chromium-headless-shell"]


def test_download_that_does_not_end_is_given_up(
    shell: Shell, write_program: WriteProgram, installed: list[str]
) -> None:
    write_program("python", "exec /bin/sleep 60")
    with pytest.raises(LabError, match="there is no browser, and none could be installed") as caught:
        provide_chromium(None, shell, installed.append, timeout=0.5)
    assert "timed out after 0.5 s" in caught.value.seen


@pytest.mark.skipif(os.geteuid() != 0, reason="apt-get installs for root only")
def test_debians_package_is_installed_where_nothing_can_be_downloaded(
    shell: Shell, programs: Path, write_program: WriteProgram, installed: list[str]
) -> None:
    program = programs / "chromium-headless-shell"
    write_program("apt-get", f'test "$1" = update || {{ echo "#!/bin/sh" > {program} && chmod +x {program}; }}')
    assert provide_chromium(None, shell, installed.append) == str(program)
    assert installed[1:] == [
        "apt-get update",
        "apt-get install --yes --no-install-recommends chromium-headless-shell fonts-dejavu-core",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="apt-get installs for root only")
def test_ubuntu_without_the_package_gets_the_reasons(
    shell: Shell, write_program: WriteProgram, installed: list[str]
) -> None:
    write_program(
        "apt-get", 'test "$1" = update || { echo E: Unable to locate package chromium-headless-shell >&2; exit 100; }'
    )
    with pytest.raises(LabError, match="there is no browser, and none could be installed") as caught:
        provide_chromium(None, shell, installed.append)
    assert "playwright install chromium-headless-shell: getaddrinfo ENOTFOUND cdn.playwright.dev" in caught.value.seen
    assert "fonts-dejavu-core: Unable to locate package chromium-headless-shell" in caught.value.seen
    assert chromium_installation.CHROME in caught.value.remedy


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        ("dnf", "dnf install --assumeyes chromium dejavu-sans-fonts"),
        ("zypper", "zypper --non-interactive install chromium dejavu-fonts"),
        ("pacman", "pacman --sync --needed --noconfirm chromium ttf-dejavu"),
        ("apk", "apk add chromium font-dejavu"),
    ],
)
def test_other_package_managers_are_not_run_but_named(
    shell: Shell, write_program: WriteProgram, manager: str, command: str, installed: list[str]
) -> None:
    write_program(manager, "echo it was run >&2; exit 1")
    with pytest.raises(LabError) as caught:
        provide_chromium(None, shell, installed.append)
    assert command in caught.value.remedy
    assert "apt-get" not in str(caught.value)
    assert len(installed) == 1


def test_machine_without_a_known_package_manager_gets_a_remedy(shell: Shell, installed: list[str]) -> None:
    with pytest.raises(LabError) as caught:
        provide_chromium(None, shell, installed.append)
    assert caught.value.remedy.startswith("install Chromium or Chrome (https://")
