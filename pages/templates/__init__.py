"""The templates, and how they are filled in."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from pages import markdown, words

_ENVIRONMENT = Environment(
    loader=PackageLoader("pages"),
    autoescape=select_autoescape(["html.jinja"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_ENVIRONMENT.filters |= {
    "counted": words.counted,
    "duration": words.duration,
    "size": words.size,
    "fenced": markdown.fenced,
    "md": markdown.prose,
    "cell": markdown.cell,
    "code": markdown.code,
    "anchor": markdown.anchor,
}


def text(template: str, **values: object) -> str:
    """A page.

    Arguments:
        template: its file in this folder, without the ending .jinja.
        values: what it speaks of.
    """
    return _ENVIRONMENT.get_template(f"{template}.jinja").render(**values)
