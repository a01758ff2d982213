"""A clock that jumps is noticed; one that runs is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from drill.clock import ManualClock
from drill.scheduler.clockwatch import NOTICED_FROM, ClockWatch

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class JumpyClock(ManualClock):
    """A clock whose hands can be set."""

    def set_by(self, span: timedelta) -> None:
        self._now += span


@given(st.timedeltas(timedelta(0), timedelta(days=400)))
def test_time_that_passes_is_no_jump(span: timedelta):
    clock = JumpyClock(NOON)
    watch = ClockWatch(clock)

    clock.move(span)

    assert watch.look() is None


@given(
    st.timedeltas(timedelta(0), timedelta(days=1)),
    st.timedeltas(-timedelta(days=400), timedelta(days=400)),
)
def test_a_jump_is_told_once_with_its_size(passed: timedelta, jump: timedelta):
    clock = JumpyClock(NOON)
    watch = ClockWatch(clock)

    clock.move(passed)
    clock.set_by(jump)
    told = watch.look()

    if abs(jump) >= NOTICED_FROM + timedelta(milliseconds=1):
        assert told is not None
        assert abs(told - jump) < timedelta(milliseconds=1)
    elif abs(jump) < NOTICED_FROM - timedelta(milliseconds=1):
        assert told is None
    assert watch.look() is None
