"""lab/layers/manifest_archives.py: archives as Git hosts make them, unsafe ones, and those of another layout."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from lab.config.locations import is_archive
from lab.errors import LabError
from lab.layers.manifest_archives import unpack

TREE = {"example/kustomization.yaml": "resources: [../common]", "common/file": "content"}


def pack(archive: Path, files: dict[str, str], *links: tarfile.TarInfo, prefix: str = "") -> Path:
    """Pack files and links into an archive that is compressed as its name says."""
    opener = tarfile.TarFile.xzopen if archive.suffix == ".xz" else tarfile.TarFile.gzopen
    with opener(str(archive), "w") as content:
        for name, text in files.items():
            member = tarfile.TarInfo(prefix + name)
            member.size = len(text.encode())
            content.addfile(member, io.BytesIO(text.encode()))
        for link in links:
            content.addfile(link)
    return archive


def make_link(name: str, target: str) -> tarfile.TarInfo:
    """Return a symbolic link for an archive."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


@pytest.mark.parametrize("name", ["tree.tar.xz", "tree.tar.gz", "tree.tgz"])
@pytest.mark.parametrize("prefix", ["", "./", "manifests-1.9.1/"])
def test_the_content_is_unpacked_without_a_single_top_level_directory(name: str, prefix: str, tmp_path: Path) -> None:
    archive = pack(tmp_path / name, TREE, prefix=prefix)
    assert is_archive(archive)
    directory = tmp_path / "home/manifests"
    unpack(archive, directory)
    files = {str(file.relative_to(directory)): file.read_text() for file in directory.rglob("*") if file.is_file()}
    assert files == TREE
    assert [path.name for path in directory.parent.iterdir()] == ["manifests"]


def test_a_tree_that_consists_of_example_alone_is_unpacked(tmp_path: Path) -> None:
    unpack(pack(tmp_path / "tree.tgz", {"example/kustomization.yml": "resources: []"}), tmp_path / "manifests")
    assert (tmp_path / "manifests/example/kustomization.yml").is_file()


def test_an_earlier_directory_is_replaced(tmp_path: Path) -> None:
    directory = tmp_path / "manifests"
    directory.mkdir()
    (directory / "old").touch()
    unpack(pack(tmp_path / "tree.tar.gz", TREE), directory)
    assert not (directory / "old").exists()


def test_a_link_inside_the_archive_is_kept(tmp_path: Path) -> None:
    unpack(pack(tmp_path / "tree.tar.gz", TREE, make_link("common/link", "file")), tmp_path / "manifests")
    assert (tmp_path / "manifests/common/link").read_text() == "content"


def check_that_nothing_changes(archive: Path, directory: Path) -> LabError:
    """Return the error of unpacking an archive, after checking that the earlier directory is as it was."""
    directory.mkdir()
    (directory / "old").touch()
    with pytest.raises(LabError) as caught:
        unpack(archive, directory)
    assert [path.name for path in directory.iterdir()] == ["old"]
    assert not directory.with_name(f"{directory.name}.unfinished").exists()
    return caught.value


@pytest.mark.parametrize(
    "member", [make_link("common/link", "../../outside"), make_link("common/link", "/etc"), tarfile.TarInfo("../out")]
)
def test_a_path_that_leads_out_of_the_archive_is_an_error(member: tarfile.TarInfo, tmp_path: Path) -> None:
    error = check_that_nothing_changes(pack(tmp_path / "tree.tar.gz", TREE, member), tmp_path / "manifests")
    assert "because it is unsafe" in error.headline
    assert member.name in error.seen
    assert not (tmp_path / "out").exists()


def test_another_layout_is_an_error_that_names_the_awaited_file(tmp_path: Path) -> None:
    archive = pack(tmp_path / "tree.tar.gz", {"chart/Chart.yaml": "", "chart/values.yaml": ""})
    error = check_that_nothing_changes(archive, tmp_path / "manifests")
    assert "does not have the layout of Kubeflow's manifests" in error.headline
    assert "example/ with kustomization.yaml" in error.expected
    assert error.seen == "at the top: Chart.yaml, values.yaml"


@pytest.mark.parametrize("name", ["tree.tar.xz", "tree.tar.gz"])
@pytest.mark.parametrize("keep", [0, 30, -20])
def test_an_incomplete_archive_is_an_error(name: str, keep: int, tmp_path: Path) -> None:
    archive = pack(tmp_path / name, {**TREE, "large": "".join(map(str, range(20_000)))})
    archive.write_bytes(archive.read_bytes()[:keep])
    error = check_that_nothing_changes(archive, tmp_path / "manifests")
    assert error.headline.endswith("cannot be unpacked")
    assert "`tar -tf " in error.remedy


def test_a_file_that_is_no_archive_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "tree.tar.gz").write_text("kind: Namespace")
    error = check_that_nothing_changes(tmp_path / "tree.tar.gz", tmp_path / "manifests")
    assert error.headline.endswith("cannot be unpacked")
