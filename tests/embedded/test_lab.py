"""embedded/lab.py: the checks before a run, and the errors when a lab is opened."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from embedded import kits
from embedded import lab as embedded_lab
from embedded.lab import check_kit, open_embedded_lab
from lab.config.paths import Paths
from lab.context import RunContext
from lab.errors import LabError
from lab.preflight.findings import Finding
from lab.run import state as state_module
from lab.run.state import LabState
from tests.conftest import MakeContext


def headlines(findings: Iterable[Finding], severity: str) -> list[str]:
    """Return the headlines of the findings with a severity."""
    return [finding.problem.headline for finding in findings if finding.severity == severity]


def test_missing_kit_is_a_warning(context: RunContext) -> None:
    assert "the kit is not built completely" in headlines(check_kit(context), "warning")


def test_a_release_without_a_kit_is_an_error(
    make_context: MakeContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kits, "DIRECTORY", tmp_path)
    assert headlines(check_kit(make_context(release="1.8")), "error") == ["there is no kit of Kubeflow 1.8"]


def test_missing_programs_are_an_error(make_context: MakeContext) -> None:
    errors = headlines(check_kit(make_context({"PATH": ""})), "error")
    expected = ", ".join((*embedded_lab.PROGRAMS, *embedded_lab.PROGRAMS_FOR_KIT))
    assert f"programs are missing: {expected}" in errors


def test_verify_only_requires_a_running_lab(make_context: MakeContext, paths: Paths) -> None:
    LabState(kind="embedded", keep=True).save(paths)
    with (
        pytest.raises(LabError, match="there is no lab to verify"),
        open_embedded_lab(make_context(verify_only=True)),
    ):
        pytest.fail("the lab was opened")
    assert state_module.load(paths)


def test_lab_of_another_kind_is_not_replaced(context: RunContext, paths: Paths) -> None:
    LabState(kind="k3d").save(paths)
    with pytest.raises(LabError, match="there is a lab of another kind"), open_embedded_lab(context):
        pytest.fail("the lab was opened")
    assert state_module.load(paths)
