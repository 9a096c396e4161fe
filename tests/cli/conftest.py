"""Fixtures for the tests of the command line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from cli.main import main

RunCli = Callable[..., Result]


@pytest.fixture
def run_cli() -> RunCli:
    """A function that runs a command of the command line in this process, and returns its exit status and output."""
    return lambda *arguments: CliRunner().invoke(main, arguments)
