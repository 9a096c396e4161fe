"""Access to internals of pytest-bdd: the scenario behind a test, and its row of the Examples table.

pytest-bdd has no public way from a collected test to its scenario. It marks the registry of templates as internal, and
the name of the parameter with the Examples row may change, too. Only this module uses them, and
tests/plugins/test_bdd_adapter.py verifies them against the version of pytest-bdd in uv.lock.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_bdd.parser import Feature, Scenario, ScenarioTemplate
from pytest_bdd.scenario import scenario_wrapper_template_registry

VERIFIED_VERSION = "9.0.1"
"""The version of pytest-bdd that this module was verified with."""
EXAMPLE_PARAMETER = "_pytest_bdd_example"


def find_scenario(item: pytest.Item) -> tuple[Feature, Scenario] | None:
    """Return the feature and the scenario of a test, with the values of its Examples row, or None if it has none."""
    if not isinstance(item, pytest.Function):
        return None
    template: ScenarioTemplate | None = scenario_wrapper_template_registry.get(item.function)
    return (template.feature, template.render(get_example(item))) if template else None


def replace_examples(
    metafunc: pytest.Metafunc, replace: Callable[[list[dict[str, str]]], list[dict[str, str]]]
) -> None:
    """Replace the rows of the Examples tables of a scenario, before pytest creates a test for each of them.

    Args:
        metafunc: The function of the scenario.
        replace: Returns the new rows for the rows of the feature.
    """
    marks = metafunc.definition.own_markers
    for position, mark in enumerate(marks):
        if mark.name == "parametrize" and mark.args[0] == EXAMPLE_PARAMETER:
            rows = replace([dict(row.values[0]) for row in mark.args[1]])
            parameters = [pytest.param(row, id="-".join(row.values())) for row in rows]
            marks[position] = pytest.mark.parametrize(EXAMPLE_PARAMETER, parameters).mark


def get_example(item: pytest.Item) -> dict[str, str]:
    """Return the Examples row of a test, by column; empty if it has none."""
    callspec = getattr(item, "callspec", None)
    return dict(callspec.params.get(EXAMPLE_PARAMETER, {})) if callspec else {}
