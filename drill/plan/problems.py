"""What is wrong with a file, said to its author: where, what, and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from drill.plan.mistake import Mistake
from drill.plan.places import Place, find_place
from drill.plan.positions import KeyPath, Position, find_positions, position_of
from drill.plan.sentences import explain, explain_union
from drill.plan.visible import shortened, visible

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_AT_PLACE = re.compile(r"^(.*) \(at line (\d+), column (\d+)\)$", re.DOTALL)
_AT_END = re.compile(r"^(.*) \(at end of document\)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of one file. Line and column count from 1; None where they are not known.

    Hostile characters in its texts are made visible when it is made, so that every reader of a
    problem may print it.
    """

    file: str
    line: int | None
    column: int | None
    message: str
    hint: str

    def __post_init__(self) -> None:
        for name in ("file", "message", "hint"):
            object.__setattr__(self, name, visible(getattr(self, name)))

    @property
    def location(self) -> str:
        """Return ``file:line:column``, as editors understand it."""
        known = (self.file, self.line, self.column)
        return ":".join(str(part) for part in known if part is not None)

    def __str__(self) -> str:
        """Return the problem, and the hint in a second line."""
        hint = f"\nhint: {self.hint}" if self.hint else ""
        return f"{self.location}: {self.message}{hint}"


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems in the order in which a reader meets them, each once."""
    return sorted(
        dict.fromkeys(problems),
        key=lambda problem: (problem.file, problem.line or 0, problem.column or 0, problem.message),
    )


def written(path: KeyPath) -> str:
    """Return a path of keys as people write it: ``checks[2].query``, counted from 0."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = _BARE_KEY.fullmatch(part) is not None
            shown = shortened(part) if bare else f'"{shortened(part)}"'
            text += f".{shown}" if text else shown
    return text


def problem_at(
    path: KeyPath, message: str, hint: str, *, file: str, positions: Mapping[KeyPath, Position]
) -> Problem:
    """Return the problem of one key of a file."""
    position = position_of(positions, path)
    line, column = position or (None, None)
    subject = f"{written(path)}: " if path else ""
    return Problem(file, line, column, f"{subject}{message}", hint)


def problems_of_validation(
    error: ValidationError, model: type[BaseModel], *, file: str, text: str
) -> list[Problem]:
    """Return everything that pydantic found wrong in the text of a file."""
    positions = find_positions(text)
    found = _grouped(error.errors(include_url=False), model)
    return [
        problem_at(path, message, hint, file=file, positions=positions)
        for place, errors in found
        for path, message, hint in _said(place, errors, model)
    ]


def _grouped(
    errors: Iterable[ErrorDetails], model: type[BaseModel]
) -> list[tuple[Place, list[ErrorDetails]]]:
    """Put the errors together that only say that one value fits no member of a union."""
    groups: dict[object, tuple[Place, list[ErrorDetails]]] = {}
    for number, error in enumerate(errors):
        if _is_an_echo(error):
            continue
        place = find_place(model, error["loc"])
        is_member = bool(error["loc"]) and error["loc"][-1] in ("int", "float", "bool", "str")
        known = is_member and (not place.path or place.path[-1] != error["loc"][-1])
        key: object = place.path if known else number
        groups.setdefault(key, (place, []))[1].append(error)
    return list(groups.values())


def _is_an_echo(error: ErrorDetails) -> bool:
    """Tell whether an array is called too short only because its elements have errors."""
    if error["type"] != "too_short" or not isinstance(error["input"], list):
        return False
    return len(error["input"]) >= int(error.get("ctx", {}).get("min_length", 0))


def _said(
    place: Place, errors: list[ErrorDetails], model: type[BaseModel]
) -> Iterator[tuple[KeyPath, str, str]]:
    if len(errors) > 1:
        yield place.path, *explain_union(errors)
        return
    error = errors[0]
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, Mistake):
        for mistake in (cause, *cause.also):
            context = {**error, "ctx": {"error": mistake}}
            yield (*place.path, *mistake.at), *explain(context, place, model)  # type: ignore[arg-type]
        return
    path = place.path
    if error["type"] in ("union_tag_not_found", "union_tag_invalid"):
        path = (*path, str(error.get("ctx", {}).get("discriminator")).strip("'"))
    yield path, *explain(error, place, model)


def problem_of_syntax(error: ValueError, *, file: str, text: str) -> Problem:
    """Return the problem of a text that is no TOML, with the place that tomllib names."""
    message = str(error)
    line: int | None = None
    column: int | None = None
    if match := _AT_PLACE.match(message):
        message, line, column = match[1], int(match[2]), int(match[3])
    elif match := _AT_END.match(message):
        message = f"{match[1]}, at the end of the file"
        line, column = text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1
    if "set_int_max_str_digits" in message:
        message = "a number has thousands of digits"
    message = message[:1].lower() + message[1:]
    return Problem(file, line, column, f"no valid TOML: {message}", _syntax_hint(message))


def _syntax_hint(message: str) -> str:
    lowered = message.lower()
    if "cannot overwrite" in lowered or "twice" in lowered or "duplicate" in lowered:
        return "Every key and every [table] may be given once; take one of them away."
    if "invalid value" in lowered:
        return 'Put texts in quotes: name = "orders"; numbers, true and false stand without.'
    if "digits" in lowered:
        return "No number of a plan is that long."
    if "statement" in lowered or "after a key" in lowered or "initial character" in lowered:
        return 'A line is key = value, [table], [[element]] or # comment: name = "orders".'
    return "Look at this place and the line above it for a quote or bracket that is not closed."
