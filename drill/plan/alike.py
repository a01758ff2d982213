"""Parts of plans that are alike are kept once: a thousand plans have seldom a thousand targets."""

from __future__ import annotations

from typing import TypeVar
from weakref import WeakValueDictionary

from pydantic import AfterValidator, BaseModel

Part = TypeVar("Part", bound=BaseModel)

_KEPT: WeakValueDictionary[str, BaseModel] = WeakValueDictionary()
"""Parts of plans by all that they say; by their values 1, 1.0 and true would be the same."""


def _kept_once(part: Part) -> Part:
    """Return the part that says the same and is there already, or else this one.

    Nothing can tell them apart, for every part is frozen. Two threads that read the same part at
    the same time may keep one each.
    """
    said = repr(part)
    known = _KEPT.get(said)
    if isinstance(known, type(part)):
        return known
    _KEPT[said] = part
    return part


KeptOnce = AfterValidator(_kept_once)
"""Marks a part of a plan that is likely to be the same in many."""
