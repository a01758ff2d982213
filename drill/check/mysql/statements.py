"""Tell a statement that only asks from one that does more, before it is sent.

A read-only transaction refuses writes to tables, but not SELECT ... INTO OUTFILE, which writes a
file on the server's host. The server is the judge of syntax; here one word is looked for.
"""

from __future__ import annotations

import re

_SKIPPED = re.compile(
    r"""
      (?P<text> '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `(?:[^`]|``)*` )
    | (?P<comment> /\*.*?\*/ | \#[^\n]* | --(?:[\x00-\x20\x7f][^\n]*|$) )
    """,
    re.DOTALL | re.VERBOSE,
)
"""As the servers' own lexer with our sql_mode and character set: backslashes escape, quotes are no
names, and two dashes begin a comment only before white space. A text without an end is not skipped.
"""
_WORD = re.compile(r"[\s(]*([a-z]+)", re.IGNORECASE | re.ASCII)
_QUESTIONS = frozenset({"select", "with", "values", "table"})
_INTO = re.compile(r"(?<![a-z_$\x80-\U0010ffff])into(?![a-z0-9_$\x80-\U0010ffff])", re.IGNORECASE)
"""A digit in front ends no name: ``1.0INTO`` is a number and the word."""
_RUN_COMMENT = re.compile(r"/\*M?!", re.IGNORECASE)
"""A comment that the server runs as SQL."""


def why_no_question(query: str) -> str | None:
    """Return why a query of a plan is not asked, or None if it is."""
    bare = _SKIPPED.sub(_replacement, query)
    word = _WORD.match(bare)
    if word is None or word.group(1).lower() not in _QUESTIONS:
        return "the query is no SELECT, WITH, VALUES or TABLE: a check may only ask"
    if "\0" in query or _RUN_COMMENT.search(query):
        return "the query holds a comment that the server would run: a check may only ask"
    if _INTO.search(bare):
        return "the query says INTO, which writes files or variables: a check may only ask"
    return None


def _replacement(skipped: re.Match[str]) -> str:
    return "''" if skipped.group("text") else " "
