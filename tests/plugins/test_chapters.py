"""plugins/chapters.py and plugins/selection.py: which scenarios of a small suite are run, skipped and deselected."""

from __future__ import annotations

import pytest

from tests.conftest import REPOSITORY

MARKERS = ["network", "cluster", "metallb", "ingress", "kubeflow", "docker", "changes", "pinned", "browser"]

FEATURE = """
@{chapter}
Feature: Chapter {chapter}
  Background:
    Given {chapter} is installed

  Scenario: The {chapter} has a name
    Then its name is correct

  @docker
  Scenario: The {chapter} has an address
    Then its address is correct
"""

CONFTEST = """
pytest_plugins = [
    "plugins.options", "plugins.chapters", "plugins.selection", "plugins.failures", "plugins.scenarios"
]
"""

STEPS = """
from pytest_bdd import given, parsers, scenarios, then
from lab.errors import LabError

for number in range(3):
    scenarios(f"features/{{number}}.feature")
BROKEN = {broken!r}

def layer_error(chapter):
    error = LabError("no " + chapter, remedy="run `kubectl get pods`")
    error.layer = chapter
    return error

@given(parsers.parse("{{chapter}} is installed"), target_fixture="chapter")
def install(chapter):
    if BROKEN.get(chapter) == "layer":
        raise layer_error(chapter)
    if BROKEN.get(chapter) == "error":
        raise LabError("no " + chapter)
    return chapter

@then(parsers.parse("its {{property}} is correct"))
def check(chapter, property):
    assert BROKEN.get(chapter, "").split(",")[0] != property, "the assertion"
    if property == "address" and "layer" in BROKEN.get(chapter, ""):
        raise layer_error(chapter)
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite with two scenarios for each of three chapters."""
    pytester.makeini("[pytest]\nstrict = true\nmarkers =\n" + "".join(f"    {name}\n" for name in MARKERS))
    pytester.makeconftest(CONFTEST)
    pytester.mkdir("features")
    for number, chapter in enumerate(("network", "cluster", "metallb")):
        (pytester.path / f"features/{number}.feature").write_text(FEATURE.format(chapter=chapter))
    pytester.syspathinsert(REPOSITORY)
    return pytester


def run(suite: pytest.Pytester, *options: str, **broken: str) -> pytest.RunResult:
    """Run the suite.

    Args:
        suite: The suite.
        options: Options of pytest.
        broken: By chapter, what fails in it: "layer" (it cannot be installed), "error" (another error of the given
            step), "name" or "address" (an assertion of a scenario), or "name, layer" (first one, then the other).
    """
    suite.makepyfile(STEPS.format(broken=broken))
    return suite.runpytest_inprocess("-rs", *options)


def list_skip_reasons(result: pytest.RunResult) -> set[str]:
    """Return the reasons of the skipped scenarios."""
    return {f"chapter {line.partition(': chapter ')[2]}" for line in result.outlines if ": chapter " in line}


def test_all_scenarios_run_if_none_fails(suite: pytest.Pytester) -> None:
    run(suite).assert_outcomes(passed=6)


def test_layer_failure_skips_rest_of_chapter_and_later_chapters(suite: pytest.Pytester) -> None:
    result = run(suite, cluster="layer")
    result.assert_outcomes(passed=2, failed=1, skipped=3)
    assert list_skip_reasons(result) == {'chapter cluster failed in scenario "The cluster has a name"'}
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_error_without_layer_does_not_skip_rest_of_chapter(suite: pytest.Pytester) -> None:
    run(suite, cluster="error").assert_outcomes(passed=2, failed=2, skipped=2)


def test_layer_failure_after_other_failure_is_reported(suite: pytest.Pytester) -> None:
    result = run(suite, network="name, layer")
    result.assert_outcomes(failed=2, skipped=4)
    assert list_skip_reasons(result) == {'chapter network failed in scenario "The network has an address"'}


def test_failed_scenario_skips_only_later_chapters(suite: pytest.Pytester) -> None:
    result = run(suite, network="name")
    result.assert_outcomes(passed=1, failed=1, skipped=4)
    assert list_skip_reasons(result) == {'chapter network failed in scenario "The network has a name"'}


def test_failed_chapter_does_not_skip_earlier_chapters(suite: pytest.Pytester) -> None:
    run(suite, metallb="layer").assert_outcomes(passed=4, failed=1, skipped=1)


def test_first_failed_chapter_is_reported(suite: pytest.Pytester) -> None:
    result = run(suite, network="address", cluster="layer")
    assert list_skip_reasons(result) == {'chapter network failed in scenario "The network has an address"'}


def test_scenario_without_chapter_is_usage_error(suite: pytest.Pytester) -> None:
    feature = suite.path / "features/0.feature"
    feature.write_text(feature.read_text().replace("@network", "@browser"))
    result = run(suite)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_the_network_has_a_name belongs to no chapter: add one of the tags network, *"])


def test_lab_error_is_shown_without_traceback(suite: pytest.Pytester) -> None:
    result = run(suite, "--lab=existing", network="layer")
    result.stdout.fnmatch_lines(["no network", "  what to do: run `kubectl get pods`"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*raise layer_error*")


def test_commands_of_remedy_are_adapted_to_lab(suite: pytest.Pytester) -> None:
    result = run(suite, "--lab=k3d", "--name=other", network="layer")
    result.stdout.fnmatch_lines(["  what to do: run `python -m lab --name other exec -- kubectl get pods`"])


def test_assertion_is_shown_with_traceback(suite: pytest.Pytester) -> None:
    run(suite, network="name").stdout.fnmatch_lines(["E *AssertionError: the assertion", "test_*.py:*: AssertionError"])


def test_existing_cluster_deselects_scenarios_on_docker(suite: pytest.Pytester) -> None:
    result = run(suite, "--lab", "existing")
    result.assert_outcomes(passed=3, deselected=3)
    result.stdout.fnmatch_lines(["deselected, 3: *"])


@pytest.mark.parametrize(
    ("tag", "options", "deselected"),
    [
        ("changes", ("--lab", "existing"), 3),
        ("changes", ("--manifests=.",), 0),
        ("pinned", ("--manifests=.",), 3),
        ("pinned", ("--lab", "existing"), 0),
    ],
)
def test_inapplicable_scenarios_are_deselected(
    tag: str, options: tuple[str, ...], deselected: int, suite: pytest.Pytester
) -> None:
    for feature in (suite.path / "features").iterdir():
        feature.write_text(feature.read_text().replace("@docker", f"@{tag}"))
    run(suite, *options).assert_outcomes(passed=6 - deselected, deselected=deselected)


def test_one_chapter_can_be_selected(suite: pytest.Pytester) -> None:
    run(suite, "-m", "metallb").assert_outcomes(passed=2, deselected=4)
