"""Cards that are kept from report to report: they spare reading, and change no figure."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from drill.engine.record import Outcome, State
from drill.plan.model import Objectives
from drill.recovery.facts import DrillFacts, Observation, SourceKey
from drill.recovery.tick import ENDINGS, FINISHED, ending_of, tick_of
from drill.report.context import Context
from drill.report.kept import _sealed, read_kept, write_kept
from drill.report.past import read_past
from drill.report.site import Site, plan_site
from drill.report.view.card import Card
from drill.report.view.numbers import sums_of
from drill.report.view.overview import in_scope
from drill.report.view.sparks import sparks
from tests.report import histories, made_up
from tests.report.builders import DAY

FIRST = made_up.NOW
UNDER_WAY = {"outcome": None, "state": "restoring", "finished_at": None, "teardown": "pending"}


class Watched(histories.Confused):
    """A history that counts what is read of it."""

    def __init__(self, known: histories.Confused) -> None:
        super().__init__(**vars(known))
        self.read: Counter[SourceKey | None] = Counter()

    def drill_facts(self, **options: Any) -> Iterator[DrillFacts]:
        self.read[options.get("source")] += 1
        return super().drill_facts(**options)


def planned(known: histories.Confused, at: datetime, kept: Any = None) -> Site:
    """Return the site of an instant."""
    past = read_past(known, at=at)  # type: ignore[arg-type]
    return plan_site(past, Context(at=at, tool_version="1"), promises=known.promises, kept=kept)


def through_a_file(folder: Path, site: Site) -> Any:
    """Return the cards of a site as the next report reads them."""
    write_kept(folder / "cards", site.sources.to_keep.values(), site.context)
    later = replace(site.context, at=site.context.at + 400 * DAY)
    return read_kept(folder / "cards", later)


def plain(card: Card) -> Card:
    """Return a card without the proofs that no line shows: an older card has more of them."""
    return card._replace(proof_ends=())


def first_night(draw: random.Random) -> histories.Confused:
    """Return a fleet in which most drills have ended, and some have not, or in odd ways."""
    base = made_up.history(8, 60, now=FIRST, seed=draw.randrange(1 << 30))
    odd = ({"teardown": "leaked"}, {"is_simulated": True}, {"level": 2}, UNDER_WAY, {"tier": None})
    drills = [
        replace(one, **draw.choice(odd)) if draw.random() < 0.05 else one for one in base.drills
    ]
    validities = {
        key: Objectives(proof_validity=timedelta(hours=draw.randrange(1, 2400)))
        for key in base.observations
        if draw.random() < 0.8
    }
    return histories.Confused(**(vars(base) | {"drills": drills, "promises": validities}))


def with_news(known: histories.Confused, draw: random.Random, at: datetime) -> histories.Confused:
    """Return the fleet at a later instant: some sources were drilled again, or looked at, and what
    was under way has ended."""
    drills = [
        replace(one, outcome=draw.choice(tuple(Outcome)), state="finished", finished_at=at)
        if one.outcome is None
        else replace(one, teardown=draw.choice(("clean", "leaked")))
        if one.teardown == "leaked"
        else one
        for one in known.drills
    ]
    for number in range(draw.randrange(4)):
        like = draw.choice([one for one in drills if one.finished_at is not None])
        span = at - draw.random() * (at - FIRST) - like.scheduled_for
        drills.append(moved(like, span, id=f"new-{number}", outcome=draw.choice(tuple(Outcome))))
    seen = dict(known.observations)
    for key in draw.sample(sorted(seen), draw.randrange(3)):
        seen[key] = replace(seen[key], taken_at=at, volume_gb=draw.choice((None, 50)))
    drills.sort(key=lambda one: (one.scheduled_for, one.id))
    return histories.Confused(**(vars(known) | {"drills": drills, "observations": seen}))


def moved(drill: DrillFacts, span: timedelta, **values: Any) -> DrillFacts:
    """Return a drill that was so much later."""
    instants = ("scheduled_for", "enlisted_at", "started_at", "restore_accepted_at", "finished_at")
    known = {name: at for name in instants if (at := getattr(drill, name)) is not None}
    return replace(drill, **{name: at + span for name, at in known.items()}, **values)


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False), st.one_of(st.integers(1, 72), st.integers(1, 2400)))
def test_a_card_that_still_holds_says_what_one_that_is_made_anew_says(
    tmp_path_factory, draw: random.Random, hours: int
):
    known, second = first_night(draw), FIRST + timedelta(hours=hours)
    kept = through_a_file(tmp_path_factory.mktemp("kept"), planned(known, FIRST))
    news = with_news(known, draw, second)

    over, anew = planned(news, second, kept), planned(news, second)

    event(f"cards that were kept: {sum(bool(one.line) for one in over.sources.to_keep.values())}")
    assert [plain(one) for one in over.cards] == [plain(one) for one in anew.cards]
    assert over.audit == replace(anew.audit, scope=over.audit.scope)
    for name in ("attainment", "hygiene", "sample", "finished", "pulls", "digest", "period_digest"):
        assert getattr(over.audit, name) == getattr(anew.audit, name)
    assert [(page.name, page.digest) for page in over.pages] == [
        (page.name, page.digest) for page in anew.pages
    ]
    lines = [
        sparks(one.fleet, sums_of(in_scope(one.fleet, second)), second) for one in (over, anew)
    ]
    assert lines[0] == lines[1]


@given(st.randoms(use_true_random=False))
def test_a_card_comes_back_from_its_file_as_it_was(tmp_path_factory, draw: random.Random):
    site = planned(first_night(draw), FIRST)

    again = through_a_file(tmp_path_factory.mktemp("kept"), site)

    kept = {key: one for key, one in site.sources.to_keep.items() if one.until > FIRST}
    assert {key: one._replace(line=b"") for key, one in again.items()} == kept


def test_what_has_not_changed_is_not_read(tmp_path):
    known = made_up.history(40, 400)
    whole = histories.Confused(**vars(known))
    kept = through_a_file(tmp_path, planned(whole, made_up.NOW))
    later = made_up.NOW + timedelta(minutes=1)
    news = Watched(histories.Confused(**vars(made_up.one_percent_more(known, now=later))))

    site = planned(news, later, kept)

    assert len(site.cards) == 40
    assert sum(len(one.ticks) for one in site.cards) == 401
    (key,) = news.read
    assert key in {one.key for one in site.cards if len(one.ticks) == 11}


def changed(known: made_up.History, place: int, **values: Any) -> histories.Confused:
    """Return a history in which one drill is another; nothing else is known of it."""
    drills = list(known.drills)
    drills[place] = replace(drills[place], **values)
    return histories.Confused(**(vars(known) | {"drills": drills}))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"teardown": "leaked"}, {"teardown": "clean"}),
        ({"teardown": "pending"}, {"teardown": "leaked", "teardown_reason": "it stayed"}),
        (
            {"outcome": None, "state": "restoring", "finished_at": None},
            {"teardown": "clean"},
        ),
    ],
)
def test_a_drill_that_may_still_change_is_read_again(tmp_path, before, after):
    known = made_up.history(10, 60)
    kept = through_a_file(tmp_path, planned(changed(known, -1, **before), made_up.NOW))
    later = made_up.NOW + timedelta(minutes=5)

    over, anew = (planned(changed(known, -1, **after), later, one) for one in (kept, None))

    assert over.cards == anew.cards


def test_another_promise_or_look_makes_another_card(tmp_path):
    known = histories.Confused(**vars(made_up.history(10, 60)))
    kept = through_a_file(tmp_path, planned(known, made_up.NOW))
    later = made_up.NOW + timedelta(hours=2)
    key, other = sorted(known.observations)[:2]
    seen: Observation = replace(known.observations[key], taken_at=later, volume_gb=77)
    known.observations = known.observations | {key: seen}
    known.promises = {other: Objectives(proof_validity=DAY)}

    over, anew = planned(known, later, kept), planned(known, later)

    assert over.cards == anew.cards
    assert over.fleet.by_key[key].volume_gb == 77
    assert over.fleet.by_key[other].validity == DAY


FLEET = histories.Confused(**vars(made_up.history(6, 40)))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garble(path: Path) -> None:
    path.write_bytes(b"\x00\xff" * 40)


def spoil(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[whole.rindex(b"\t") + 40] ^= 1
    path.write_bytes(whole)


def resealed(path: Path, change: Callable[[str], object]) -> None:
    """Change what is counted of each source, as somebody would who knows how the file is made."""
    head, *lines, _seal = path.read_bytes().splitlines(keepends=True)
    parts = (line.decode().split("\t") for line in lines)
    changed = [f"{json.dumps(change(first))}\t{second}".encode() for first, second in parts]
    path.write_bytes(b"".join(_sealed([head, *changed])))


def retype(path: Path) -> None:
    resealed(path, lambda counted: {"card": counted})


def shorten(path: Path) -> None:
    resealed(path, lambda counted: json.loads(counted)[:-1])


def without_end(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-2]))


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize(
    "harm", [cut, empty, garble, spoil, retype, shorten, without_end, link, Path.unlink]
)
def test_a_file_that_is_odd_counts_as_not_there(tmp_path, harm: Callable[[Path], None]):
    site = planned(FLEET, FIRST)
    assert through_a_file(tmp_path, site)

    harm(tmp_path / "cards")

    assert read_kept(tmp_path / "cards", site.context) == {}


@pytest.mark.parametrize(
    "context",
    [
        {"tool_version": "2"},
        {"language": "zh"},
        {"clouds": {"frankfurt": "Frankfurt"}},
        {"regions": {"frankfurt": "de"}},
        {"is_redacted": True},
        {"at": FIRST - timedelta(milliseconds=1)},
    ],
)
def test_cards_of_another_report_do_not_count(tmp_path, context):
    site = planned(FLEET, FIRST)
    assert through_a_file(tmp_path, site)

    assert read_kept(tmp_path / "cards", replace(site.context, **context)) == {}


def test_cards_of_other_code_do_not_count(tmp_path, monkeypatch):
    site = planned(FLEET, FIRST)
    assert through_a_file(tmp_path, site)

    monkeypatch.setattr("drill.report.kept.code_digest", lambda: "other")

    assert read_kept(tmp_path / "cards", site.context) == {}


def test_every_ending_has_a_code_of_its_own():
    assert [one.code for one in ENDINGS] == list(range(len(ENDINGS)))
    assert len(set(ENDINGS)) == len(ENDINGS)
    assert State.FINISHED.value == FINISHED


@pytest.mark.parametrize("seed", range(6))
def test_a_tick_says_of_a_drill_what_the_drill_says(seed):
    drills: Sequence[DrillFacts] = histories.confused(seed).drills

    for drill in drills:
        tick = tick_of(drill)
        ending = ending_of(drill)
        assert (ending.outcome, ending.is_simulated) == (drill.outcome, drill.is_simulated)
        assert ending.is_finished == (drill.outcome is not None and drill.state == "finished")
        assert ending.is_leaked == (drill.teardown == "leaked")
        assert tick.night == drill.scheduled_for.date()
        assert (tick.id, tick.plan, tick.source) == (drill.id, drill.plan_name, drill.source)
