"""The selection of entries of a table on the command line: one by its name, or a part of the table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from lab.config.exit_status import ExitStatus
from lab.errors import LabError

Entry = TypeVar("Entry")


class Named(Protocol):
    """An entry of a table."""

    @property
    def name(self) -> str:
        """The name of the entry, which is unique in the table."""


NamedEntry = TypeVar("NamedEntry", bound=Named)


def add_selection(parser: argparse.ArgumentParser, table: Sequence[Named], noun: str) -> Any:
    """Declare the options --only and --part, which exclude one another.

    Args:
        parser: The parser.
        table: The table.
        noun: The word for an entry, as in "one sabotage".

    Returns:
        The group of the options, to which others that exclude them can be added.
    """
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--only", choices=[entry.name for entry in table], metavar="NAME", help=f"one {noun}")
    group.add_argument("--part", metavar="K/N", help="the Kth part of N")
    return group


def select(
    parser: argparse.ArgumentParser, table: Sequence[NamedEntry], options: argparse.Namespace
) -> Sequence[NamedEntry]:
    """Return the entries that the options of add_selection select; all without an option.

    Args:
        parser: The parser, which ends the program with a usage error if there is no such part.
        table: The table.
        options: The options.
    """
    if options.only:
        return [entry for entry in table if entry.name == options.only]
    try:
        return select_part(table, options.part) if options.part else table
    except LabError as error:
        parser.exit(ExitStatus.USAGE_ERROR, f"{error}\n")


def select_part(table: Sequence[Entry], text: str) -> Sequence[Entry]:
    """Return a part of a table, for example every third entry for 1/3, so that each part covers most chapters.

    Raises:
        LabError: If there is no such part.
    """
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise LabError(
            f"there is no part {text}",
            seen=f"--part {text}",
            remedy="give K/N with K from 1 to N, for example 1/3",
        )
    return table[int(number) - 1 :: int(count)]
