"""The language of the pages: every sentence is looked up by its English wording.

A sentence is whole and has named gaps, so that another language may order it as it likes. Views
call ``_`` where they make a sentence; templates call the same through Jinja's own extension. The
language holds for the thread that renders, and is English until somebody says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

LANGUAGES = {"en": "en", "zh": "zh_CN"}
"""Languages by the word of ``--lang``, and the name of the locale folder of each."""

HTML_LANGUAGES = {"en": "en", "zh": "zh-Hans"}
"""What the pages say of their language to a browser."""

_spoken: ContextVar[str] = ContextVar("spoken", default="en")
_catalog: ContextVar[NullTranslations] = ContextVar("catalog", default=NullTranslations())  # noqa: B039


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Say every sentence in a language of ``LANGUAGES`` for as long as the block lasts."""
    was = _spoken.set(language), _catalog.set(_read(language))
    try:
        yield
    finally:
        _spoken.reset(was[0])
        _catalog.reset(was[1])


def html_language() -> str:
    """Return the language that holds now, as the attribute ``lang`` wants it."""
    return HTML_LANGUAGES[_spoken.get()]


def _(message: str) -> str:
    """Return a sentence in the language that holds now; one that is missing stays English."""
    return _catalog.get().gettext(message) if message else ""


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the sentence for one or for many."""
    return _catalog.get().ngettext(singular, plural, count)


def N_(message: str) -> str:  # noqa: N802 - the name that every tool of translators knows
    """Mark a sentence for the catalog that ``_`` looks up later."""
    return message


@lru_cache(maxsize=4)
def _read(language: str) -> NullTranslations:
    """Read a catalog of the package. Raise KeyError for a language that there is not."""
    folder = LANGUAGES[language]
    if folder == "en":
        return NullTranslations()
    catalog = files("drill.report").joinpath(f"locale/{folder}/LC_MESSAGES/drill.mo")
    with catalog.open("rb") as file:
        return GNUTranslations(file)
