"""The templates, and the one style that a page carries. User text is never a template."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Hashable
from functools import lru_cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from drill.report.language import _, html_language, ngettext
from drill.report.navigation import NAVIGATION

FRAGMENTS_AT_MOST = 20_000
"""Pieces of pages that are kept to be printed again."""

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_AROUND = re.compile(r"\s*([{};,])\s*")
_SPACES = re.compile(r"\s+")


@lru_cache(maxsize=16)
def style(sheets: tuple[str, ...]) -> str:
    """Return style sheets of the package, one after the other and without their white space; they
    are constants, and the only text that is printed unescaped."""
    folder = files("drill.report").joinpath("templates")
    text = "".join(folder.joinpath(f"{name}.css").read_text(encoding="utf-8") for name in sheets)
    text = _AROUND.sub(r"\1", _SPACES.sub(" ", _COMMENT.sub("", text))).replace(";}", "}")
    return re.sub(r"(?<=[a-z]): (?=[^{}]*[;}])", ":", text).strip()


@lru_cache(maxsize=16)
def style_hash(sheets: tuple[str, ...]) -> str:
    """Return the source expression that lets this one style through the content security policy."""
    digest = hashlib.sha256(style(sheets).encode("utf-8")).digest()
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
        extensions=["jinja2.ext.i18n"],
    )
    made.globals.update(
        html_language=html_language,
        navigation=NAVIGATION,
        made_once=made_once,
    )
    # The extension adds its methods to the environment at run time, where no type checker sees it.
    install = made.install_gettext_callables  # type: ignore[attr-defined]
    install(_, ngettext, newstyle=True)
    return made


_fragments: dict[tuple[str, str, Hashable], str] = {}


def made_once(macro: Callable[[Hashable], str], value: Hashable) -> str:
    """Return what a macro prints of a value alone; what it has printed of an equal one is printed
    again. A source stands in the fleet, in its tier, in its region and under its status."""
    key = html_language(), getattr(macro, "name", ""), value
    made = _fragments.get(key)
    if made is None:
        if len(_fragments) >= FRAGMENTS_AT_MOST:
            _fragments.clear()
        made = _fragments[key] = macro(value)
    return made


def render(template: str, view: object, *sheets: str) -> bytes:
    """Return a page as bytes, in the language that holds now, with these style sheets."""
    whole = ("style", *sheets)
    text = (
        environment()
        .get_template(template)
        .render(view=view, style=style(whole), style_hash=style_hash(whole))
    )
    return text.encode("utf-8", "strict")
