""".github/install-tools: a download is installed only if it has the checksum that its project publishes."""

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


def build_archive(name: str, content: bytes) -> bytes:
    """Return a compressed archive with one file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def published(tmp_path: Path, write_program: WriteProgram) -> Path:
    """A directory with the published files, named by the last part of the URL, and a curl that copies them from it."""
    directory = tmp_path / "published"
    directory.mkdir()
    files = {
        "k3d-linux-amd64": b"k3d",
        "kustomize_v5.0.3_linux_amd64.tar.gz": build_archive("kustomize", b"kustomize"),
        "helm-v3.14.4-linux-amd64.tar.gz": build_archive("linux-amd64/helm", b"helm"),
        "kubectl": b"kubectl",
    }
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    for name, content in files.items():
        (directory / name).write_bytes(content)
    lines = [f"{sums[name]}  {prefix}{name}\n" for name, prefix in zip(files, ("_dist/", "", "", ""), strict=True)]
    (directory / "checksums.txt").write_text("".join(lines))
    (directory / "helm-v3.14.4-linux-amd64.tar.gz.sha256sum").write_text(lines[2])
    (directory / "kubectl.sha256").write_text(sums["kubectl"])
    write_program(
        "curl",
        f'while [ $# -gt 1 ]; do [ "$1" = --output ] && file=$2; shift; done; cp "{directory}/${{1##*/}}" "$file"',
    )
    return directory


def install(programs: Path, directory: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **VERSIONS, "PATH": f"{programs}:{os.environ['PATH']}"}
    command = [REPOSITORY / ".github/install-tools", directory]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_installs_the_four_tools(published: Path, programs: Path, tmp_path: Path) -> None:
    result = install(programs, tmp_path / "tools")
    assert result.returncode == 0, result.stderr
    tools = {tool.name: tool.read_text() for tool in (tmp_path / "tools").iterdir() if os.access(tool, os.X_OK)}
    assert tools == {name: name for name in ("k3d", "helm", "kubectl", "kustomize")}


@pytest.mark.parametrize(
    "name",
    ["k3d-linux-amd64", "kustomize_v5.0.3_linux_amd64.tar.gz", "helm-v3.14.4-linux-amd64.tar.gz", "kubectl"],
)
def test_installs_nothing_if_a_checksum_differs(name: str, published: Path, programs: Path, tmp_path: Path) -> None:
    (published / name).write_bytes(build_archive("helm", b"something else"))
    result = install(programs, tmp_path / "tools")
    assert result.returncode == 1
    assert "checksum mismatch" in result.stderr
    assert list((tmp_path / "tools").iterdir()) == []
