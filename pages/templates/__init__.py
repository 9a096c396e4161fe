"""The templates of the pages."""

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
    "counts": words.format_counts,
    "duration": words.format_duration,
    "size": words.format_size,
    "gib": words.format_gib,
    "fenced": markdown.format_block,
    "md": markdown.format_prose,
    "cell": markdown.format_cell,
    "code": markdown.format_code,
    "anchor": markdown.create_anchor,
}


def render(template: str, **values: object) -> str:
    """Render a template.

    Args:
        template: The name of its file in this directory, without the suffix .jinja.
        values: The variables of the template.
    """
    return _ENVIRONMENT.get_template(f"{template}.jinja").render(**values)
