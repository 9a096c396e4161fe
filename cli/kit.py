"""The command `kit`."""

from __future__ import annotations

import click

from cli.invocation import Invocation, pass_invocation
from embedded.kit import print_inventory


@click.command()
@click.option("--release", help="the Kubeflow release whose kit is meant")
@click.argument("items", nargs=-1, metavar="[KIND/NAME]...")
@pass_invocation
def kit(invocation: Invocation, release: str | None, items: tuple[str, ...]) -> None:
    """Print the inventory of a kit, after building missing items.

    The kit is everything that an embedded lab is made of. Without arguments, all missing items are built. Items that
    releases have in common are built once. A second table lists the images of Kubeflow's components in the kit: real
    ones, near ones with their version, and stand-ins.
    """
    print_inventory(invocation.create_context(release=release), items)
