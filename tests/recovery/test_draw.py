"""A draw that anybody can repeat."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.recovery.draw import draw_index, key_of


def test_the_published_vector_is_drawn():
    seed = bytes.fromhex("2fcb737d3125abf0ff11a04662155ebe56de6fd12c1672765136db1c9cb8eb2c")

    assert draw_index(seed, "t", "inst-003", 597_300) == 480_744


def test_the_documented_steps_give_the_same_index():
    key = hashlib.sha256(b"drill-draw/v1\0" + b"a seed").digest()
    digest = hashlib.sha256(key + b"\0b\0source-1\0" + b"0").digest()

    assert draw_index(key_of("a seed"), "b", "source-1", 14) == int.from_bytes(digest[:8]) % 14


@given(st.text(max_size=50), st.text(max_size=20), st.integers(1, 2**64))
def test_an_index_is_below_the_population_and_the_same_every_time(seed, source_id, population):
    index = draw_index(key_of(seed), "t", source_id, population)

    assert 0 <= index < population
    assert index == draw_index(key_of(seed), "t", source_id, population)


def test_values_that_would_favour_low_indexes_are_rejected():
    population = 2**63 + 1  # nearly every second value must be drawn again
    indexes = [draw_index(key_of(str(seed)), "t", "x", population) for seed in range(200)]
    firsts = [
        int.from_bytes(hashlib.sha256(key_of(str(seed)) + b"\0t\0x\0" + b"0").digest()[:8])
        for seed in range(200)
    ]

    again = [first for first in firsts if first >= population]
    assert 60 < len(again) < 140
    assert all(
        (index == first) is (first < population)
        for index, first in zip(indexes, firsts, strict=True)
    )


def test_every_candidate_comes_up_about_equally_often():
    counts = Counter(draw_index(key_of(f"seed {n}"), "b", "source", 7) for n in range(2100))

    assert sorted(counts) == list(range(7))
    assert all(230 < count < 370 for count in counts.values())


def test_source_purpose_and_seed_each_change_the_draw():
    draws = {
        draw_index(key_of("a"), "t", "source-1", 2**60),
        draw_index(key_of("b"), "t", "source-1", 2**60),
        draw_index(key_of("a"), "b", "source-1", 2**60),
        draw_index(key_of("a"), "t", "source-2", 2**60),
    }

    assert len(draws) == 4


@pytest.mark.parametrize("population", [0, -1, 2**64 + 1])
def test_an_impossible_population_is_an_error(population):
    with pytest.raises(ValueError, match="candidates"):
        draw_index(key_of("a"), "t", "source", population)
