"""fixtures/layers.py: chapters stand on one another, shown with small suites that pytest runs."""

from __future__ import annotations

import pytest

from tests.conftest import REPOSITORY

MARKERS = ["network", "cluster", "metallb", "ingress", "docker", "changes", "pinned", "browser"]

FEATURES = """
@{chapter}
Feature: The chapter {chapter}
  Background:
    Given the {chapter}

  Scenario: The {chapter} has a first side
    Then its first side is fine

  @docker
  Scenario: The {chapter} has a second side
    Then its second side is fine
"""

STEPS = """
from pytest_bdd import given, parsers, scenarios, then
from lab.errors import LabError

for number in range(3):
    scenarios(f"features/{{number}}.feature")
BROKEN = {broken!r}

@given(parsers.parse("the {{chapter}}"), target_fixture="chapter")
def chapter(chapter):
    if BROKEN.get(chapter) in ("layer", "page"):
        error = LabError("no " + chapter, remedy="make one")
        error.layer = chapter if BROKEN[chapter] == "layer" else ""
        raise error
    return chapter

@then(parsers.parse("its {{side}} side is fine"))
def fine(chapter, side):
    assert BROKEN.get(chapter, "").split(",")[0] != side, "the finding"
    if side == "second" and "layer" in BROKEN.get(chapter, ""):
        error = LabError("no " + chapter)
        error.layer = chapter
        raise error
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite with two scenarios for each of three chapters, and the plugins."""
    pytester.makeini("[pytest]\nstrict = true\nmarkers =\n" + "".join(f"    {name}\n" for name in MARKERS))
    pytester.mkdir("features")
    for number, chapter in enumerate(("network", "cluster", "metallb")):
        (pytester.path / f"features/{number}.feature").write_text(FEATURES.format(chapter=chapter))
    pytester.syspathinsert(REPOSITORY)
    return pytester


def run(suite: pytest.Pytester, *options: str, **broken: str) -> pytest.RunResult:
    """Runs the suite with some of it broken: a chapter's layer, or its first or second side."""
    suite.makepyfile(STEPS.format(broken=broken))
    plugins = ("fixtures.options", "fixtures.layers", "fixtures.left_out")
    loaded = [argument for plugin in plugins for argument in ("-p", plugin)]
    return suite.runpytest_inprocess(*loaded, "-rs", *options)


def skipped(result: pytest.RunResult) -> list[str]:
    """Why scenarios were skipped."""
    return [line.partition(": not tried: ")[2] for line in result.outlines if ": not tried: " in line]


def test_where_all_is_well_all_is_tried(suite: pytest.Pytester) -> None:
    run(suite).assert_outcomes(passed=6)


def test_a_chapter_whose_layer_cannot_be_had_is_not_tried_further_nor_are_those_above(suite: pytest.Pytester) -> None:
    result = run(suite, cluster="layer")
    result.assert_outcomes(passed=2, failed=1, skipped=3)
    assert set(skipped(result)) == {"the chapter cluster failed in the scenario “The cluster has a first side”"}
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_chapter_is_tried_further_after_an_error_for_people_that_is_not_about_a_layer(suite: pytest.Pytester) -> None:
    run(suite, cluster="page").assert_outcomes(passed=2, failed=2, skipped=2)


def test_a_chapter_whose_layer_is_lost_after_a_failed_scenario_is_not_tried_further(suite: pytest.Pytester) -> None:
    result = run(suite, network="first, then layer")
    result.assert_outcomes(failed=2, skipped=4)
    assert set(skipped(result)) == {"the chapter network failed in the scenario “The network has a second side”"}


def test_a_chapter_with_a_failed_scenario_is_tried_to_its_end_but_not_those_above(suite: pytest.Pytester) -> None:
    result = run(suite, network="first")
    result.assert_outcomes(passed=1, failed=1, skipped=4)
    assert set(skipped(result)) == {"the chapter network failed in the scenario “The network has a first side”"}


def test_a_later_chapter_does_not_keep_an_earlier_one_from_being_tried(suite: pytest.Pytester) -> None:
    run(suite, metallb="layer").assert_outcomes(passed=4, failed=1, skipped=1)


def test_the_first_failure_is_the_one_that_is_named(suite: pytest.Pytester) -> None:
    result = run(suite, network="second", cluster="layer")
    assert set(skipped(result)) == {"the chapter network failed in the scenario “The network has a second side”"}


def test_an_error_for_people_is_shown_without_a_traceback(suite: pytest.Pytester) -> None:
    result = run(suite, network="layer")
    result.stdout.fnmatch_lines(["no network", "  what to do: make one"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*raise LabError*")


def test_a_finding_of_a_step_is_shown_with_its_place(suite: pytest.Pytester) -> None:
    run(suite, network="first").stdout.fnmatch_lines(["*AssertionError: the finding*"])


def test_what_needs_the_lab_s_docker_is_left_out_for_an_existing_cluster(suite: pytest.Pytester) -> None:
    run(suite, "--lab", "existing").assert_outcomes(passed=3, deselected=3)


@pytest.mark.parametrize(
    ("tag", "options", "left_out"),
    [
        ("changes", ("--lab", "existing"), 3),
        ("changes", ("--manifests=.",), 0),
        ("pinned", ("--manifests=.",), 3),
        ("pinned", ("--lab", "existing"), 0),
    ],
)
def test_what_does_not_apply_is_left_out(
    tag: str, options: tuple[str, ...], left_out: int, suite: pytest.Pytester
) -> None:
    for feature in (suite.path / "features").iterdir():
        feature.write_text(feature.read_text().replace("@docker", f"@{tag}"))
    run(suite, *options).assert_outcomes(passed=6 - left_out, deselected=left_out)


def test_a_chapter_alone_can_be_asked_for(suite: pytest.Pytester) -> None:
    run(suite, "-m", "metallb").assert_outcomes(passed=2, deselected=4)
