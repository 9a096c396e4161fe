"""Whether a run of the features was green with a variant, and whether its reports are intact."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from lab.run.redaction import MASK
from pages import run as run_facts
from tools.features import Outcome

JUNIT, CUCUMBER = "junit.xml", "cucumber.json"
NAMES = ("id", "keyword", "name", "uri")
"""The fields of cucumber.json that name features, scenarios and steps."""
TEST_PREFIX = "steps/test_"
"""The beginning of each node ID of a scenario."""


def explain_red(outcome: Outcome) -> str:
    """Return why a run was not green; empty if it was, and if its reports are intact."""
    if outcome.failed:
        tests = [failed.test or "outside of scenarios" for failed in outcome.failed]
        return f"failed: {', '.join(tests)}"
    if not outcome.passed:
        return "no scenario passed"
    return find_damage(outcome.directory)


def explain_damage_after_failure(outcome: Outcome) -> str:
    """Return how the reports of a run that must fail are damaged, or that it has not failed; empty if all is right."""
    return find_damage(outcome.directory) if outcome.failed else "the run that must fail was green"


def find_damage(directory: Path | None) -> str:
    """Return how the reports in the directory of a run are damaged; empty if programs can read all of them.

    A secret that is redacted in the middle of words would damage the syntax, or the names of tests.
    """
    return next(_list_damages(directory), "") if directory else "the run has written no reports"


def _list_damages(directory: Path) -> Iterator[str]:
    try:
        junit = ElementTree.parse(directory / JUNIT).getroot()  # noqa: S314 - pytest has written it
        cucumber = json.loads((directory / CUCUMBER).read_text())
    except (OSError, ElementTree.ParseError, json.JSONDecodeError) as error:
        yield f"a report cannot be read: {error}"
        return
    cases = list(junit.iter("testcase"))
    if not cases:
        yield f"{JUNIT} has no testcase"
    for case in cases:
        yield from _list_masked(JUNIT, case.get("classname", ""), case.get("name", ""))
    for value in _iterate_names(cucumber):
        yield from _list_masked(CUCUMBER, value)
    facts = run_facts.load(directory)
    if facts is None:
        yield f"{run_facts.FILE} cannot be read"
        return
    for scenario in facts.scenarios:
        if not scenario.test.startswith(TEST_PREFIX):
            yield f"{run_facts.FILE} has a test {scenario.test!r}"
        yield from _list_masked(run_facts.FILE, scenario.test, scenario.name, scenario.file)


def _iterate_names(value: Any) -> Iterator[str]:
    """Yield the names in a value of cucumber.json."""
    if isinstance(value, dict):
        yield from (str(value[key]) for key in NAMES if key in value)
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _iterate_names(child)


def _list_masked(file: str, *names: str) -> Iterator[str]:
    yield from (f"a name in {file} is redacted: {name}" for name in names if MASK in name)
