"""embedded/debian.py: root file systems of Debian packages, here of packages that the tests build with dpkg-deb."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from embedded import debian
from lab.errors import LabError
from lab.run.shell import Shell
from tests.conftest import WriteProgram

BuildPackage = Callable[..., Path]
UnpackRoot = Callable[[], Path]


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    """The directory that apt downloads into."""
    directory = tmp_path / "downloads"
    directory.mkdir()
    return directory


@pytest.fixture(autouse=True)
def _apt_without_downloads(write_program: WriteProgram) -> None:
    """A program in place of apt-get, which would access the internet; it behaves as if everything was downloaded."""
    write_program("apt-get", 'echo "$@" >> "$(dirname "$0")/apt-get.log"')


@pytest.fixture
def build_package(tmp_path: Path, downloads: Path) -> BuildPackage:
    """A function that builds a package of files by name, links by target, and hard links by the name of a file."""

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
def unpack_root(tmp_path: Path, downloads: Path, shell: Shell) -> UnpackRoot:
    """A function that unpacks all packages and then the tar file, and returns the root directory."""

    def unpack() -> Path:
        debian.unpack(shell, ("nginx",), tmp_path / "root.tar", downloads)
        directory = tmp_path / "root"
        directory.mkdir()
        shell.run("tar", "--extract", "--file", tmp_path / "root.tar", "--directory", directory)
        return directory

    return unpack


def test_old_directories_are_merged_into_usr(build_package: BuildPackage, unpack_root: UnpackRoot) -> None:
    files = {"bin/nginx": "web", "sbin/nginx-debug": "debug", "lib/module.so": "module", "usr/bin/curl": "http"}
    build_package("nginx", files)
    root = unpack_root()
    assert (root / "usr/bin/nginx").read_text() == (root / "bin/nginx").read_text() == "web"
    assert (root / "usr/sbin/nginx-debug").read_text() == "debug"
    assert (root / "usr/lib/module.so").read_text() == "module"
    for name in debian.MERGED_USR:
        assert (root / name).is_symlink()
        assert (root / name).readlink() == Path("usr", name)


def test_symbolic_links_keep_their_targets(build_package: BuildPackage, unpack_root: UnpackRoot) -> None:
    links = {"lib/module.so": "module.so.1", "lib64/ld.so": "/lib/module.so.1"}
    build_package("nginx", {"lib/module.so.1": "module"}, links=links)
    root = unpack_root()
    assert (root / "usr/lib/module.so").read_text() == "module"
    assert (root / "usr/lib64/ld.so").readlink() == Path("/lib/module.so.1")


def test_hard_links_refer_to_the_merged_file(build_package: BuildPackage, unpack_root: UnpackRoot) -> None:
    build_package("nginx", {"bin/nginx": "web"}, hard={"bin/nginx-debug": "bin/nginx"})
    root = unpack_root()
    assert (root / "usr/bin/nginx-debug").samefile(root / "usr/bin/nginx")


def test_file_modes_are_kept(build_package: BuildPackage, unpack_root: UnpackRoot) -> None:
    build_package("nginx", {"bin/nginx": "web", "etc/nginx.conf": "server"})
    root = unpack_root()
    assert (root / "usr/bin/nginx").stat().st_mode & 0o777 == 0o755
    assert (root / "etc/nginx.conf").stat().st_mode & 0o777 == 0o644


def test_directories_with_similar_names_are_not_merged(build_package: BuildPackage, unpack_root: UnpackRoot) -> None:
    build_package("nginx", {"libexec/nginx": "web", "opt/bin/nginx": "web"})
    root = unpack_root()
    assert (root / "libexec/nginx").is_file()
    assert (root / "opt/bin/nginx").is_file()


def test_documentation_is_not_unpacked(build_package: BuildPackage, unpack_root: UnpackRoot) -> None:
    files = {"usr/share/doc/nginx/copyright": "free", "usr/share/man/man1/nginx.1": "", "usr/bin/nginx": ""}
    build_package("nginx", files)
    root = unpack_root()
    assert [str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()] == ["usr/bin/nginx"]


def test_packages_for_setting_up_a_machine_are_not_unpacked(
    build_package: BuildPackage, tmp_path: Path, downloads: Path, shell: Shell
) -> None:
    for name in ("nginx", "debconf", "perl-base", "libpam-runtime"):
        build_package(name, {f"usr/bin/{name}": ""})
    assert debian.unpack(shell, ("nginx",), tmp_path / "root.tar", downloads) == {"nginx": "1.0-1"}
    with tarfile.open(tmp_path / "root.tar") as content:
        assert [member.name for member in content if member.isfile()] == ["usr/bin/nginx"]


def test_apt_only_downloads_and_ignores_the_packages_of_this_machine(
    tmp_path: Path, downloads: Path, programs: Path, shell: Shell
) -> None:
    debian.unpack(shell, ("nginx-light", "busybox"), tmp_path / "root.tar", downloads)
    [arguments] = (programs / "apt-get.log").read_text().splitlines()
    assert arguments.startswith("install ")
    assert arguments.endswith(" nginx-light busybox")
    for option in ("--download-only", "-oDir::State::status=/dev/null", f"-oDir::Cache::archives={downloads}"):
        assert option in arguments.split()


@pytest.mark.parametrize(
    ("policy", "installed"),
    [
        ("docker-cli:\n  Candidate: 26.1.5+dfsg1-9+deb13u1", "docker.io docker-cli"),
        ("docker-cli:\n  Candidate: (none)", "docker.io"),
        ("", "docker.io"),
    ],
)
def test_optional_packages_are_omitted_where_debian_has_none(
    policy: str,
    installed: str,
    tmp_path: Path,
    downloads: Path,
    programs: Path,
    write_program: WriteProgram,
    shell: Shell,
) -> None:
    write_program("apt-cache", f"echo '{policy}'")
    debian.unpack(shell, ("docker.io", "docker-cli?"), tmp_path / "root.tar", downloads)
    [arguments] = (programs / "apt-get.log").read_text().splitlines()
    assert arguments.partition(f"archives={downloads} ")[2].endswith(f" {installed}")


def test_outdated_package_lists_are_updated(
    tmp_path: Path, downloads: Path, programs: Path, write_program: WriteProgram, shell: Shell
) -> None:
    updated = programs / "updated"
    write_program("apt-get", f'[ "$1" = update ] && touch {updated}; [ -e {updated} ]')
    debian.unpack(shell, ("nginx",), tmp_path / "root.tar", downloads)
    assert updated.exists()


def test_failure_of_apt_is_an_error_with_its_message(
    tmp_path: Path, downloads: Path, write_program: WriteProgram, shell: Shell
) -> None:
    write_program("apt-get", '[ "$1" = update ] || { echo "E: Unable to locate package nginx" >&2; exit 100; }')
    with pytest.raises(LabError) as caught:
        debian.unpack(shell, ("nginx",), tmp_path / "root.tar", downloads)
    assert "Unable to locate package nginx" in caught.value.seen
    assert "package sources" in caught.value.remedy
