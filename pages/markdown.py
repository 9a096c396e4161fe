"""Texts in Markdown that show what they say, whatever characters they have in them."""

from __future__ import annotations

import re

PLAIN_AND_CODE = re.compile(r"(https?://[^\s,]*[^\s,.;:]|<[^<>\s][^<>]*>)")
"""What is shown as code: a forge would make a link of an address that is the lab's alone, and nothing of a <name>."""
SPECIAL = re.compile(r"([\\`*_\[\]|~<>#])")


def prose(text: str) -> str:
    """A text without any markup of its own, on one line."""
    parts = PLAIN_AND_CODE.split(" ".join(text.split()))
    return "".join(code(part) if number % 2 else SPECIAL.sub(r"\\\1", part) for number, part in enumerate(parts))


def cell(text: str) -> str:
    """A cell of a table that shows a value as it is."""
    return code(text).replace("|", "\\|") if text.strip() else ""


def code(text: str) -> str:
    """A span of code."""
    ticks = "`" * (1 + max(map(len, re.findall(r"`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def fenced(text: str, language: str = "text") -> str:
    """A block that shows a text as it is, also one with fences in it."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"


def anchor(heading: str) -> str:
    """The name by which forges link to a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")
