"""Changes of the values in JSON, XML and HTML documents, which stay well-formed and keep their keys, tags and layout.

A document is not written again from its parsed form: everything except the changed values stays as it is, to the byte.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from xml.parsers import expat

Rewrite = Callable[[str, bool], str]
"""A function that returns the new text of a value; the second argument is whether the value is a name (NAMES)."""

NAMES = frozenset(
    {
        "class",
        "classname",
        "example",
        "file",
        "files",
        "for",
        "id",
        "keyword",
        "kind",
        "lab",
        "language",
        "layer",
        "line",
        "location",
        "method",
        "mimetype",
        "name",
        "nodeid",
        "pictures",
        "release",
        "result",
        "sha1",
        "status",
        "tags",
        "test",
        "timestamp",
        "type",
        "uri",
        "version",
    }
)
"""The keys and attributes, in lower case, whose values are names that programs compare: those of tests, scenarios,
files and states in junit.xml, cucumber.json and run.json, of objects, and of elements of a page."""
MAX_NAME = 300
"""Characters of the longest name, a path or the node ID of a test."""
JSON_STRING = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?', re.DOTALL)
JSON_START = re.compile(r"\s*[\[{]")
LINE = re.compile(r"[^\n]*\n|[^\n]+")
MARKUP = re.compile(
    r"""
    (?P<comment><!--.*?-->)
    | <!\[CDATA\[(?P<cdata>.*?)\]\]>
    | <\?.*?\?>
    | <![^>]*>
    | (?P<raw><(?P<element>script|style)\b[^>]*>)(?P<content>.*?)(?=</(?P=element)\b)
    | (?P<tag></?[A-Za-z_:][^<>"']*(?:(?:"[^"]*"|'[^']*')[^<>"']*)*>)
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
MARKUP_START = re.compile(r"\s*<(?:\?xml|!doctype|html|testsuites?)\b", re.IGNORECASE)
ATTRIBUTE = re.compile(r"""(?P<name>[^\s"'<>/=]+)(?P<equals>\s*=\s*)(?P<value>"[^"]*"|'[^']*'|[^\s"'<>=`]+)""")
CHARACTER_REFERENCES = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
"""A parser replaces these characters in an attribute by spaces, unless they are written so."""


def is_json(text: str) -> bool:
    """Return whether a text is a JSON document with an object or a list."""
    if not JSON_START.match(text):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def is_markup(text: str) -> bool:
    """Return whether a text is a well-formed XML document, or begins like an HTML document."""
    match = MARKUP_START.match(text)
    if not match:
        return _is_xml(text) if text.lstrip()[:1] == "<" else False
    return match[0].lower().endswith(("doctype", "html")) or _is_xml(text)


def rewrite_json(text: str, rewrite: Rewrite) -> str:
    """Return a JSON document with new strings; a key is rewritten as a name.

    Args:
        text: The document (is_json).
        rewrite: Returns the new value of a string.
    """
    key = ""

    def replace(match: re.Match[str]) -> str:
        nonlocal key
        literal, colon = match.groups()
        value = json.loads(literal, strict=False) if "\\" in literal else literal[1:-1]
        if colon:
            key = value.lower()
        new = rewrite(value, bool(colon) or _is_name(key, value))
        return match[0] if new == value else json.dumps(new, ensure_ascii=literal.isascii()) + (colon or "")

    return JSON_STRING.sub(replace, text)


def rewrite_lines(text: str, rewrite_line: Callable[[str], str | None], rewrite_text: Callable[[str], str]) -> str:
    """Return a text with new lines; those that are JSON documents, as in many logs, stay well-formed.

    Args:
        text: The text, such as a log or a part of a Playwright trace.
        rewrite_line: Returns the new text of a line that is a JSON document, and None for another one.
        rewrite_text: Returns the new text of the lines between two JSON documents.
    """
    parts: list[str] = []
    others: list[str] = []
    for line in LINE.findall(text) if "{" in text or "[" in text else [text]:
        new_line = rewrite_line(line)
        if new_line is None:
            others.append(line)
        else:
            parts += (rewrite_text("".join(others)), new_line)
            others = []
    return "".join((*parts, rewrite_text("".join(others))))


def rewrite_markup(text: str, rewrite: Rewrite) -> str:
    """Return an XML or HTML document with new texts and new values of attributes.

    Args:
        text: The document (is_markup).
        rewrite: Returns the new value, from one without character references.
    """
    return "".join(_rewrite_tokens(text, rewrite))


def _rewrite_tokens(text: str, rewrite: Rewrite) -> Iterator[str]:
    end = 0
    for match in MARKUP.finditer(text):
        yield _rewrite_escaped(text[end : match.start()], rewrite)
        end = match.end()
        if match["comment"]:
            yield rewrite(match["comment"], False)
        elif match["cdata"]:
            yield f"<![CDATA[{rewrite(match['cdata'], False)}]]>"
        elif match["raw"]:
            yield _rewrite_attributes(match["raw"], rewrite) + rewrite(match["content"], False)
        else:
            yield _rewrite_attributes(match[0], rewrite) if match["tag"] else match[0]
    yield _rewrite_escaped(text[end:], rewrite)


def _rewrite_attributes(tag: str, rewrite: Rewrite) -> str:
    def replace(match: re.Match[str]) -> str:
        mark = match["value"][0] if match["value"][0] in "\"'" else ""
        value = match["value"].strip(mark) if mark else match["value"]
        new = _rewrite_escaped(value, rewrite, is_name=_is_name(match["name"].lower(), value))
        if new == value:
            return match[0]
        for character, reference in CHARACTER_REFERENCES.items():
            new = new.replace(character, reference)
        return f"{match['name']}{match['equals']}{mark}{new}{mark}"

    return ATTRIBUTE.sub(replace, tag)


def _rewrite_escaped(text: str, rewrite: Rewrite, *, is_name: bool = False) -> str:
    value = html.unescape(text)
    new = rewrite(value, is_name)
    return text if new == value else html.escape(new)


def _is_name(key: str, value: str) -> bool:
    """Return whether a value is a name: programs also write texts under these keys."""
    return key in NAMES and len(value) <= MAX_NAME and "\n" not in value and "&#10;" not in value


def _is_xml(text: str) -> bool:
    try:
        expat.ParserCreate().Parse(text, True)
    except (expat.ExpatError, ValueError):
        return False
    return True
