"""tests/clusters: the table of shapes is consistent, and its changes fit the kit's manifests."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded.manifests.tree import FILES
from tests.clusters import fewer_parts, other_names
from tests.clusters.__main__ import main
from tests.clusters.shape import EXAMPLE, Shape, omit, replace_text
from tests.clusters.table import SHAPES
from tests.tools.test_sabotage import CHAPTERS


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the files of the kit's manifests."""
    return Path(shutil.copytree(FILES, tmp_path / "tree"))


def read_dex_configuration(tree: Path) -> dict[str, Any]:
    """Return the configuration of Dex in a tree."""
    config_map = yaml.safe_load((tree / "common/dex/base/config-map.yaml").read_text())
    return dict(yaml.safe_load(config_map["data"]["config.yaml"]))


class TestTable:
    """The table of shapes."""

    def test_names_are_distinct(self) -> None:
        assert [name for name, count in Counter(shape.name for shape in SHAPES).items() if count > 1] == []

    @pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
    def test_each_shape_has_five_sabotages_that_scenarios_can_detect(self, shape: Shape) -> None:
        assert len({sabotage.name for sabotage in shape.sabotages}) == 5
        assert all(sabotage.scenario in CHAPTERS[sabotage.chapter].scenarios for sabotage in shape.sabotages)

    @pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
    def test_the_changes_of_each_shape_fit_the_manifests(self, shape: Shape, tree: Path) -> None:
        shape.change_tree(tree)
        for file in tree.rglob("*.yaml"):
            assert list(yaml.safe_load_all(file.read_text()))

    def test_an_unknown_shape_is_rejected(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit, match="2"):
            main(["--only", "no-such-shape"])
        assert "no-such-shape" in capsys.readouterr().err


class TestTree:
    """The changes of a tree of manifests."""

    def test_other_names_has_the_user_of_the_profile_in_dex(self, tree: Path) -> None:
        other_names.change_tree(tree)
        assert [user["email"] for user in read_dex_configuration(tree)["staticPasswords"]] == [other_names.USER]
        assert f"user={other_names.USER}\n" in (tree / "common/user-namespace/base/params.env").read_text()

    def test_fewer_parts_has_two_connectors_and_neither_katib_nor_kserve(self, tree: Path) -> None:
        fewer_parts.change_tree(tree)
        connectors = read_dex_configuration(tree)["connectors"]
        assert [connector["id"] for connector in connectors] == ["corp", "partners"]
        parts = yaml.safe_load((tree / EXAMPLE).read_text())["resources"]
        assert not [part for part in parts if "katib" in part or "contrib/kserve" in part]

    def test_a_text_that_is_missing_is_an_error(self, tree: Path) -> None:
        with pytest.raises(ValueError, match="does not contain 'no such text'"):
            replace_text(tree, EXAMPLE, ("no such text", ""))
        with pytest.raises(ValueError, match="does not contain"):
            omit(tree, "apps/no-such-part")
