"""Loading the manifests of a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded.plan_trees import load_tree
from lab.context import RunContext
from lab.errors import LabError
from tests.conftest import MakeContext


def test_a_location_of_nothing_is_an_error_about_the_argument(make_context: MakeContext, tmp_path: Path) -> None:
    location = str(tmp_path / "missing")
    with pytest.raises(LabError, match="names no manifests") as caught:
        load_tree(location, make_context)
    assert "1.10" in caught.value.expected
    assert "--manifests" not in str(caught.value)


def test_manifests_that_cannot_be_cloned_can_be_given(make_context: MakeContext, tmp_path: Path) -> None:
    def create(**settings: str) -> RunContext:
        return make_context(**settings)

    location = f"file://{tmp_path}?ref=v1"
    with pytest.raises(LabError, match="cannot be cloned") as caught:
        load_tree(location, create)
    assert caught.value.remedy == f"give a directory or an archive of these manifests instead of {location}"
