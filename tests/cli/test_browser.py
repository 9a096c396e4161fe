"""cli/browser.py: the command `browser`."""

from __future__ import annotations

from click.testing import CliRunner

from cli.main import main
from tests.conftest import WriteProgram


def test_browser_of_a_run_is_printed(write_program: WriteProgram) -> None:
    program = write_program("chrome", "echo Google Chrome 140.0")
    options = ["-m", "login or resources", "--lab", "k3d", f"--browser={program}", "--maxfail=1"]
    result = CliRunner().invoke(main, ["browser", *options])
    assert (result.exit_code, result.output) == (0, f"{program}\n")


def test_browser_that_cannot_be_used_is_an_error() -> None:
    result = CliRunner().invoke(main, ["browser", "--browser", "/does/not/exist"])
    assert result.exit_code == 1
    assert "/does/not/exist cannot be the browser" in result.output
