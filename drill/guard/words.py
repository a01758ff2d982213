"""How refusals speak of instances and ids."""

from __future__ import annotations

import re
from collections.abc import Iterable

from drill.guard.admission import Refusal
from drill.guard.facts import InstanceKey
from drill.recovery.values import Instance

NAME_OF_THE_CLOUD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{3,63}", re.ASCII)
"""What may be the name of an instance or of a backup (reference 3.2, 5.1)."""


def refuse(rule: str, message: str, hint: str) -> Refusal:
    """Return one reason for no."""
    return Refusal(rule=rule, message=message, hint=hint)


def label(instance: Instance) -> str:
    """Return id and name; the name is quoted, because it can hold anything."""
    return f"{instance.id} ({instance.name!r})"


def is_named(instance_id: str, keys: Iterable[InstanceKey]) -> bool:
    """Tell whether a list that protects names this instance, under any cloud and in any case.

    The same account may be configured twice under two names, so the name of the cloud does not
    count: a list that protects may only ever protect too much.
    """
    return instance_id.casefold() in {one.casefold() for _, one in keys}
