"""The union of restore windows, their newest instant and their gaps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from drill.recovery.values import Window
from drill.recovery.windows import Gap, gaps, merge_windows, newest_instant, window_around

MIDNIGHT = datetime(2026, 3, 8, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def at(minutes: int) -> datetime:
    return MIDNIGHT + timedelta(minutes=minutes)


def window(first: int, last: int) -> Window:
    return Window(at(first), at(last))


raw_windows = st.lists(st.builds(window, st.integers(-60, 60), st.integers(-60, 60)), max_size=8)


def test_windows_that_overlap_or_touch_become_one():
    raw = [window(30, 40), window(0, 10), window(10, 20), window(35, 50), window(5, 8)]

    merged = merge_windows(raw, now=at(100))

    assert merged.windows == (window(0, 20), window(30, 50))
    assert merged.dropped == merged.clipped == ()


def test_days_that_meet_at_midnight_leave_no_gap():
    day = Window(MIDNIGHT - timedelta(days=1), MIDNIGHT - MILLISECOND)
    next_day = Window(MIDNIGHT, at(10))

    merged = merge_windows([next_day, day], now=at(100))

    assert merged.windows == (Window(day.starts_at, at(10)),)


def test_a_gap_of_two_milliseconds_is_a_gap():
    day = Window(MIDNIGHT - timedelta(days=1), MIDNIGHT - 2 * MILLISECOND)

    merged = merge_windows([day, window(0, 10)], now=at(100))

    assert gaps(merged.windows) == (Gap(day.ends_at, MIDNIGHT),)
    assert gaps(merged.windows)[0].length == 2 * MILLISECOND


def test_windows_without_length_are_dropped_and_kept_for_the_reader():
    merged = merge_windows([window(5, 5), window(9, 3), window(0, 2)], now=at(100))

    assert merged.windows == (window(0, 2),)
    assert merged.dropped == (window(5, 5), window(9, 3))


def test_the_future_is_cut_away_and_flagged():
    merged = merge_windows([window(0, 10), window(8, 20)], now=at(9))

    assert merged.windows == (window(0, 9),)
    assert merged.clipped == (window(0, 10), window(8, 20))
    assert merged.dropped == ()


def test_a_window_that_begins_now_or_later_is_dropped():
    merged = merge_windows([window(9, 20), window(12, 20)], now=at(9))

    assert merged.windows == merged.clipped == ()
    assert merged.dropped == (window(9, 20), window(12, 20))


def test_the_newest_instant_is_the_latest_end():
    assert newest_instant([window(0, 50), window(10, 20)]) == at(50)
    assert newest_instant([]) is None


def test_an_instant_lies_in_the_window_that_contains_it_borders_included():
    windows = [window(0, 10), window(20, 30)]

    assert window_around(windows, at(20)) == window(20, 30)
    assert window_around(windows, at(10)) == window(0, 10)
    assert window_around(windows, at(15)) is None


def test_windows_that_touch_have_no_gap_between_them():
    assert gaps([window(0, 10), window(10, 20)]) == ()


@given(raw_windows, st.integers(-60, 60))
def test_the_union_holds_exactly_what_a_raw_window_holds_up_to_now(raw, now):
    merged = merge_windows(raw, now=at(now)).windows

    for minute in range(-60, 61):
        inside = at(minute) + timedelta(seconds=30)  # never on a border
        expected = any(one.contains(inside) for one in raw) and inside <= at(now)
        assert any(one.contains(inside) for one in merged) is expected


@given(raw_windows)
def test_merged_windows_are_sorted_apart_and_merge_to_themselves(raw):
    merged = merge_windows(raw, now=at(60)).windows

    assert all(one.starts_at < one.ends_at for one in merged)
    assert all(gap.length > MILLISECOND for gap in gaps(merged))
    assert len(gaps(merged)) == max(0, len(merged) - 1)
    assert merge_windows(merged, now=at(60)).windows == merged
