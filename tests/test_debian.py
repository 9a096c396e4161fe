"""embedded/debian.py: root file systems out of Debian packages, here packages that the test builds with dpkg-deb."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from embedded import debian
from lab.errors import LabError
from lab.terminal import Terminal
from tests.conftest import WriteProgram

BuildPackage = Callable[..., Path]


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    """The folder that apt downloads into."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def _apt_has_nothing_to_do(programs: Path, write_program: WriteProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    """In apt's place, since it would ask the internet: a program that finds everything downloaded already."""
    write_program("apt-get", 'echo "$@" >> "$(dirname "$0")/apt-get.log"')
    monkeypatch.setenv("PATH", str(programs), prepend=":")


@pytest.fixture
def build_package(tmp_path: Path, downloads: Path) -> BuildPackage:
    """Builds a package of files by name, of links by their target, and of hard links by another file's name."""

    def build(
        name: str, files: dict[str, str], links: dict[str, str] | None = None, hard: dict[str, str] | None = None
    ) -> Path:
        tree = tmp_path / f"tree-of-{name}"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text(
            f"Package: {name}\nVersion: 1.0-1\nArchitecture: all\nMaintainer: T <t@example.it>\nDescription: test\n"
        )
        for path, content in files.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(content)
            (tree / path).chmod(0o755 if "bin/" in path else 0o644)
        for path, target in (links or {}).items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).symlink_to(target)
        for path, other in (hard or {}).items():
            (tree / path).hardlink_to(tree / other)
        command = ["dpkg-deb", "--root-owner-group", "--build", str(tree), str(downloads)]
        subprocess.run(command, check=True, capture_output=True)
        return downloads / f"{name}_1.0-1_all.deb"

    return build


@pytest.fixture
def root(tmp_path: Path, downloads: Path) -> Callable[[], Path]:
    """Unpacks all packages as tar does, and gives the root."""

    def unpacked() -> Path:
        debian.unpack(("anything",), tmp_path / "root.tar", downloads)
        folder = tmp_path / "root"
        folder.mkdir()
        Terminal().run("tar", "--extract", "--file", tmp_path / "root.tar", "--directory", folder)
        return folder

    return unpacked


def test_files_of_the_old_folders_are_where_debian_has_merged_them(
    build_package: BuildPackage, root: Callable[[], Path]
) -> None:
    build_package("lamp", {"bin/lamp": "on", "sbin/switch": "off", "lib/bulb.so": "light", "usr/bin/torch": "on"})
    folder = root()
    assert (folder / "usr/bin/lamp").read_text() == (folder / "bin/lamp").read_text() == "on"
    assert (folder / "usr/sbin/switch").read_text() == "off"
    assert (folder / "usr/lib/bulb.so").read_text() == "light"
    for name in debian.MERGED_USR:
        assert (folder / name).is_symlink()
        assert (folder / name).readlink() == Path("usr", name)


def test_links_lead_where_they_led(build_package: BuildPackage, root: Callable[[], Path]) -> None:
    build_package(
        "lamp", {"lib/bulb.so.1": "light"}, links={"lib/bulb.so": "bulb.so.1", "lib64/ld.so": "/lib/bulb.so.1"}
    )
    folder = root()
    assert (folder / "usr/lib/bulb.so").read_text() == "light"
    assert (folder / "usr/lib64/ld.so").readlink() == Path("/lib/bulb.so.1")


def test_hard_links_lead_to_the_merged_file(build_package: BuildPackage, root: Callable[[], Path]) -> None:
    build_package("lamp", {"bin/lamp": "on"}, hard={"bin/torch": "bin/lamp"})
    folder = root()
    assert (folder / "usr/bin/torch").samefile(folder / "usr/bin/lamp")


def test_programs_stay_programs(build_package: BuildPackage, root: Callable[[], Path]) -> None:
    build_package("lamp", {"bin/lamp": "on", "etc/lamp.conf": "bright"})
    folder = root()
    assert (folder / "usr/bin/lamp").stat().st_mode & 0o777 == 0o755
    assert (folder / "etc/lamp.conf").stat().st_mode & 0o777 == 0o644


def test_a_folder_that_only_begins_like_a_merged_one_stays(
    build_package: BuildPackage, root: Callable[[], Path]
) -> None:
    build_package("lamp", {"libexec/lamp": "on", "opt/bin/lamp": "on"})
    folder = root()
    assert (folder / "libexec/lamp").is_file()
    assert (folder / "opt/bin/lamp").is_file()


def test_what_no_image_needs_is_left_out(build_package: BuildPackage, root: Callable[[], Path]) -> None:
    build_package("lamp", {"usr/share/doc/lamp/copyright": "free", "usr/share/man/man1/lamp.1": "", "usr/bin/lamp": ""})
    files = [str(file.relative_to(folder)) for folder in [root()] for file in folder.rglob("*") if file.is_file()]
    assert files == ["usr/bin/lamp"]


def test_packages_for_setting_up_a_machine_are_not_unpacked(
    build_package: BuildPackage, tmp_path: Path, downloads: Path
) -> None:
    for name in ("lamp", "debconf", "perl-base", "libpam-runtime"):
        build_package(name, {f"usr/bin/{name}": ""})
    assert debian.unpack(("lamp",), tmp_path / "root.tar", downloads) == {"lamp": "1.0-1"}
    with tarfile.open(tmp_path / "root.tar") as content:
        assert [member.name for member in content if member.isfile()] == ["usr/bin/lamp"]


def test_apt_is_asked_to_download_only_and_sees_nothing_of_this_machine(
    tmp_path: Path, downloads: Path, programs: Path
) -> None:
    debian.unpack(("nginx-light", "busybox"), tmp_path / "root.tar", downloads)
    [asked] = (programs / "apt-get.log").read_text().splitlines()
    assert asked.startswith("install ")
    assert asked.endswith(" nginx-light busybox")
    for option in ("--download-only", "-oDir::State::status=/dev/null", f"-oDir::Cache::archives={downloads}"):
        assert option in asked.split()


def test_package_lists_are_updated_when_they_are_too_old(
    tmp_path: Path, downloads: Path, programs: Path, write_program: WriteProgram
) -> None:
    updated = programs / "updated"
    write_program("apt-get", f'[ "$1" = update ] && touch {updated}; [ -e {updated} ]')
    debian.unpack(("lamp",), tmp_path / "root.tar", downloads)
    assert updated.exists()


def test_what_apt_cannot_have_is_an_error_with_its_words(
    tmp_path: Path, downloads: Path, write_program: WriteProgram
) -> None:
    write_program("apt-get", '[ "$1" = update ] || { echo "E: Unable to locate package lamp" >&2; exit 100; }')
    with pytest.raises(LabError) as caught:
        debian.unpack(("lamp",), tmp_path / "root.tar", downloads)
    assert "Unable to locate package lamp" in caught.value.seen
    assert "package sources" in caught.value.remedy
