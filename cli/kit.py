"""The command `kit`."""

from __future__ import annotations

import click

from cli.invocation import Invocation, pass_invocation
from embedded.kit import is_built, print_inventory


@click.command()
@click.option("--release", help="the Kubeflow release whose kit is meant")
@click.option("--check", is_flag=True, help="build nothing; exit with 1 unless the whole kit is built")
@click.argument("items", nargs=-1, metavar="[KIND/NAME]...")
@click.pass_context
@pass_invocation
def kit(invocation: Invocation, ctx: click.Context, release: str | None, check: bool, items: tuple[str, ...]) -> None:
    """Print the inventory of a kit, after building missing items.

    The kit is everything that an embedded lab is made of. Without arguments, all missing items are built. Items that
    releases have in common are built once. A second table lists the images of Kubeflow's components in the kit: real
    ones, near ones with their version, and stand-ins.
    """
    context = invocation.create_context(release=release)
    if not check:
        print_inventory(context, items)
        return
    built = is_built(context)
    click.echo(f"the kit of Kubeflow {context.settings.release} is {'' if built else 'not '}built completely")
    ctx.exit(0 if built else 1)
