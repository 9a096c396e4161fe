"""The options of a run, and the run state that is created from them."""

from __future__ import annotations

from datetime import datetime

import pytest

from lab.config import loading
from lab.context import RunContext
from lab.errors import LabError
from lab.preflight.entry_points import follow_https_redirects
from plugins.run_state import RUN_STATE, RunState


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare one option for each setting."""
    loading.add_options(parser.getgroup("lab", "the lab").addoption)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Create the run state, before any other plugin needs it and before anything is collected or changed.

    Raises:
        pytest.UsageError: If an option is invalid.
    """
    try:
        context = RunContext.create({name: config.getoption(name) for name in loading.list_options()})
    except LabError as error:
        raise pytest.UsageError(str(error)) from None
    if context.settings.url and not config.option.collectonly:
        context = follow_https_redirects(context)
    directory = config.rootpath / "reports" / datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    config.stash[RUN_STATE] = RunState(context, directory)
