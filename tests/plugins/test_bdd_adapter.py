"""plugins/bdd_adapter.py: the internals of pytest-bdd are those of the verified version."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from plugins import bdd_adapter
from tests.conftest import REPOSITORY

FEATURE = """
Feature: Pods
  Scenario: One pod
    Given the pod nginx

  Scenario Outline: The pod <name>
    Given the pod <name>

    Examples:
      | name     |
      | database |
"""
CONFTEST = """
from plugins.bdd_adapter import find_scenario, get_example

def pytest_collection_finish(session):
    for item in session.items:
        found = find_scenario(item)
        texts = [found[0].name, found[1].name, *(step.name for step in found[1].steps)] if found else ["no scenario"]
        print("found:", *texts, get_example(item), sep=" | ")
"""
TESTS = """
from pytest_bdd import given, parsers, scenarios

scenarios("pods.feature")

@given(parsers.parse("the pod {name}"))
def create(name):
    pass

def test_without_feature():
    pass
"""


def test_installed_version_is_verified_version() -> None:
    assert version("pytest-bdd") == bdd_adapter.VERIFIED_VERSION, (
        "after an upgrade of pytest-bdd, check the internals that plugins/bdd_adapter.py uses, and set VERIFIED_VERSION"
    )


def test_scenarios_and_examples_are_found(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TESTS)
    (pytester.path / "pods.feature").write_text(FEATURE)
    pytester.syspathinsert(REPOSITORY)
    result = pytester.runpytest_subprocess("-s")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines_random(
        [
            "found: | Pods | One pod | the pod nginx | {}",
            "found: | Pods | The pod database | the pod database | {'name': 'database'}",
            "found: | no scenario | {}",
        ]
    )
