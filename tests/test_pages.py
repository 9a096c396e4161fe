"""pages/: figures and texts as they are shown, a run's page, and the commands to a job's runner."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.known_failures import Diagnosis
from pages import github, markdown, report, run, words
from pages.run import Failure, Step
from pages.templates import text
from tests import some_run

SHARP = "<i>&\"'</i>"
"""What must be shown as it is."""


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 0 s"), (119.7, "2 min 0 s"), (644, "10 min 44 s")],
)
def test_a_duration(seconds: float, shown: str) -> None:
    assert words.duration(seconds) == shown


@pytest.mark.parametrize(("count", "shown"), [(100_000, "0.1 MB"), (12_340_000, "12.3 MB"), (3_294_000_000, "3.3 GB")])
def test_a_size(count: int, shown: str) -> None:
    assert words.size(count) == shown


def test_counts() -> None:
    assert words.counted({"passed": 3, "failed": 1}) == "3 passed, 1 failed"
    assert words.counted({}) == "nothing was tried"


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("no pod is named <prefix>", "no pod is named `<prefix>`"),
        ("asks for <door>/site at <door>", "asks for `<door>`/site at `<door>`"),
        ("to http://localhost:7080. Everybody", "to `http://localhost:7080`. Everybody"),
        ("a_b *c* [d] #e", "a\\_b \\*c\\* \\[d\\] \\#e"),
        ("two\n  lines", "two lines"),
        ("1 < 2", "1 \\< 2"),
    ],
)
def test_prose_has_no_markup_of_its_own(plain: str, shown: str) -> None:
    assert markdown.prose(plain) == shown


@given(st.text("`|ab \n", min_size=1, max_size=20))
def test_a_block_ends_where_it_ends(block: str) -> None:
    first, *_, last = markdown.fenced(block).split("\n")
    assert first == f"{last}text"
    assert last not in block


@given(st.text("`ab", min_size=1, max_size=20))
def test_a_span_of_code_ends_where_it_ends(span: str) -> None:
    shown = markdown.code(span)
    ticks = re.match("`+", shown.replace(" ", "x", 1) if span.startswith("`") else shown)
    assert ticks is not None
    assert ticks[0] not in re.findall("`+", span)


@pytest.mark.parametrize(("value", "shown"), [("a|b", "`a\\|b`"), ("", ""), ('"8080"', '`"8080"`')])
def test_a_cell(value: str, shown: str) -> None:
    assert markdown.cell(value) == shown


@pytest.mark.parametrize(
    ("heading", "name"),
    [("2. A Kubernetes cluster in k3d", "2-a-kubernetes-cluster-in-k3d"), ("It's <b>: so", "its-b-so")],
)
def test_an_anchor(heading: str, name: str) -> None:
    assert markdown.anchor(heading) == name


@given(st.text(), st.text())
def test_a_command_to_the_runner_is_one_line_and_its_parts_can_be_told_apart(title: str, message: str) -> None:
    told = github.command("error", message, title=title)
    assert "\n" not in told
    assert "\r" not in told
    head, _, rest = told.removeprefix("::error title=").partition("::")
    back = {"%3A": ":", "%2C": ",", "%0A": "\n", "%0D": "\r", "%25": "%"}
    undone = [re.sub("|".join(back), lambda found: back[found[0]], part) for part in (head, rest)]
    assert undone == [title, message]


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    failed = some_run.scenario(
        status="failed", failure=Failure("dark", [Diagnosis("bulb", "burnt", "another", "", "black")], ["bulb.txt"])
    )
    one = some_run.run(chapters=[some_run.chapter(failed)])
    one.save(tmp_path)
    assert run.load(tmp_path) == one


def test_a_folder_without_a_run_has_none(tmp_path: Path) -> None:
    assert run.load(tmp_path) is None


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        (("passed", "passed"), "passed"),
        (("skipped", "failed", "passed"), "failed"),
        (("passed", "skipped"), "skipped"),
        (("skipped", "not tried"), "not tried"),
    ],
)
def test_a_chapter_is_as_the_worst_of_its_scenarios(statuses: tuple[str, ...], status: str) -> None:
    assert some_run.chapter(*(some_run.scenario(status=one) for one in statuses)).status == status


def test_a_page_needs_nothing_else_to_be_read(tmp_path: Path) -> None:
    (tmp_path / "dashboard.png").write_bytes(b"a picture")
    page = report.page(some_run.run(pictures=["dashboard.png"]), tmp_path)
    assert "<script" not in page
    assert "@import" not in page
    assert not re.search(r"""(src|href)=["']?(https?:|//)|url\(""", page)
    assert '<img src="data:image/png;base64,YSBwaWN0dXJl"' in page


def test_a_page_shows_texts_as_they_are(tmp_path: Path) -> None:
    steps = [Step("Given", SHARP, [[SHARP], [SHARP]], "failed"), Step("Then", "light")]
    failure = Failure(SHARP, [Diagnosis(SHARP, SHARP, SHARP, SHARP, SHARP)], ["a b.txt"])
    failed = some_run.scenario(name=SHARP, status="failed", steps=steps, failure=failure, example={"x": SHARP})
    page = report.page(some_run.run(chapters=[some_run.chapter(failed)]), tmp_path)
    assert "<i>" not in page
    assert "&lt;i&gt;&amp;" in page
    assert 'href="a%20b.txt"' in page


def test_a_page_opens_what_failed_and_shows_the_rest_as_not_tried(tmp_path: Path) -> None:
    steps = [Step("Given", "a lamp", status="failed"), Step("Then", "light")]
    failed = some_run.scenario(status="failed", steps=steps, failure=Failure("dark"))
    chapters = [some_run.chapter(failed, some_run.scenario(name="Another"))]
    page = report.page(some_run.run(chapters=chapters, exit_status=1), tmp_path)
    assert page.count("<details open>") == 1
    assert 'class="step not-tried"' in page
    assert page.index("What failed") < page.index("Chapters")


def test_a_page_of_a_green_run_has_nothing_that_failed(tmp_path: Path) -> None:
    page = report.page(some_run.run(), tmp_path)
    assert "What failed" not in page
    assert "<details open>" not in page


def test_a_summary_of_a_run_without_failures_is_a_table(tmp_path: Path) -> None:
    summary = text("summary.md", run=some_run.run())
    assert "| A lamp | 1 passed | 1.0 s |" in summary
    assert "###" not in summary
