"""The command `kit`."""

from __future__ import annotations

import click

from cli.invocation import Invocation, pass_invocation
from embedded.kit import print_inventory


@click.command()
@click.argument("items", nargs=-1, metavar="[KIND/NAME]...")
@pass_invocation
def kit(invocation: Invocation, items: tuple[str, ...]) -> None:
    """Print the inventory of the kit, after building missing items.

    The kit is everything that an embedded lab is made of. Without arguments, all missing items are built.
    """
    print_inventory(invocation.create_context(), items)
