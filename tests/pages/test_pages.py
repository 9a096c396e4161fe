"""pages/: numbers and texts as they are shown, the report of a run, its facts, and workflow commands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.evidence.known_failures import Diagnosis
from lab.host.memory import MemoryPeaks
from lab.layers.base import LedgerRow
from pages import github, markdown, report, run, words
from pages.run import Failure, Step
from pages.templates import render
from tests import some_run
from tests.conftest import MakeContext

SPECIAL = "<i>&\"'</i>"
"""Characters that must be shown unchanged."""


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 0 s"), (119.7, "2 min 0 s"), (644, "10 min 44 s")],
)
def test_duration(seconds: float, shown: str) -> None:
    assert words.format_duration(seconds) == shown


@pytest.mark.parametrize(("count", "shown"), [(100_000, "0.1 MB"), (12_340_000, "12.3 MB"), (3_294_000_000, "3.3 GB")])
def test_size(count: int, shown: str) -> None:
    assert words.format_size(count) == shown


def test_memory_tells_what_each_number_includes() -> None:
    shown = words.format_memory(MemoryPeaks(lab=3_300_000_000, lab_with_cache=5 * 2**30, suite=2**29))
    assert shown == (
        "peak memory of the lab: 3.1 GiB (5.0 GiB with its page cache); of the suite with its browser: 0.5 GiB"
    )


def test_report_shows_memory_of_a_lab_of_the_suite(tmp_path: Path) -> None:
    memory = MemoryPeaks(lab=3_300_000_000, lab_with_cache=5 * 2**30, suite=2**29)
    assert "<dd>3.1 GiB (5.0 GiB with its page cache)</dd>" in report.render(some_run.run(memory=memory), tmp_path)
    assert "peak memory" not in report.render(some_run.run(), tmp_path)


def test_counts() -> None:
    assert words.format_counts({"passed": 3, "failed": 1}) == "3 passed, 1 failed"
    assert words.format_counts({}) == "no scenarios"


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("no pod is named <prefix>", "no pod is named `<prefix>`"),
        ("requests <entry_point>/site at <entry_point>", "requests `<entry_point>`/site at `<entry_point>`"),
        ("to http://localhost:7080. All users", "to `http://localhost:7080`. All users"),
        ("a_b *c* [d] #e", "a\\_b \\*c\\* \\[d\\] \\#e"),
        ("two\n  lines", "two lines"),
        ("1 < 2", "1 \\< 2"),
    ],
)
def test_prose_has_no_markup(plain: str, shown: str) -> None:
    assert markdown.format_prose(plain) == shown


@given(st.text("`|ab \n", min_size=1, max_size=20))
def test_text_does_not_end_code_block(block: str) -> None:
    first, *_, last = markdown.format_block(block).split("\n")
    assert first == f"{last}text"
    assert last not in block


@given(st.text("`ab", min_size=1, max_size=20))
def test_text_does_not_end_code_span(span: str) -> None:
    shown = markdown.format_code(span)
    ticks = re.match("`+", shown.replace(" ", "x", 1) if span.startswith("`") else shown)
    assert ticks is not None
    assert ticks[0] not in re.findall("`+", span)


@pytest.mark.parametrize(("value", "shown"), [("a|b", "`a\\|b`"), ("", ""), ('"8080"', '`"8080"`')])
def test_cell(value: str, shown: str) -> None:
    assert markdown.format_cell(value) == shown


@pytest.mark.parametrize(
    ("heading", "name"),
    [("2. A Kubernetes cluster in k3d", "2-a-kubernetes-cluster-in-k3d"), ("It's <b>: so", "its-b-so")],
)
def test_anchor(heading: str, name: str) -> None:
    assert markdown.create_anchor(heading) == name


@given(st.text(), st.text())
def test_workflow_command_is_one_line_and_reversible(title: str, message: str) -> None:
    command = github.format_command("error", message, title=title)
    assert "\n" not in command
    assert "\r" not in command
    head, _, rest = command.removeprefix("::error title=").partition("::")
    characters = {"%3A": ":", "%2C": ",", "%0A": "\n", "%0D": "\r", "%25": "%"}
    decoded = [re.sub("|".join(characters), lambda found: characters[found[0]], part) for part in (head, rest)]
    assert decoded == [title, message]


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("false", False), (None, False)])
def test_job_is_recognized_by_environment(value: str | None, expected: bool, make_context: MakeContext) -> None:
    assert github.is_job(make_context({"GITHUB_ACTIONS": value or ""})) is expected


def test_summary_is_redacted(tmp_path: Path, make_context: MakeContext) -> None:
    context = make_context({"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")})
    context.secrets.add("secret-text")
    failed = some_run.scenario(status="failed", failure=Failure("404, with secret-text"))
    github.add_summary(some_run.run(chapters=[some_run.chapter(failed)]), context)
    summary = (tmp_path / "summary.md").read_text()
    assert "404, with ********" in summary


def test_saved_run_can_be_loaded(tmp_path: Path) -> None:
    diagnosis = Diagnosis("no-image", "the image is missing", "build it", "", "ErrImagePull")
    failure = Failure("no page", [diagnosis], ["events.txt"], "LabError", "no page", "404", "read the log")
    failed = some_run.scenario(status="failed", failure=failure)
    facts = some_run.run(chapters=[some_run.chapter(failed)])
    facts.save(tmp_path)
    assert run.load(tmp_path) == facts


def test_directory_without_run_has_no_facts(tmp_path: Path) -> None:
    assert run.load(tmp_path) is None


@pytest.mark.parametrize("content", [None, '{"left_out": 3}'])
def test_facts_that_are_missing_or_of_another_version_are_ignored(content: str | None, tmp_path: Path) -> None:
    if content:
        (tmp_path / run.FILE).write_text(content)
    assert run.load(tmp_path) is None


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        (("passed", "passed"), "passed"),
        (("skipped", "failed", "passed"), "failed"),
        (("passed", "skipped"), "skipped"),
        (("skipped", "not run"), "not run"),
    ],
)
def test_chapter_has_worst_status_of_scenarios(statuses: tuple[str, ...], status: str) -> None:
    assert some_run.chapter(*(some_run.scenario(status=status) for status in statuses)).status == status


def test_report_loads_no_other_files(tmp_path: Path) -> None:
    (tmp_path / "dashboard.png").write_bytes(b"a picture")
    page = report.render(some_run.run(pictures=["dashboard.png"]), tmp_path)
    assert "<script" not in page
    assert "@import" not in page
    assert not re.search(r"""(src|href)=["']?(https?:|//)|url\(""", page)
    assert '<img src="data:image/png;base64,YSBwaWN0dXJl"' in page


