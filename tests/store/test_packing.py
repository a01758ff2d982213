"""Whatever was seen comes back from its packing, whole or as a difference, and stays small."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drill.errors import StoreError
from drill.recovery.backups import backup_order
from drill.recovery.facts import Observation
from drill.store.packing import pack_difference, pack_whole, unpack
from tests.builders import NOW, SOURCE_ID
from tests.contract.test_archive import DAY, SOURCE, an_observation
from tests.store.test_round_trip import BACKUPS, INSTANTS, TEXTS, WINDOWS, maybe, tuples_of

ANY_BACKUPS = st.lists(BACKUPS, max_size=6, unique_by=lambda one: one.id).map(
    lambda found: tuple(sorted(found, key=backup_order))
)
ANY = st.builds(
    Observation,
    cloud=st.just("sandbox"),
    source_id=st.just(SOURCE_ID),
    taken_at=st.just(NOW),
    **dict.fromkeys(("source_name", "engine", "version", "status", "flavor"), maybe(TEXTS)),
    created_at=maybe(INSTANTS),
    retention_days=maybe(st.integers(0, 732)),
    windows=tuples_of(WINDOWS),
    backups=ANY_BACKUPS,
    is_simulated=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(one=ANY)
def test_a_whole_look_comes_back(one: Observation):
    assert unpack(SOURCE, NOW, pack_whole(one), None) == one


@settings(max_examples=150, deadline=None)
@given(earlier=ANY, later=ANY, kept=st.sets(st.integers(0, 5)))
def test_a_difference_comes_back_or_is_not_made(earlier, later, kept):
    stayed = [one for place, one in enumerate(earlier.backups) if place in kept]
    ids = {one.id for one in stayed}
    came = [one for one in later.backups if one.id not in ids]
    later = replace(later, backups=tuple(sorted([*stayed, *came], key=backup_order)))

    packed = pack_difference(later, earlier)

    if packed is not None:
        assert unpack(SOURCE, NOW, packed, earlier) == later


def test_one_night_more_is_kept_as_less_than_half_of_the_whole():
    later = an_observation(NOW + DAY)

    packed = pack_difference(later, an_observation(NOW))

    assert packed is not None
    assert len(packed) <= len(pack_whole(later)) / 2


def test_a_difference_without_what_it_rests_on_is_a_fault_and_no_guess():
    packed = pack_difference(an_observation(NOW + DAY), an_observation(NOW))
    assert packed is not None

    with pytest.raises(StoreError, match="not there"):
        unpack(SOURCE, NOW, packed, None)
    with pytest.raises(StoreError, match="cannot be read"):
        unpack(SOURCE, NOW, b"\x00garbage", None)
