"""The command `releases`."""

from __future__ import annotations

import json

import click

from lab import releases as releases_module


@click.command()
@click.argument("names", nargs=-1, metavar="[RELEASE]...")
def releases(names: tuple[str, ...]) -> None:
    """Print releases and their tool versions for CI, as JSON.

    Without arguments, all supported releases are printed.
    """
    rows = [
        {"release": name, **releases_module.load(name).ci_tools.model_dump()}
        for name in names or releases_module.list_names()
    ]
    click.echo(json.dumps(rows))
