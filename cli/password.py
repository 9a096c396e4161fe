"""The command `password`."""

from __future__ import annotations

import getpass

import click

from lab.errors import LabError
from lab.run.redaction import Secrets
from lab.web.passwords import hash_password


@click.command()
def password() -> None:
    """Hash a password for Dex's configuration.

    The command asks for the password twice, and prints a bcrypt hash of it. It needs no lab.
    """
    first, second = getpass.getpass("Password: "), getpass.getpass("Repeat the password: ")
    if first != second:
        raise LabError("the two passwords differ", remedy="run the command again")
    click.echo(hash_password(first, Secrets()))
