"""tools/selection: the parts of a table, and one entry by its name."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence

import pytest

from lab.config.exit_status import ExitStatus
from lab.errors import LabError
from tools.sabotage.table import SABOTAGES
from tools.selection import Named, add_selection, select, select_part
from tools.variants.table import VARIANTS, Variant

PARTS = 3


def select_variants(*arguments: str) -> Sequence[Variant]:
    """Return the variants that arguments of the command line select."""
    parser = ArgumentParser()
    add_selection(parser, VARIANTS, "variant")
    return select(parser, VARIANTS, parser.parse_args(arguments))


@pytest.mark.parametrize("table", [SABOTAGES, VARIANTS], ids=["sabotages", "variants"])
def test_parts_cover_the_table_evenly(table: Sequence[Named]) -> None:
    parts = [select_part(table, f"{number}/{PARTS}") for number in range(1, PARTS + 1)]
    names = [entry.name for part in parts for entry in part]
    assert sorted(names) == sorted(entry.name for entry in table)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/", "/3", "a/b", "-1/3", "1/0", "1/3/5"])
def test_rejects_an_unknown_part(text: str) -> None:
    with pytest.raises(LabError, match=f"there is no part {text}"):
        select_part(VARIANTS, text)


def test_selects_all_without_an_option() -> None:
    assert select_variants() == VARIANTS


def test_selects_one_by_its_name() -> None:
    assert [variant.name for variant in select_variants("--only=evicted-pod")] == ["evicted-pod"]


def test_selects_a_part() -> None:
    assert select_variants("--part=2/2")[0] == VARIANTS[1]


def test_name_and_part_exclude_one_another(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        select_variants("--only=evicted-pod", "--part=1/3")
    assert "not allowed with argument" in capsys.readouterr().err


def test_an_unknown_part_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        select_variants("--part=4/3")
    assert caught.value.code == ExitStatus.USAGE_ERROR
    assert "there is no part 4/3" in capsys.readouterr().err