def test_report_escapes_texts(tmp_path: Path) -> None:
    steps = [Step("Given", SPECIAL, [[SPECIAL], [SPECIAL]], "failed"), Step("Then", "its page is complete")]
    failure = Failure(SPECIAL, [Diagnosis(SPECIAL, SPECIAL, SPECIAL, SPECIAL, SPECIAL)], ["a b.txt"])
    failed = some_run.scenario(name=SPECIAL, status="failed", steps=steps, failure=failure, example={"x": SPECIAL})
    page = report.render(some_run.run(chapters=[some_run.chapter(failed)]), tmp_path)
    assert "<i>" not in page
    assert "&lt;i&gt;&amp;" in page
    assert 'href="a%20b.txt"' in page


def test_report_expands_only_failed_scenarios(tmp_path: Path) -> None:
    steps = [Step("Given", "nginx", status="failed"), Step("Then", "its page is complete")]
    failed = some_run.scenario(status="failed", steps=steps, failure=Failure("404"))
    chapters = [some_run.chapter(failed, some_run.scenario(name="Another"))]
    page = report.render(some_run.run(chapters=chapters, exit_status=1), tmp_path)
    assert page.count("<details open>") == 1
    assert 'class="step not-run"' in page
    assert page.index("<h2>Failures") < page.index("<h2>Chapters")


@pytest.mark.parametrize(
    ("status", "color"),
    [
        ("installed", "passed"),
        ("found", "passed"),
        ("misconfigured", "failed"),
        ("failed", "failed"),
        ("cancelled", "skipped"),
    ],
)
def test_report_shows_status_of_layers(status: Any, color: str, tmp_path: Path) -> None:
    page = report.render(some_run.run(layers=[LedgerRow("nginx", status)]), tmp_path)
    assert f'<span class="chip {color}">{status}</span>' in page


@pytest.mark.parametrize("is_current", [True, False])
def test_report_shows_inventory(is_current: bool, tmp_path: Path) -> None:
    """The inventory of a kit that an earlier version has built does not name stand-ins."""
    item = {"kind": "images", "name": "mysql", "version": "8", "origin": "", "bytes": 1, "sha256": "0" * 64}
    stand_in = {"component": "mysql", "implemented_by": "sqlite"} if is_current else {}
    page = report.render(some_run.run(inventory=[item | stand_in]), tmp_path)
    assert "images/mysql" in page
    assert ("mysql (implemented by sqlite)" in page) is is_current


def test_report_of_passed_run_has_no_failures(tmp_path: Path) -> None:
    page = report.render(some_run.run(), tmp_path)
    assert "<h2>Failures" not in page
    assert "<details open>" not in page


def test_summary_of_passed_run_is_table() -> None:
    summary = render("summary.md", run=some_run.run())
    assert "| The nginx site | 1 passed | 1.0 s |" in summary
    assert "###" not in summary
