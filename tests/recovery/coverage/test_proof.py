"""What a drill proves, at the edges of the definition."""

from __future__ import annotations

import math

import pytest

from drill.recovery.coverage.proof import proof_metrics
from drill.recovery.verdict import Outcome
from tests.recovery.coverage.histories import (
    DAY,
    HOUR,
    a_drill,
    at,
    bases,
    ms,
    proof_of,
)

FAILED = Outcome.FAILED_RESTORE


def test_a_backup_drill_proves_an_image_and_no_stretch_of_time():
    proof = proof_of(a_drill("03-06 01:00", backup=True))

    assert proof.proven == ()
    assert [image.base.ended for image in proof.images] == [ms("03-06 01:00")]


@pytest.mark.parametrize(
    ("level", "images", "chains"), [(2, 0, 0), (3, 1, 0), (4, 1, 1), (6, 1, 1)]
)
def test_an_image_is_proven_from_l3_and_a_chain_from_l4(level, images, chains):
    proof = proof_of(a_drill("03-02 13:00", level=level))

    assert (len(proof.images), len(proof.proven)) == (images, chains)
    assert bool(proof.below_level) is (level == 3)


def test_a_late_pass_proves_as_much_as_a_pass_in_time():
    assert proof_of(a_drill("03-02 13:00", Outcome.PASSED_LATE)).proven != ()


def test_a_proof_expires_at_the_very_end_of_its_validity():
    drill = a_drill("03-02 13:00", ended="03-02 15:00")
    end = ms("03-02 15:00") + 30 * DAY

    just = proof_of(drill, at=end - 1)
    over = proof_of(drill, at=end)

    assert (just.proven != (), over.proven) == (True, ())
    assert proof_metrics(just)["proof_age"].value == (30 * DAY - 1) / 1000
    assert proof_metrics(over)["proof_age"].value == math.inf
    assert proof_metrics(over)["since_last_proof"].value == 30 * DAY / 1000


def test_a_proof_whose_point_left_the_window_proves_no_stretch_of_what_is_left():
    proof = proof_of(
        a_drill("03-04 11:00"),  # between the two windows: it is not restorable any more
    )

    assert (proof.proven, proof.direct) == ((), ())


def test_the_end_of_a_window_may_be_a_point():
    proof = proof_of(a_drill("03-04 10:00"))

    assert proof.proven == ((ms("03-04 01:00"), ms("03-04 10:00")),)


def test_a_base_that_is_reported_is_believed():
    drill = a_drill(
        "03-02 13:00", base_at=at("03-01 01:00"), base_id="b-03-01 01:00", base_how="reported"
    )

    proof = proof_of(drill)

    assert proof.proven == ((ms("03-01 01:00"), ms("03-02 13:00")),)
    assert [(image.base.ended, image.how) for image in proof.images] == [
        (ms("03-01 01:00"), "reported")
    ]


def test_a_base_that_is_gone_is_no_image_and_its_chain_is_still_proven():
    drill = a_drill("03-02 13:00", base_at=at("03-02 02:00"), base_id="gone")

    proof = proof_of(drill)

    assert proof.proven == ((ms("03-02 02:00"), ms("03-02 13:00")),)
    assert proof.images == ()


def test_without_any_base_a_pass_proves_its_instant_alone():
    proof = proof_of(a_drill("03-02 13:00"), bases=())

    assert (proof.proven, proof.direct) == ((), (ms("03-02 13:00"),))
    assert len(proof.without_base) == 1


def test_without_any_base_a_failure_makes_its_window_suspect():
    proof = proof_of(a_drill("03-02 13:00", FAILED), bases=())

    assert proof.suspect[0] == (ms("03-01 00:00"), ms("03-04 10:00"))


def test_a_pass_across_a_gap_is_a_contradiction_and_is_not_credited():
    drill = a_drill("03-04 20:00")

    proof = proof_of(drill, bases=bases("03-04 01:00"))

    assert (proof.contradictions, proof.proven) == ((drill.id,), ())
    assert proof_metrics(proof)["proven"].flags == ("contradiction",)


