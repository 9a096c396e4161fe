"""Writes the reports of a run into reports/latest: its facts, a page for users, and files for CI systems."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from datetime import datetime, timedelta

import psutil
import pytest

from embedded.lab import load_inventory
from lab.config.exit_status import ExitStatus
from lab.config.loading import is_secret
from lab.run import state as lab_state
from pages import report
from pages.run import Applied, Command, Run, Wait
from plugins.exit_status import DESCRIPTIONS
from plugins.run_state import RunState, run_state

COMMANDS = "commands.json"
MAX_WAITS = 10


def pytest_configure(config: pytest.Config) -> None:
    """Create the directory of the run, where pytest and pytest-bdd write the files that CI systems read."""
    directory = run_state(config).directory
    directory.mkdir(parents=True, exist_ok=True)
    config.option.xmlpath = config.option.xmlpath or str(directory / "junit.xml")
    config.option.cucumber_json_path = config.option.cucumber_json_path or str(directory / "cucumber.json")


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Make the directory of the run the latest one, unless the preflight checks have failed before."""
    if not session.config.option.collectonly:
        directory = run_state(session.config).directory
        latest = directory.parent / "latest"
        latest.unlink(missing_ok=True)
        latest.symlink_to(directory.name)
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the reports of a run that has started a scenario, after fixtures have left their files."""
    state = run_state(session.config)
    if not state.has_started or session.exitstatus not in DESCRIPTIONS:
        return
    facts = _collect_facts(state, ExitStatus(session.exitstatus))
    state.facts = facts
    facts.save(state.directory)
    (state.directory / COMMANDS).write_text(json.dumps([command.model_dump() for command in facts.commands], indent=1))
    (state.directory / report.FILE).write_text(report.render(facts, state.directory))


def _collect_facts(state: RunState, status: ExitStatus) -> Run:
    context, journal, lab = state.context, state.context.journal, state.lab
    age = time.time() - psutil.Process().create_time()
    end = time.monotonic()
    begin = end - age
    rehearsal = lab.rehearsal if lab else None
    memory = lab.memory if lab else None
    entries = sorted(journal.entries, key=lambda entry: entry.begin)
    return Run(
        result=DESCRIPTIONS[status],
        exit_status=status,
        began=datetime.now().astimezone() - timedelta(seconds=age),
        lab=context.settings.lab,
        release=context.settings.release,
        settings={
            name: str(getattr(context.settings, name))
            for name in type(context.settings).model_fields
            if not is_secret(name)
        },
        seconds=end - begin,
        own_seconds=end - begin - journal.busy_seconds(begin, end),
        deselected=state.deselected,
        inapplicable=sum(map(len, state.inapplicable.values())),
        chapters=list(state.chapters.values()),
        layers=state.ledger.rows,
        waits=[Wait(waiting_for=wait.text, seconds=wait.seconds) for wait in journal.slowest("wait", MAX_WAITS)],
        commands=[
            Command(command=entry.text, layer=entry.layer, begin=entry.begin - begin, seconds=entry.seconds)
            for entry in entries
            if entry.kind == "program"
        ],
        applied=[Applied(objects=entry.text, layer=entry.layer) for entry in entries if entry.kind == "objects"],
        notes=context.progress.notes,
        stand_ins=lab.stand_ins if lab else [],
        changes=list(rehearsal.changes) if rehearsal else [],
        containers=list(rehearsal.containers) if rehearsal and rehearsal.changes else [],
        components=list(state.comparisons.values()),
        inventory=load_inventory(context.paths) if context.settings.lab == "embedded" else [],
        memory=memory.peaks if memory else None,
        pictures=sorted(picture.name for picture in state.directory.glob("*.png")),
        afterwards=_describe_lab_afterwards(state, status),
    )


def _describe_lab_afterwards(state: RunState, status: ExitStatus) -> str:
    """Return whether the lab still exists; empty if there was none, or if it is not the suite's own."""
    if state.lab is None or not state.lab.settings.kind.is_installed:
        return ""
    name = state.lab.settings.name
    command = f"python -m lab --name {name}" if name else "python -m lab"
    if lab_state.load(state.context.paths):
        return f"the lab is kept: `{command} status` describes it, `{command} down` removes it"
    if status == ExitStatus.PASSED:
        return "the lab was removed"
    return "the lab was removed; run again with `--keep-lab` to keep it for inspection"
