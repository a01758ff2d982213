"""The table of the state machine, walked along all its paths."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drill.engine.record import State
from drill.engine.states import FOLLOWERS, IllegalTransition, ensure_transition


def paths(state: State = State.QUEUED) -> Iterator[list[State]]:
    """Yield every path to the end; the table has no cycle."""
    if not FOLLOWERS[state]:
        yield [state]
    for follower in FOLLOWERS[state]:
        for path in paths(follower):
            yield [state, *path]


def test_every_path_ends_finished():
    assert {path[-1] for path in paths()} == {State.FINISHED}


def test_every_path_through_restoring_passes_teardown():
    through = [path for path in paths() if State.RESTORING in path]

    assert through
    assert all(State.TEARING_DOWN in path for path in through)


def test_every_state_is_reached():
    assert {state for path in paths() for state in path} == set(State)


def test_transition_that_is_not_in_the_table_raises():
    with pytest.raises(IllegalTransition):
        ensure_transition(State.RESTORING, State.FINISHED)
