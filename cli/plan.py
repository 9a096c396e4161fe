"""The command `plan`."""

from __future__ import annotations

import click

from cli.invocation import Invocation, pass_invocation
from embedded.plan_trees import load_tree
from lab.config.exit_status import ExitStatus
from lab.upgrades.plan import make_plan
from pages.plan import format_json, format_markdown, format_text

FORMATS = {"text": format_text, "markdown": format_markdown, "json": format_json}


@click.command()
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.argument("old", metavar="FROM")
@click.argument("new", metavar="TO")
@click.pass_context
@pass_invocation
def plan(invocation: Invocation, ctx: click.Context, old: str, new: str, form: str) -> None:
    """Print what an upgrade from FROM to TO does, without a cluster.

    FROM and TO are releases, directories, archives, or URLs of Git repositories (URL?ref=REF) with Kubeflow's
    manifests. The exit status is 20 if something must be done for the upgrade to succeed.
    """
    trees = [load_tree(location, invocation.create_context) for location in (old, new)]
    found = make_plan(*trees)
    click.echo(FORMATS[form](found))
    if found.blockers:
        ctx.exit(ExitStatus.UPGRADE_BLOCKED)
