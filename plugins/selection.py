"""Deselects the scenarios that do not apply to a run, and reports how many and why."""

from __future__ import annotations

import pytest

from lab.config.selection import list_rows, reason_to_deselect
from plugins import bdd_adapter
from plugins.run_state import run_state


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat the rows of Examples tables for the entry points of this run."""
    settings = run_state(metafunc.config).context.settings
    bdd_adapter.replace_examples(metafunc, lambda rows: list_rows(rows, settings))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the scenarios that do not apply to this lab, these manifests or this release."""
    state = run_state(config)
    selected = []
    for item in items:
        tags = {mark.name for mark in item.iter_markers()}
        example = bdd_adapter.get_example(item)
        if reason := reason_to_deselect(tags, example, state.context.settings, state.context.release):
            state.inapplicable.setdefault(reason, []).append(item)
        else:
            selected.append(item)
    items[:] = selected
    config.hook.pytest_deselected(items=[item for deselected in state.inapplicable.values() for item in deselected])


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Report the deselected scenarios by reason, with the Examples rows of outlines."""
    lines = []
    for reason, items in run_state(config).inapplicable.items():
        rows = dict.fromkeys(", ".join(bdd_adapter.get_example(item).values()) for item in items)
        examples = "; ".join(filter(None, rows))
        lines.append(f"deselected, {len(items)}: {reason}" + (f" ({examples})" if examples else ""))
    return lines
