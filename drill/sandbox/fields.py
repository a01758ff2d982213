"""Reading request bodies and query strings: every wrong type or value is a 400 of the cloud."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from drill.sandbox.errors import ApiError, body_error, parameter_error

_LONGEST_TEXT = 4096
_LARGEST_INTEGER = 2**53
_FORBIDDEN = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def read_object(body: bytes) -> Members:
    """Read a JSON object. Raise ApiError (400) for anything else."""
    if not body.strip():
        raise ApiError(400, "DBS.200006", "The request body is empty.")
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise body_error("the body is not valid JSON") from error
    if not isinstance(value, dict):
        raise body_error("the body is not a JSON object")
    return Members(value)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


class Members:
    """The members of one JSON object, each read with the type that it must have.

    A member that is null counts as absent.
    """

    def __init__(self, values: Mapping[str, object], where: str = "") -> None:
        self._values = values
        self._where = where

    def has(self, name: str) -> bool:
        """Return whether the member is present and not null."""
        return self._values.get(name) is not None

    def is_text(self, name: str) -> bool:
        """Return whether the member is a string."""
        return isinstance(self._values.get(name), str)

    def names(self) -> list[str]:
        """Return the names of all members, null ones too."""
        return list(self._values)

    def is_empty(self) -> bool:
        """Return whether the object has no members."""
        return not self._values

    def text(self, name: str) -> str:
        """Return a string. Raise ApiError if it is absent, empty or not a string."""
        value = self.optional_text(name)
        if not value:
            raise parameter_error(f"{self._where}{name} is required")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a string, or None where it is absent."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise parameter_error(f"{self._where}{name} must be a string")
        return _checked_text(value, self._where + name)

    def integer(self, name: str) -> int:
        """Return an integer. Raise ApiError if it is absent or not an integer."""
        value = self.optional_integer(name)
        if value is None:
            raise parameter_error(f"{self._where}{name} is required")
        return value

    def optional_integer(self, name: str) -> int | None:
        """Return an integer, or None where it is absent."""
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise parameter_error(f"{self._where}{name} must be an integer")
        if abs(value) > _LARGEST_INTEGER:
            raise parameter_error(f"{self._where}{name} is out of range")
        return value

    def optional_number(self, name: str) -> float | None:
        """Return a finite number, or None where it is absent."""
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise parameter_error(f"{self._where}{name} must be a number")
        if not -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER:
            raise parameter_error(f"{self._where}{name} is out of range")
        return float(value)

    def flag(self, name: str) -> bool:
        """Return a boolean; absent is false."""
        value = self._values.get(name, False)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise parameter_error(f"{self._where}{name} must be true or false")
        return value

    def members(self, name: str) -> Members:
        """Return an object. Raise ApiError if it is absent or not an object."""
        value = self.optional_members(name)
        if value is None:
            raise parameter_error(f"{self._where}{name} is required")
        return value

    def optional_members(self, name: str) -> Members | None:
        """Return an object, or None where it is absent."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise parameter_error(f"{self._where}{name} must be an object")
        return Members(value, f"{self._where}{name}.")

    def every_text(self) -> dict[str, str]:
        """Return all members as strings. Raise ApiError if one is not a string."""
        for name in self._values:
            _checked_text(name, f"{self._where}*")
        return {name: self.optional_text(name) or "" for name in self._values}

    def items(self, name: str) -> list[Members]:
        """Return a list of objects; absent is empty."""
        return [self._item(value, name) for value in self._list(name)]

    def texts(self, name: str) -> list[str]:
        """Return a list of strings; absent is empty."""
        values = self._list(name)
        if not all(isinstance(value, str) for value in values):
            raise parameter_error(f"{self._where}{name} must be a list of strings")
        return [_checked_text(str(value), self._where + name) for value in values]

    def _list(self, name: str) -> list[object]:
        value = self._values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise parameter_error(f"{self._where}{name} must be a list")
        return value

    def _item(self, value: object, name: str) -> Members:
        if not isinstance(value, dict):
            raise parameter_error(f"{self._where}{name} must be a list of objects")
        return Members(value, f"{self._where}{name}[].")


class Query:
    """The parameters of a query string. Where one is sent twice, the first counts."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            self._values.setdefault(name, value)

    def text(self, name: str) -> str | None:
        """Return a parameter; None where it is absent or empty."""
        value = self._values.get(name)
        return _checked_text(value, name) if value else None

    def required(self, name: str) -> str:
        """Return a parameter. Raise ApiError if it is absent or empty."""
        value = self.text(name)
        if value is None:
            raise parameter_error(f"{name} is required")
        return value

    def choice(self, name: str, choices: Iterable[str]) -> str | None:
        """Return a parameter that must be one of the choices, letter case included."""
        value = self.text(name)
        if value is not None and value not in set(choices):
            raise parameter_error(f"{name} must be one of {', '.join(sorted(choices))}")
        return value

    def integer(self, name: str, *, default: int, low: int, high: int) -> int:
        """Return a whole number between two borders, both included."""
        value = self.text(name)
        if value is None:
            return default
        if re.fullmatch(r"\d{1,10}", value, re.ASCII) is None or not low <= int(value) <= high:
            raise parameter_error(f"{name} must be a number from {low} to {high}")
        return int(value)

    def milliseconds(self, name: str) -> int | None:
        """Return milliseconds since the epoch, or None where it is absent."""
        value = self.text(name)
        if value is None:
            return None
        if re.fullmatch(r"\d{1,14}", value, re.ASCII) is None:
            raise parameter_error(f"{name} must be milliseconds since the epoch")
        return int(value)


def _checked_text(value: str, where: str) -> str:
    if len(value) > _LONGEST_TEXT:
        raise parameter_error(f"{where} is too long")
    if _FORBIDDEN.search(value):
        raise parameter_error(f"{where} holds characters that are not allowed")
    return value