@pytest.mark.parametrize("level", [3, 4])
def test_a_pass_across_a_gap_proves_no_image_at_whatever_level(level):
    base = bases("03-04 01:00")
    assumed = a_drill("03-04 20:00", level=level)
    reported = a_drill("03-04 20:00", level=level, base_at=at("03-04 01:00"), base_how="reported")

    for drill in (assumed, reported):
        proof = proof_of(drill, bases=base)

        assert proof.contradictions == (drill.id,)
        assert (proof.images, proof.newest_valid) == ((), None)


def test_a_proof_names_the_drills_whose_instants_it_holds():
    failed = a_drill("03-05 09:00", FAILED, ended="03-05 10:00")
    expired = a_drill("03-05 09:00", ended="01-05 12:00")
    retested = a_drill("03-05 09:00", ended="03-05 12:00")

    proof = proof_of(expired, failed, retested)

    assert proof.direct_ids == {retested.id}


def test_a_base_inside_the_gap_does_not_cross_it():
    proof = proof_of(a_drill("03-04 20:00"), bases=bases("03-04 11:59"))

    assert proof.contradictions == ()
    assert proof.proven == ((ms("03-04 12:00"), ms("03-04 20:00")),)


def test_a_failure_leaves_what_was_proven_before_its_point():
    proof = proof_of(
        a_drill("03-05 09:00", ended="03-05 10:00"),
        a_drill("03-05 15:00", FAILED, ended="03-06 00:00"),
    )

    assert proof.proven == ((ms("03-05 01:00"), ms("03-05 09:00")),)
    assert proof.suspect == ((ms("03-05 09:00"), ms("03-06 01:00")),)


def test_a_failure_before_a_proven_point_takes_its_chain_away():
    proof = proof_of(
        a_drill("03-05 03:00", ended="03-05 09:00"),
        a_drill("03-05 09:00", ended="03-05 10:00"),
        a_drill("03-05 05:00", FAILED, ended="03-06 00:00"),
    )

    assert proof.proven == ((ms("03-05 01:00"), ms("03-05 03:00")),)
    assert proof.suspect == ((ms("03-05 03:00"), ms("03-06 01:00")),)
    assert proof.direct == (ms("03-05 03:00"),)


def test_a_later_pass_clears_what_it_covers_and_no_more():
    proof = proof_of(
        a_drill("03-05 15:00", FAILED, ended="03-06 00:00"),
        a_drill("03-05 20:00", ended="03-07 00:00"),
    )

    assert proof.proven == ((ms("03-05 01:00"), ms("03-05 20:00")),)
    assert proof.suspect == ((ms("03-05 20:00"), ms("03-06 01:00")),)


def test_a_pass_that_expired_still_cleared_the_suspicion():
    proof = proof_of(
        a_drill("03-05 15:00", FAILED, ended="03-05 16:00"),
        a_drill("03-05 20:00", ended="03-05 22:00"),
        validity=HOUR,
    )

    assert proof.proven == ()
    assert proof.suspect == ((ms("03-05 20:00"), ms("03-06 01:00")),)


def test_a_failed_backup_takes_its_image_away_and_its_chain():
    proof = proof_of(
        a_drill("03-05 09:00", ended="03-05 10:00"),
        a_drill("03-05 01:00", FAILED, backup=True, ended="03-06 00:00"),
    )

    assert (proof.images, proof.proven) == ((), ())
    assert proof.suspect == ((ms("03-05 01:00"), ms("03-06 01:00")),)


def test_the_newest_drill_gives_a_stretch_its_age():
    proof = proof_of(
        a_drill("03-05 20:00", ended="03-06 00:00"),
        a_drill("03-05 09:00", ended="03-07 00:00"),
    )

    assert proof.coats == (
        (ms("03-05 01:00"), ms("03-05 09:00"), ms("03-07 00:00")),
        (ms("03-05 09:00"), ms("03-05 20:00"), ms("03-06 00:00")),
    )


def test_every_instant_has_a_standing():
    proof = proof_of(
        a_drill("03-02 13:00"),
        a_drill("03-06 01:00", backup=True),
        a_drill("03-07 05:00", FAILED),
    )

    standings = {
        text: proof.standing(ms(text))
        for text in (
            "03-02 13:00", "03-02 12:00", "03-06 01:00", "03-07 05:00", "03-03 12:00",
            "03-04 11:00",
        )
    }  # fmt: skip
    assert list(standings.values()) == [
        "direct", "chain", "image", "suspect", "advertised", None,
    ]  # fmt: skip
