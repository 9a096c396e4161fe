"""The command `preflight`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from cli.invocation import Invocation, pass_invocation
from embedded.lab import check_kit
from embedded.tools import list_kit_tools
from lab.config import loading
from lab.config.exit_status import ExitStatus
from lab.preflight import checks
from lab.preflight.findings import format_findings, has_errors
from lab.preflight.permissions import CREATES


def create_options() -> list[click.Parameter]:
    """Return one option for each setting of a run."""
    options: list[click.Parameter] = []

    def add(name: str, *, help: str, choices: Sequence[str] = (), action: str = "", default: object = None) -> None:
        value_type = click.Choice(choices) if choices else click.STRING
        is_flag, is_repeatable = action == "store_true", action == "append"
        options.append(
            click.Option(
                [name],
                help=help,
                is_flag=is_flag,
                multiple=is_repeatable,
                type=None if is_flag else value_type,
                default=default,
            )
        )

    loading.add_options(add)
    return options


@click.command(params=create_options())
@click.pass_context
@pass_invocation
def preflight(invocation: Invocation, ctx: click.Context, /, **options: Any) -> None:
    """Check that a run with these options can succeed.

    Nothing is changed. The exit status is 10 if there are problems that prevent the run.
    """
    context = invocation.create_context(**options)
    extra_check = partial(check_kit, context) if context.settings.lab == "embedded" else None
    tags = [tag for tag in checks.ALL_TAGS if tag != CREATES or not context.settings.read_only]
    findings = checks.run_checks(context, tags, extra_check, kit_tools=list_kit_tools(context))
    if findings:
        click.echo(context.render_commands(format_findings(findings)))
    if has_errors(findings):
        ctx.exit(ExitStatus.PREFLIGHT_FAILED)
    click.echo("\npreflight passed" if findings else "preflight passed")
