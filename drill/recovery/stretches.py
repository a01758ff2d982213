"""The instants that a selection may choose, and the windows that they lie in.

No policy picks the border of a window: whether the provider means borders inclusively is not
documented (reference 2.1), so the newest instant is the last whole millisecond *before* the end.
The one exception is a plan that names the border itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from drill.errors import NoRecoveryPoint
from drill.recovery.instants import MILLISECOND, rounded_down, rounded_up
from drill.recovery.selection_words import which_backups
from drill.recovery.values import Inventory, Window

_INSIDE = MILLISECOND
"""How far inside a window the selection stays: the smallest step that the API knows."""


class Stretch(NamedTuple):
    """The whole milliseconds inside a window that may be chosen, both ends included."""

    first: datetime
    last: datetime
    window: Window

    @property
    def size(self) -> int:
        """Return how many there are."""
        return (self.last - self.first) // MILLISECOND + 1


def stretches_of(inventory: Inventory) -> list[Stretch]:
    """Return what may be chosen, oldest first, up to the instant of the inventory.

    Raise NoRecoveryPoint if there is nothing.
    """
    stretches = []
    for window in sorted(inventory.windows):
        ends_at = min(window.ends_at, inventory.taken_at)
        first = rounded_up(window.starts_at) + _INSIDE
        last = rounded_down(ends_at) - _INSIDE
        if first <= last:
            stretches.append(Stretch(first, last, window))
    if not stretches:
        raise NoRecoveryPoint(
            f"{inventory.source.id} has no restore window",
            hint=which_backups(inventory),
        )
    return stretches


def stretch_with(stretches: list[Stretch], instant: datetime) -> Stretch | None:
    """Return the stretch that an instant may be chosen from, or None."""
    return next((one for one in stretches if one.first <= instant <= one.last), None)
