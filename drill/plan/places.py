"""Translate pydantic's location of an error into the key of the TOML file, and what it should be.

pydantic puts names of its own between the keys: the tag of the kind of table that it chose, and
the member of a union that it tried. Only the models can tell them from keys.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from drill.plan.positions import KeyPath


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file an error is, and which field of which model the key stands for."""

    path: KeyPath
    owner: type[BaseModel] | None
    """The model of the table that the last key stands in."""
    field: FieldInfo | None
    """What the last key means; None for a key that nobody knows, and for elements of arrays."""
    tags: tuple[str, ...] = ()
    """Where one of several kinds of table can stand here: the words that choose between them."""


def find_place(model: type[BaseModel], location: Sequence[str | int]) -> Place:
    """Return the place of an error that pydantic located while it validated ``model``."""
    path: KeyPath = ()
    expected: Any = model
    owner: type[BaseModel] | None = None
    field: FieldInfo | None = None
    for step in location:
        members = _members(expected)
        origin = get_origin(members[0]) if len(members) == 1 else None
        if len(members) > 1 and _is_model(members[0]):
            expected = _tagged(members, step)
        elif len(members) == 1 and _is_model(members[0]):
            owner, path = members[0], (*path, step)
            field = members[0].model_fields.get(str(step))
            expected = field.annotation if field else Any
        elif isinstance(origin, type) and issubclass(origin, Mapping | tuple):
            path, field = (*path, step), None
            if tuple(location[-2:]) == (step, "[key]"):
                break  # the key itself is wrong, not what stands below it
            expected = get_args(members[0])[1 if issubclass(origin, Mapping) else 0]
        else:
            break  # the name of a member of a union of plain values
    kinds = [member for member in _members(expected) if _is_model(member)]
    tags = tuple(tag for kind in kinds for tag in tags_of(kind)) if len(kinds) > 1 else ()
    return Place(path, owner, field, tags)


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return every key that the table of a model may have, in the order of the documentation."""
    return tuple(model.model_fields)


def models_in(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield a model and every model below it, each once."""
    seen: set[type[BaseModel]] = set()
    waiting: list[Any] = [model]
    while waiting:
        for member in _members(waiting.pop(0)):
            if _is_model(member):
                if member not in seen:
                    seen.add(member)
                    yield member
                    waiting += [field.annotation for field in member.model_fields.values()]
            elif get_origin(member) is not Literal:
                waiting += [inner for inner in get_args(member) if inner is not Ellipsis]


def tags_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the words that choose this kind of table, such as ``pitr`` for a restore."""
    return tuple(
        word
        for field in model.model_fields.values()
        if get_origin(field.annotation) is Literal and field.is_required()
        for word in get_args(field.annotation)
    )


def _members(annotation: Any) -> list[Any]:
    """Return the types of a union without None, or the one type itself."""
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [
            member
            for choice in get_args(annotation)
            if choice is not type(None)
            for member in _members(choice)
        ]
    return [annotation]


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)


def _tagged(members: Sequence[type[BaseModel]], tag: str | int) -> Any:
    return next((member for member in members if tag in tags_of(member)), Any)
