"""lab/progress.py: how long work shows itself."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from lab.progress import Progress


def shown(work: Progress) -> str:
    """What a person sees."""
    assert isinstance(work.console.file, io.StringIO)
    return work.console.file.getvalue()


@pytest.fixture
def plain() -> Progress:
    """Where no terminal is, as in CI."""
    return Progress(Console(file=io.StringIO(), force_terminal=False, soft_wrap=True))


@pytest.fixture
def live() -> Progress:
    """On a terminal."""
    return Progress(Console(file=io.StringIO(), force_terminal=True, soft_wrap=True, width=100))


def test_without_a_terminal_begin_and_end_are_plain_lines(plain: Progress) -> None:
    with plain.stage("building the lamp [v1]", 2, 7):
        assert shown(plain) == "[2/7] building the lamp [v1] …\n"
    assert re.fullmatch(r"\[2/7\] building the lamp \[v1\]: \d+\.\d s", shown(plain).splitlines()[1])
    assert "\x1b" not in shown(plain)


def test_the_only_stage_has_no_number(plain: Progress) -> None:
    with plain.stage("building the lamp"):
        assert shown(plain) == "building the lamp …\n"


def test_work_that_fails_is_not_said_to_be_done(plain: Progress) -> None:
    with pytest.raises(ZeroDivisionError), plain.stage("building the lamp"):
        raise ZeroDivisionError
    assert shown(plain) == "building the lamp …\n"


def test_on_a_terminal_a_line_is_alive_and_gives_way_to_the_result(live: Progress) -> None:
    with live.stage("building the lamp", 2, 7):
        pass
    assert "building the lamp" in shown(live)
    assert shown(live).rstrip().splitlines()[-1].endswith(" s")


def test_a_label_is_shown_as_it_is_on_a_terminal(live: Progress) -> None:
    """Brackets are no markup: the number of a stage stands in them, and names of modules may."""
    with live.stage("building the lamp [bold]", 2, 7):
        pass
    seen = [line for line in shown(live).splitlines() if "building" in line]
    assert all("[2/7] building the lamp [bold]" in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line) for line in seen)
