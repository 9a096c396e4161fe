"""lab/run/progress.py: output of long operations."""

from __future__ import annotations

import io
import re
import time

import pytest
from rich.console import Console

from lab.run.progress import Progress


def shown(progress: Progress) -> str:
    """Return the printed text."""
    assert isinstance(progress.console.file, io.StringIO)
    return progress.console.file.getvalue()


@pytest.fixture
def plain() -> Progress:
    """Progress without a terminal, as in CI."""
    return Progress(Console(file=io.StringIO(), force_terminal=False, soft_wrap=True))


@pytest.fixture
def live() -> Progress:
    """Progress on a terminal."""
    return Progress(Console(file=io.StringIO(), force_terminal=True, soft_wrap=True, width=100))


def test_without_a_terminal_lines_are_plain(plain: Progress) -> None:
    with plain.stage("building the image [v1]", 2, 7):
        assert shown(plain) == "[2/7] building the image [v1] …\n"
    assert re.fullmatch(r"\[2/7\] building the image \[v1\]: \d+\.\d s", shown(plain).splitlines()[1])
    assert "\x1b" not in shown(plain)


def test_single_stage_has_no_number(plain: Progress) -> None:
    with plain.stage("building the image"):
        assert shown(plain) == "building the image …\n"


def test_failed_stage_has_no_duration(plain: Progress) -> None:
    with pytest.raises(ZeroDivisionError), plain.stage("building the image"):
        raise ZeroDivisionError
    assert shown(plain) == "building the image …\n"


def test_live_line_is_replaced_by_the_result(live: Progress) -> None:
    with live.stage("building the image", 2, 7):
        pass
    assert "building the image" in shown(live)
    assert shown(live).rstrip().splitlines()[-1].endswith(" s")


def test_labels_are_not_interpreted_as_markup(live: Progress) -> None:
    """The number of a stage is in brackets, and names of modules may have them."""
    with live.stage("building the image [bold]", 2, 7):
        pass
    seen = [line for line in shown(live).splitlines() if "building" in line]
    assert all("[2/7] building the image [bold]" in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line) for line in seen)


def test_notes_are_printed_once_and_kept(plain: Progress) -> None:
    for text in ("the pod [web-1] has ended", "the pod [web-1] has ended", "another note"):
        plain.note(text)
    assert plain.notes == ["the pod [web-1] has ended", "another note"]
    assert shown(plain) == "note: the pod [web-1] has ended\nnote: another note\n"


def test_stages_at_the_same_time_have_a_line_each(live: Progress) -> None:
    with live.stage("building the program"):
        with live.stage("building the image"):
            time.sleep(0.3)  # the display is refreshed ten times a second
        assert {"building the program", "building the image"} <= set(re.findall(r"building the \w+", shown(live)))
    with live.stage("building the chart"):
        pass
    lines = [line for line in shown(live).splitlines() if line.endswith(" s")]
    assert [re.sub(r".*(building the \w+).*", r"\1", line) for line in lines] == [
        "building the image",
        "building the program",
        "building the chart",
    ]
