"""One plain sentence, and one hint how to mend it, for every error that pydantic can find.

The value that was given is shown only where it can be no secret: words out of a fixed list, names
and ids. It is never shown for references, for texts of any form and for unknown keys.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from drill.plan import forms as patterns
from drill.plan.mistake import Mistake
from drill.plan.places import Place, keys_of, models_in, tags_of
from drill.plan.visible import shortened

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Sentence = tuple[str, str]
"""What is wrong, and the hint."""

_EXPECTED = {
    "string_type": ("a text", 'Write it in quotes: "…".'),
    "int_type": ("a whole number", "Write a number without quotes and without a point."),
    "float_type": ("a number", "Write a number without quotes."),
    "bool_type": ("true or false", "Write true or false, without quotes."),
    "tuple_type": ("an array", "Put square brackets around it, even if it is one value."),
    "dict_type": ("a table", "Write it as [header] with keys below, or as { key = … }."),
    "mapping_type": ("a table", "Write it as [header] with keys below, or as { key = … }."),
    "model_type": ("a table", "Write it as [header] with keys below, or as { key = … }."),
    "model_attributes_type": ("a table", "Write it as [header] with keys below, or { key = … }."),
}
_GIVEN: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    (str, "a text"),
    (int, "a whole number"),
    (float, "a number"),
    (dict, "a table"),
    ((list, tuple), "an array"),
    (datetime, "a date with time"),
    (date, "a date"),
    (time, "a time of day"),
)
_FORMS = {
    patterns.NAME_PATTERN: (
        "is no name",
        "A name has lower-case letters, digits and dashes, at most 63, and begins with no dash.",
    ),
    patterns.PROVIDER_ID_PATTERN: (
        "is no id of the provider",
        "An id has letters, digits, dashes and underscores, at most 64; copy it from the console.",
    ),
    patterns.IDENTIFIER_PATTERN: (
        "is no identifier",
        "Write one plain name without schema and quotes, such as orders.",
    ),
    patterns.QUALIFIED_NAME_PATTERN: (
        "is no qualified name",
        "Write schema.name without quotes, such as shop.orders.",
    ),
}
_BOUNDS = {
    "greater_than": ("gt", "must be greater than {}"),
    "greater_than_equal": ("ge", "must be at least {}"),
    "less_than": ("lt", "must be less than {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "multiple_of": ("multiple_of", "must be a multiple of {}"),
    "string_too_short": ("min_length", "needs at least {} characters"),
    "string_too_long": ("max_length", "may have at most {} characters"),
    "too_short": ("min_length", "needs at least {} elements"),
    "too_long": ("max_length", "may have at most {} elements"),
}
_ONE_KEY = "Any key may occur in one place only; the documentation lists them all."


def explain(error: ErrorDetails, place: Place, root: type[BaseModel]) -> Sentence:
    """Return what is wrong and how to mend it, for one error of the table ``root``."""
    kind = error["type"]
    if kind in _EXPECTED:
        return _wrong_type([error])
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        bound = error.get("ctx", {}).get(key)
        is_empty = bound == 1 and kind in ("too_short", "string_too_short")
        return "is empty" if is_empty else words.format(bound), _meaning(place)
    special = _SPECIAL.get(kind)
    if special is not None:
        return special(error, place, root)
    message = error["msg"]
    return message[:1].lower() + message[1:].rstrip("."), _meaning(place)


def explain_union(errors: Sequence[ErrorDetails]) -> Sentence:
    """Return the one sentence for a value that fits none of several plain types."""
    if any(error["type"] == "finite_number" for error in errors):
        return _not_finite(errors[0], None, None)
    return _wrong_type(errors)


def suggest(word: str, known: Iterable[str]) -> str:
    """Return 'Did you mean …?', or all that is known where nothing is near."""
    choices = list(known)
    near = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    if near:
        return f'Did you mean "{near[0]}"?'
    return f"Known here: {', '.join(choices)}." if choices else "Nothing is known here."


def _wrong_type(errors: Sequence[ErrorDetails]) -> Sentence:
    given = _given(errors[0]["input"])
    if len(errors) == 1:
        wanted, hint = _EXPECTED[errors[0]["type"]]
        return f"is {given}, and should be {wanted}", hint
    several = [_EXPECTED[error["type"]][0] for error in errors if error["type"] in _EXPECTED]
    return f"is {given}, and fits nothing that may stand here", f"Write {', or '.join(several)}."


def _given(value: object) -> str:
    for kinds, words in _GIVEN:
        if isinstance(value, kinds):
            return words
    return "something else"


def _meaning(place: Place | None) -> str:
    text = place.field.description if place and place.field else None
    return f"It means: {_one_line(text)}" if text else "The documentation of the plan has its form."


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _unknown_key(error: ErrorDetails, place: Place, root: type[BaseModel]) -> Sentence:
    key = str(error["loc"][-1])
    known = keys_of(place.owner) if place.owner else ()
    near = difflib.get_close_matches(key.lower(), known, n=1, cutoff=0.6)
    elsewhere = [model for model in models_in(root) if key in keys_of(model)]
    if not near and root in elsewhere and len(place.path) > 1:
        # in TOML a key below a header belongs to that header, whatever the indentation says
        return "unknown key here", f"{key} is a key of the top level: move it above the first [."
    return "unknown key", suggest(key, known) if known else _ONE_KEY


def _missing(error: ErrorDetails, place: Place, root: type[BaseModel]) -> Sentence:
    del error, root
    key = place.path[-1]
    text = place.field.description if place.field else None
    return "required key is missing", f"Add {key}: {_one_line(text)}" if text else f"Add {key}."


def _tag_missing(error: ErrorDetails, place: Place, root: type[BaseModel]) -> Sentence:
    del error, root
    return "required key is missing", f"It is one of: {', '.join(place.tags)}."


def _tag_unknown(error: ErrorDetails, place: Place, root: type[BaseModel]) -> Sentence:
    context = error.get("ctx", {})
    tag = str(context.get("tag"))
    key = str(context.get("discriminator")).strip("'")
    hint = suggest(tag, place.tags)
    if any(key in keys_of(one) and tag in tags_of(one) for one in models_in(root)):
        # such as "newest", which chooses a backup, where an instant is to be chosen
        hint = f"{tag} belongs to another kind of table; here: {', '.join(place.tags)}."
    return f"{_shown(tag)} is none of the known words", hint


def _literal(error: ErrorDetails, place: Place, root: type[BaseModel]) -> Sentence:
    del place, root
    known = re.findall(r"'([^']*)'", str(error.get("ctx", {}).get("expected")))
    hint = f"It is one of: {', '.join(known)}."
    if not isinstance(error["input"], str):
        return f"is {_given(error['input'])}, and should be a text", hint
    return f"{_shown(error['input'])} is none of the known words", hint


def _form(error: ErrorDetails, place: Place, root: type[BaseModel]) -> Sentence:
    del root
    pattern = str(error.get("ctx", {}).get("pattern"))
    if pattern == patterns.REFERENCE_PATTERN:
        key = str(place.path[-1]) if place.path else "secret"
        name = f"DRILL_{key.upper()}"
        if str(error["input"]).startswith(("env:", "file:")):
            return (
                "this reference is not complete",
                f'Write "env:{name}", with letters, digits and underscores, or "file:PATH".',
            )
        return (
            "a literal secret is refused",
            f'Write {key} = "env:{name}" or "file:PATH", and treat what stood here as leaked.',
        )
    if pattern in _FORMS:
        words, hint = _FORMS[pattern]
        return f"{_shown(error['input'])} {words}", hint
    return f"{_shown(error['input'])} does not have the right form", _meaning(place)


def _not_finite(error: ErrorDetails, place: Place | None, root: object) -> Sentence:
    del error, place, root
    return "is no finite number", "Nothing can be compared with nan and inf: write a number."


def _mistake(error: ErrorDetails, place: Place, root: type[BaseModel]) -> Sentence:
    del root
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, Mistake):
        return str(cause), cause.hint or _meaning(place)
    return str(cause), _meaning(place)


def _shown(value: object) -> str:
    return repr(shortened(str(value)))


_SPECIAL: dict[str, Callable[[ErrorDetails, Place, Any], Sentence]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "union_tag_not_found": _tag_missing,
    "union_tag_invalid": _tag_unknown,
    "literal_error": _literal,
    "string_pattern_mismatch": _form,
    "finite_number": _not_finite,
    "value_error": _mistake,
}
