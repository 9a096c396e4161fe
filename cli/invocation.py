"""One call of the command line, and how its errors are printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click

from lab.context import RunContext
from lab.errors import LabError


@dataclass
class Invocation:
    """One call of the command line.

    Args:
        name: The value of the global option --name; None if it is not given.
        context: The context, once the command has created it.
    """

    name: str | None = None
    context: RunContext | None = None

    def create_context(self, **options: Any) -> RunContext:
        """Return the context of this call.

        Args:
            options: The command's own options by the name of their setting; None where an option is not given.

        Raises:
            LabError: If a setting is invalid.
        """
        given = {name: value for name, value in options.items() if value is not None}
        self.context = RunContext.create({"name": self.name, **given})
        return self.context

    def render(self, text: str) -> str:
        """Return a text whose commands work in the kind of lab that this call is about."""
        return self.context.render_commands(text) if self.context else text


pass_invocation = click.make_pass_decorator(Invocation)


class CommandGroup(click.Group):
    """Commands whose errors are printed for a user, without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they were added."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit with status 1 and print the error if it raises a LabError."""
        try:
            return super().invoke(ctx)
        except LabError as error:
            invocation = ctx.find_object(Invocation) or Invocation()
            click.echo(invocation.render(str(error)), err=True)
            ctx.exit(1)
