"""The templates, and the one style that every page carries. User text is never a template."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined


@lru_cache(maxsize=1)
def style() -> str:
    """Return the style sheet; a constant of the package, and the only text printed unescaped."""
    text = files("drill.report").joinpath("templates/style.css").read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


def style_hash() -> str:
    """Return the source expression that lets this one style through the content security policy."""
    digest = hashlib.sha256(style().encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the environment: everything is escaped, whatever the name of its template."""
    made = Environment(
        loader=PackageLoader("drill.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        newline_sequence="\n",
        auto_reload=False,
    )
    made.globals.update(style=style(), style_hash=style_hash())
    return made


def render(template: str, view: object) -> bytes:
    """Return a page as bytes."""
    text = environment().get_template(template).render(view=view)
    return text.encode("utf-8", "strict")
