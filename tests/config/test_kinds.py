"""lab/config/kinds.py: remedies are commands that work in the lab in which they are shown."""

from __future__ import annotations

import pytest

from lab.config.kinds import KINDS, render_commands

REMEDY = "`kubectl get pods -A` lists them; `docker ps` lists containers; `make lab` builds one"


def test_commands_run_inside_an_embedded_lab() -> None:
    assert render_commands(REMEDY, KINDS["embedded"]) == (
        "`python -m lab exec -- kubectl get pods -A` lists them; `python -m lab exec -- docker ps` lists containers; "
        "`make lab` builds one"
    )


def test_docker_of_a_k3d_lab_is_the_users_own() -> None:
    assert render_commands(REMEDY, KINDS["k3d"]) == (
        "`python -m lab exec -- kubectl get pods -A` lists them; `docker ps` lists containers; `make lab` builds one"
    )


def test_commands_of_an_existing_cluster_are_plain() -> None:
    assert render_commands(REMEDY, KINDS["existing"]) == REMEDY


def test_name_of_the_lab_is_part_of_the_command() -> None:
    assert render_commands("`kubectl version`", KINDS["k3d"], "other") == (
        "`python -m lab --name other exec -- kubectl version`"
    )


@pytest.mark.parametrize("text", ["kubectl failed", "`kubectl-neat`s output", "the word `kubectlx`"])
def test_other_text_is_unchanged(text: str) -> None:
    assert render_commands(text, KINDS["embedded"]) == text or text.startswith("`kubectl-")
