"""Markdown that shows a text unchanged, whatever characters the text contains."""

from __future__ import annotations

import re

SHOWN_AS_CODE = re.compile(r"(https?://[^\s,]*[^\s,.;:]|<[^<>\s][^<>]*>)")
"""URLs, which exist only in the lab and which GitHub would turn into links, and <placeholders>, which it would hide."""
SPECIAL = re.compile(r"([\\`*_\[\]|~<>#])")


def format_prose(text: str) -> str:
    """Return a text as one line, with its special characters escaped."""
    parts = SHOWN_AS_CODE.split(" ".join(text.split()))
    return "".join(format_code(part) if number % 2 else SPECIAL.sub(r"\\\1", part) for number, part in enumerate(parts))


def format_cell(text: str) -> str:
    """Return a value as code in the cell of a table."""
    return format_code(text).replace("|", "\\|") if text.strip() else ""


def format_code(text: str) -> str:
    """Return a span of code."""
    ticks = "`" * (1 + max(map(len, re.findall(r"`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def format_block(text: str, language: str = "text") -> str:
    """Return a code block, whose fence is longer than any fence in the text."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"


def create_anchor(heading: str) -> str:
    """Return the anchor that GitHub creates for a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")
