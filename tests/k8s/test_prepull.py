"""lab/k8s/prepull.py: pulling images as soon as the node runs; a failed pull does not prevent the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import WaitTimeoutError
from lab.k8s.prepull import prepull_images
from lab.run.shell import Shell
from tests.conftest import WriteProgram

NODE = "k3d-k3s-default-server-0"
DOCKER = """
node=$2; shift 2
test -e {directory}/started || {{ touch {directory}/started; echo "$node is not running" >&2; exit 1; }}
exec "$@"
"""
CRICTL = """
echo "$2" >> {directory}/pulled
test "$2" != no/such:image
"""


def test_images_are_pulled_in_order_once_the_node_runs(
    tmp_path: Path, shell: Shell, write_program: WriteProgram
) -> None:
    write_program("docker", DOCKER.format(directory=tmp_path))
    write_program("crictl", CRICTL.format(directory=tmp_path))
    prepull_images(["first:1", "no/such:image", "last:1"], NODE, shell)
    assert (tmp_path / "pulled").read_text().split() == ["first:1", "no/such:image", "last:1"]


def test_node_that_does_not_start_is_an_error(shell: Shell, write_program: WriteProgram) -> None:
    write_program("docker", "echo no such container >&2; exit 1")
    with pytest.raises(WaitTimeoutError, match="no such container"):
        prepull_images(["first:1"], NODE, shell, start_timeout=0.2)
