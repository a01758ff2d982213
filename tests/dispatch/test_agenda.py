"""The agenda hands out each drill once at a time, and when it is due."""

from __future__ import annotations

from datetime import timedelta

from drill.dispatch.agenda import Agenda
from tests.builders import NOW

SECOND = timedelta(seconds=1)


def test_a_drill_in_work_is_not_handed_out_again():
    agenda = Agenda()
    agenda.add_due(["one", "one"])

    assert agenda.take(NOW) == "one"
    agenda.add_due(["one"])
    assert agenda.take(NOW) is None

    agenda.done("one", look_at=None)
    agenda.add_due(["one"])
    assert agenda.take(NOW) == "one"


def test_a_drill_that_was_put_off_comes_when_its_time_has_come():
    agenda = Agenda()
    agenda.done("late", look_at=NOW + 2 * SECOND)
    agenda.done("soon", look_at=NOW + SECOND)

    assert agenda.earliest() == NOW + SECOND
    assert agenda.take(NOW) is None
    assert agenda.take(NOW + 2 * SECOND) == "soon"
    assert agenda.take(NOW + 2 * SECOND) == "late"
    assert agenda.earliest() is None


def test_only_the_last_word_about_when_to_look_counts():
    agenda = Agenda()
    agenda.done("one", look_at=NOW + SECOND)
    agenda.done("one", look_at=NOW + 9 * SECOND)

    assert agenda.take(NOW + 2 * SECOND) is None
    assert agenda.take(NOW + 9 * SECOND) == "one"
    assert agenda.take(NOW + 9 * SECOND) is None
