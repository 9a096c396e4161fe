"""The command line `kubeflow-lab`, or `python -m lab`."""

from __future__ import annotations

import click

from cli import lab
from cli.browser import browser
from cli.clean import clean
from cli.invocation import CommandGroup, Invocation
from cli.kit import kit
from cli.password import password
from cli.plan import plan
from cli.preflight import preflight
from cli.releases import releases
from lab.config.paths import NAME_VARIABLE


@click.group(cls=CommandGroup, context_settings={"max_content_width": 120})
@click.option("--name", help=f"Name of the lab, if there are several; the default is that in {NAME_VARIABLE}.")
@click.pass_context
def main(ctx: click.Context, name: str | None) -> None:
    """Use, inspect and remove the Kubeflow lab. `pytest`, or `make lab`, installs and verifies it."""
    ctx.obj = Invocation(name)


for command in (lab.status, lab.execute, lab.shell, lab.down, clean, preflight, password, browser, kit, plan, releases):
    main.add_command(command)
