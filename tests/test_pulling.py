"""lab/pulling.py: images are pulled as soon as the node can, and one that cannot be had keeps no other from coming."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import pulling
from lab.errors import LabError
from lab.pulling import pull
from lab.terminal import Terminal
from tests.conftest import WriteProgram

DOCKER = """
node=$2; shift 2
test -e {folder}/started || {{ touch {folder}/started; echo "$node is not running" >&2; exit 1; }}
exec "$@"
"""
CRICTL = """
echo "$2" >> {folder}/pulled
test "$2" != no/such:image
"""


NODE = "k3d-k3s-default-server-0"


def test_they_are_pulled_in_their_order_once_the_node_runs(
    tmp_path: Path, terminal: Terminal, write_program: WriteProgram
) -> None:
    write_program("docker", DOCKER.format(folder=tmp_path))
    write_program("crictl", CRICTL.format(folder=tmp_path))
    pull(["first:1", "no/such:image", "last:1"], NODE, terminal)
    assert (tmp_path / "pulled").read_text().split() == ["first:1", "no/such:image", "last:1"]


def test_a_node_that_does_not_come_is_told(
    terminal: Terminal, write_program: WriteProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "START_TIMEOUT", 0.2)
    write_program("docker", "echo no such container >&2; exit 1")
    with pytest.raises(LabError, match="no such container"):
        pull(["first:1"], NODE, terminal)
