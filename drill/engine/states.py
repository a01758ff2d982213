"""The state machine of a drill as a table. Pure: what may follow what, and nothing else.

The rule that everything hangs on: once a drill may have ordered a restore (from ``restoring`` on),
no path leads to ``finished`` except through ``tearing_down``.
"""

from __future__ import annotations

from collections.abc import Mapping

from drill.engine.record import State

FOLLOWERS: Mapping[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SELECTING, State.FINISHED}),
    State.SELECTING: frozenset({State.ADMITTING, State.FINISHED}),
    State.ADMITTING: frozenset({State.RESTORING, State.FINISHED}),
    State.RESTORING: frozenset({State.CHECKING, State.TEARING_DOWN}),
    State.CHECKING: frozenset({State.TEARING_DOWN}),
    State.TEARING_DOWN: frozenset({State.FINISHED}),
    State.FINISHED: frozenset(),  # but for Journal.reopen_teardown: a leak goes back to teardown
}

NOTHING_ORDERED = frozenset({State.QUEUED, State.SELECTING, State.ADMITTING})
"""States in which no order was given to the cloud yet, so that a drill can simply end."""


class IllegalTransition(RuntimeError):
    """the state machine has no such transition: a fault of the program"""


def ensure_transition(old: State, new: State) -> None:
    """Raise IllegalTransition unless ``new`` may follow ``old``."""
    if new not in FOLLOWERS[old]:
        raise IllegalTransition(f"{old} cannot be followed by {new}")
