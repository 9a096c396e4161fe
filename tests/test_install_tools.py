""".github/install-tools: what it downloads is installed if it is what the project has published, and not else."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, WriteProgram

VERSIONS = {"K3D": "5.6.0", "HELM": "3.14.4", "KUBECTL": "1.25.4", "KUSTOMIZE": "5.0.3"}


def archive(name: str, content: bytes) -> bytes:
    """A compressed archive with one file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def published(tmp_path: Path, write_program: WriteProgram) -> Path:
    """What the projects publish, by the last part of the URL, and a curl that gets it from there."""
    folder = tmp_path / "published"
    folder.mkdir()
    files = {
        "k3d-linux-amd64": b"k3d",
        "kustomize_v5.0.3_linux_amd64.tar.gz": archive("kustomize", b"kustomize"),
        "helm-v3.14.4-linux-amd64.tar.gz": archive("linux-amd64/helm", b"helm"),
        "kubectl": b"kubectl",
    }
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    lines = [f"{sums[name]}  {place}{name}\n" for name, place in zip(files, ("_dist/", "", "", ""), strict=True)]
    (folder / "checksums.txt").write_text("".join(lines))
    (folder / "helm-v3.14.4-linux-amd64.tar.gz.sha256sum").write_text(lines[2])
    (folder / "kubectl.sha256").write_text(sums["kubectl"])
    write_program(
        "curl", f'while [ $# -gt 1 ]; do [ "$1" = --output ] && file=$2; shift; done; cp "{folder}/${{1##*/}}" "$file"'
    )
    return folder


def install(programs: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **VERSIONS, "PATH": f"{programs}:{os.environ['PATH']}"}
    command = [REPOSITORY / ".github/install-tools", folder]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_four_tools_are_installed(published: Path, programs: Path, tmp_path: Path) -> None:
    done = install(programs, tmp_path / "tools")
    assert done.returncode == 0, done.stderr
    tools = {tool.name: tool.read_text() for tool in (tmp_path / "tools").iterdir() if os.access(tool, os.X_OK)}
    assert tools == {name: name for name in ("k3d", "helm", "kubectl", "kustomize")}


@pytest.mark.parametrize(
    "name",
    ["k3d-linux-amd64", "kustomize_v5.0.3_linux_amd64.tar.gz", "helm-v3.14.4-linux-amd64.tar.gz", "kubectl"],
)
def test_nothing_is_installed_that_is_not_what_was_published(
    name: str, published: Path, programs: Path, tmp_path: Path
) -> None:
    (published / name).write_bytes(archive("helm", b"something else"))
    done = install(programs, tmp_path / "tools")
    assert done.returncode == 1
    assert "is not what its project has published" in done.stderr
    assert list((tmp_path / "tools").iterdir()) == []
