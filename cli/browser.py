"""The command `browser`."""

from __future__ import annotations

import click

from cli.invocation import Invocation, pass_invocation
from lab.web.chromium_installation import provide_chromium


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": True})
@click.option("--browser", "program", metavar="PATH", help="The program to use, as in a run.")
@click.argument("others", nargs=-1, type=click.UNPROCESSED, metavar="[OPTION]...")
@pass_invocation
def browser(invocation: Invocation, program: str | None, others: tuple[str, ...]) -> None:
    """Print the path of the browser, and install one if there is none.

    Playwright's own is downloaded; where that is not possible, Debian's package is installed. Other options are
    ignored, so that those of a run can be given.
    """
    context = invocation.create_context(browser=program)
    shell = context.create_shell()
    click.echo(provide_chromium(context.settings.browser, shell, lambda command: click.echo(command, err=True)))
