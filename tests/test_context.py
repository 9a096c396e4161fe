"""lab/context.py: the context of a run, and labs that are opened, kept, reused and removed."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from lab.context import Lab, RunContext, open_existing_lab, open_k3d_lab
from lab.errors import LabError
from lab.run import state
from lab.run.progress import Progress
from lab.run.redaction import MASK
from lab.run.state import LabState
from tests.conftest import MakeContext, MakeLab, WriteProgram
from tests.fake_cluster import FakeCluster


@pytest.fixture
def k3d(make_context: MakeContext) -> RunContext:
    """The context of a lab on the user's own Docker."""
    return make_context(lab="k3d")


def test_lab_is_removed_at_the_end_with_its_objects(k3d: RunContext, tmp_path: Path) -> None:
    file = tmp_path / "file"
    with open_k3d_lab(k3d) as lab:
        lab.register_undo("rm", str(file))
        file.touch()
        assert state.load(k3d.paths) == lab.state
    assert not file.exists()
    assert state.load(k3d.paths) is None


def test_undo_commands_are_registered_once(k3d: RunContext) -> None:
    with open_k3d_lab(k3d) as lab:
        for name in ("first", "second", "first"):
            lab.register_undo("true", name)
        assert lab.state.undo == [["true", "first"], ["true", "second"]]


def test_lab_is_removed_after_a_failure(k3d: RunContext) -> None:
    with pytest.raises(KeyboardInterrupt), open_k3d_lab(k3d):
        raise KeyboardInterrupt
    assert state.load(k3d.paths) is None


def test_kept_lab_is_reused_with_a_message(make_context: MakeContext) -> None:
    with open_k3d_lab(make_context(lab="k3d", keep_lab=True)) as first:
        first.register_undo("false")
    printed = io.StringIO()
    context = replace(make_context(lab="k3d"), progress=Progress(Console(file=printed, soft_wrap=True)))
    with open_k3d_lab(context) as second:
        assert second.owns("false")
        assert "reusing the lab" in printed.getvalue()
    assert state.load(context.paths) == second.state


def test_verify_only_needs_a_lab_and_keeps_it(make_context: MakeContext) -> None:
    context = make_context(lab="k3d", verify_only=True)
    with pytest.raises(LabError, match="there is no lab to verify"):
        open_k3d_lab(context).__enter__()
    LabState(kind="k3d").save(context.paths)
    with open_k3d_lab(context):
        pass
    assert state.load(context.paths)


def test_tools_do_not_use_the_users_configuration(k3d: RunContext) -> None:
    with open_k3d_lab(k3d) as lab:
        environment = lab.state.environment
        assert {"KUBECONFIG", "KUBECACHEDIR", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"} <= set(
            environment
        )
        assert all(Path(file).is_relative_to(lab.paths.lab) for file in environment.values())
        assert lab.shell.run("sh", "-c", "echo $KUBECONFIG").output.strip() == environment["KUBECONFIG"]


def test_tools_of_the_kit_precede_those_on_path(k3d: RunContext, write_program: WriteProgram, tmp_path: Path) -> None:
    write_program("helm", "echo the one on PATH")
    kit = tmp_path / "kit/helm"
    kit.parent.mkdir()
    kit.write_text("#!/bin/sh\necho that of the kit\n")
    kit.chmod(0o755)
    with open_k3d_lab(k3d, {"helm": kit}) as lab:
        kit.unlink()
        assert lab.shell.run("helm").output == "that of the kit\n"
    with open_k3d_lab(k3d) as lab:
        assert lab.shell.run("helm").output == "the one on PATH\n"


def test_existing_lab_uses_the_tools_of_the_kit(
    cluster: FakeCluster, make_context: MakeContext, tmp_path: Path
) -> None:
    cluster.write_kubeconfig(tmp_path / "config")
    kit = tmp_path / "kustomize-5.0.3/kustomize"
    kit.parent.mkdir()
    kit.write_text("#!/bin/sh\necho that of the kit\n")
    kit.chmod(0o755)
    context = make_context({"KUBECONFIG": str(tmp_path / "config")}, lab="existing")
    with open_existing_lab(context, {"kustomize": kit}) as lab:
        assert lab.shell.run("kustomize").output == "that of the kit\n"


def test_disposable_lab_registers_no_undo_commands(make_lab: MakeLab) -> None:
    lab = make_lab(disposable=True)
    lab.register_undo("false")
    assert lab.state.undo == []
    assert lab.owns("false")


def test_object_of_somebody_else_is_not_owned(make_lab: MakeLab) -> None:
    assert not make_lab(lab="k3d").owns("k3d", "cluster", "delete")


def test_existing_lab_uses_kubeconfig_and_saves_nothing(
    cluster: FakeCluster, make_context: MakeContext, tmp_path: Path
) -> None:
    cluster.write_kubeconfig(tmp_path / "config")
    context = make_context({"KUBECONFIG": str(tmp_path / "config")}, lab="existing")
    with open_existing_lab(context) as lab:
        assert lab.state.environment["KUBECONFIG"] == str(tmp_path / "config")
    assert state.load(context.paths) is None


def test_existing_lab_needs_a_kubeconfig(make_context: MakeContext, tmp_path: Path) -> None:
    context = make_context({"KUBECONFIG": str(tmp_path / "missing")}, lab="existing")
    with pytest.raises(LabError) as caught:
        open_existing_lab(context).__enter__()
    assert caught.value.headline == "there is no cluster to verify"
    assert str(tmp_path / "missing") in caught.value.seen


def test_programs_select_the_same_lab(make_context: MakeContext) -> None:
    context = make_context(name="other")
    assert context.create_shell().run("sh", "-c", "echo $KUBEFLOW_LAB_NAME").output == "other\n"
    assert "KUBEFLOW_LAB_NAME" not in os.environ


def test_lab_shares_journal_and_secrets_with_its_context(make_lab: MakeLab) -> None:
    lab = make_lab()
    lab.secrets.add("hunter2000")
    lab.shell.run("echo", "hunter2000")
    assert [entry.text for entry in lab.journal.entries] == ["echo '********'"]


def test_context_of_a_lab_is_that_of_the_run(context: RunContext) -> None:
    lab = Lab.from_context(context, LabState(kind="embedded"))
    assert (lab.journal, lab.secrets, lab.paths) == (context.journal, context.secrets, context.paths)


def test_remedies_are_rendered_for_the_kind_of_lab(make_context: MakeContext) -> None:
    remedy = "`kubectl get pods -A`"
    assert (
        make_context(name="other").render_commands(remedy) == "`python -m lab --name other exec -- kubectl get pods -A`"
    )
    assert make_context(lab="existing").render_commands(remedy) == remedy


def test_the_password_is_a_secret_from_the_beginning(make_context: MakeContext) -> None:
    context = make_context(password="correct horse battery")
    assert context.secrets.redact("it is correct horse battery") == f"it is {MASK}"
    assert "correct horse" not in repr(context)


def test_programs_in_an_embedded_lab_use_no_proxy(make_lab: MakeLab) -> None:
    shell = make_lab(environment={"https_proxy": "http://127.0.0.1:9", "no_proxy": "localhost"}).shell
    assert (shell.environment["no_proxy"], shell.environment["NO_PROXY"]) == ("*", "*")
