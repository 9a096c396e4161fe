"""lab/layers/git_hosts.py: a Git host that hangs is reported in seconds, by a real Git and a real server."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from embedded.upstream import clone_manifests
from lab.context import Lab, RunContext
from lab.errors import LabError
from lab.layers.git_hosts import list_refs
from lab.layers.manifests import Clone
from lab.run.shell import Shell
from tests.conftest import MakeLab

TIMEOUT = 0.5


def test_a_host_that_does_not_answer_is_reported(shell: Shell, silent_server: str) -> None:
    begin = time.monotonic()
    with pytest.raises(LabError, match="the Git host of the manifests does not answer") as caught:
        list_refs(shell, f"{silent_server}/manifests.git", timeout=TIMEOUT)
    assert time.monotonic() - begin < 10
    assert caught.value.expected == "a list of its branches within 0.5 s"
    assert f"`git ls-remote {silent_server}/manifests.git`" in caught.value.remedy


def test_credentials_are_not_shown(shell: Shell, silent_server: str) -> None:
    url = silent_server.replace("//", "//user:token@")
    with pytest.raises(LabError) as caught:
        list_refs(shell, url, timeout=TIMEOUT)
    assert "token" not in str(caught.value)


def test_a_host_that_refuses_the_connection_is_a_failure(shell: Shell) -> None:
    assert list_refs(shell, "http://127.0.0.1:1/manifests.git").exit_status != 0


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """A lab on the user's own Docker."""
    return make_lab(lab="k3d")


def test_a_clone_ends_if_the_host_does_not_answer(lab: Lab, silent_server: str) -> None:
    clone = Clone(lab, silent_server, "v1", answer_timeout=TIMEOUT)
    with pytest.raises(LabError, match="the Git host of the manifests does not answer"):
        clone.install()


def test_the_pinned_manifests_are_not_awaited_for_minutes(context: RunContext, silent_server: str) -> None:
    manifests = context.release.manifests.model_copy(update={"repository": silent_server})
    release = context.release.model_copy(update={"manifests": manifests})
    with pytest.raises(LabError, match="the Git host of the manifests does not answer"):
        clone_manifests(replace(context, release=release), answer_timeout=TIMEOUT)
