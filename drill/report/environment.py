"""The templates, and the one style that a page carries. User text is never a template."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache
from importlib.resources import files

from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

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
    # The functions that the extension would install are handed the context with each sentence,
    # which takes as long as all else: templates call ours in the same way.
    made.newstyle_gettext = True  # type: ignore[attr-defined]
    made.globals.update({"_": said, "gettext": said, "ngettext": said_of_many})
    return made


def said(message: str, /, **values: object) -> Markup:
    """Return a sentence of a template. Its gaps are filled with escaped values, and a percent sign
    is written twice, as the extension has it."""
    return _trusted(_(message)) % values if values else _without_gaps(html_language(), message)


def said_of_many(singular: str, plural: str, num: int, /, **values: object) -> Markup:
    """Return the sentence for one or for many; their number is one of its values."""
    return _trusted(ngettext(singular, plural, num)) % {"num": num, **values}


@lru_cache(maxsize=4096)
def _without_gaps(_language: str, message: str) -> Markup:
    return _trusted(_(message)) % {}


def _trusted(text: str) -> Markup:
    """Return what is ours and so is not escaped: it comes out of a template or a catalog."""
    return Markup(text)  # noqa: S704


class Compiled(BytecodeCache):
    """Templates that another process has compiled while this one was busy."""

    def __init__(self) -> None:
        self.codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take one, if it is there."""
        code = self.codes.get(bucket.key)
        if code is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep one."""
        self.codes[bucket.key] = bucket.bytecode_to_string()


def compiled() -> Compiled:
    """Compile all templates, for this process or for the one that it is a copy of: that will find
    what it is told to ``use``."""
    found = Compiled()
    use(found)
    for name in environment().list_templates(extensions=["j2"]):
        environment().get_template(name)
    return found


def use(templates: Compiled) -> None:
    """Compile none of these templates again."""
    environment().bytecode_cache = templates


_fragments: dict[tuple[tuple[str, str], Hashable], str] = {}


def made_once(macro: Callable[[Hashable], str], values: Iterable[Hashable]) -> Markup:
    """Return what a macro prints of each value alone, a line each; what it has printed of an equal
    one is printed again. A source stands in the fleet, in its tier, in its region and under its
    status."""
    seed = html_language(), getattr(macro, "name", "")
    found = []
    for value in values:
        key = seed, value
        made = _fragments.get(key)
        if made is None:
            if len(_fragments) >= FRAGMENTS_AT_MOST:
                _fragments.clear()
            made = _fragments[key] = f"{macro(value)}\n"
        found.append(made)
    return _trusted("".join(found))


def render(template: str, view: object, *sheets: str) -> bytes:
    """Return a page as bytes, in the language that holds now, with these style sheets."""
    whole = ("style", *sheets)
    text = (
        environment()
        .get_template(template)
        .render(view=view, style=style(whole), style_hash=style_hash(whole))
    )
    return text.encode("utf-8", "strict")
