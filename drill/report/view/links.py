"""Which drills and sources have a page of their own, and where it is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import takewhile

from drill.recovery.facts import DrillFacts, SourceKey
from drill.recovery.tick import Tick, instant, micro
from drill.recovery.verdict import Outcome
from drill.report.view.fleet import is_leaked, page_name

RECENT = timedelta(days=35)
"""How long a drill that passed has a page of its own."""
PAGES_AT_MOST = 2000
"""Pages of drills in one report; beyond, only the newest that did not pass have one."""

_NEVER = datetime.max.replace(tzinfo=UTC)
_ALWAYS = datetime.min.replace(tzinfo=UTC)

_HARMLESS = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Leads from a drill to its page; None where it has none."""

    passed_after: datetime = _ALWAYS
    """Passed drills with a later slot have a page."""
    others_after: datetime = _ALWAYS
    """So have those with a later slot that did not pass."""
    chosen: frozenset[str] = frozenset()
    """Ids of drills that have a page whatever became of them, such as those of a sample."""

    def drill(self, drill: DrillFacts) -> str | None:
        """Return the file name of the page below ``d/``."""
        return page_name(drill.id) if self.has_page(drill) else None

    def has_page(self, drill: DrillFacts) -> bool:
        """Tell whether the drill has a page; what is leaked or under way always has one."""
        slot, leaked = micro(drill.scheduled_for), is_leaked(drill)
        return self._leads_to(drill.id, drill.outcome, slot, leaked=leaked)

    def of(self, tick: Tick) -> str | None:
        """Return the file name of the page of a drill that is counted."""
        return page_name(tick.id) if self.leads_to(tick) else None

    def leads_to(self, tick: Tick) -> bool:
        """Tell whether a drill that is counted has a page."""
        ending = tick.ending
        return self._leads_to(tick.id, ending.outcome, tick.slot, leaked=ending.is_leaked)

    def among(self, ticks: Iterable[Tick]) -> Iterator[Tick]:
        """Yield the drills that have a page."""
        if self.others_after == _NEVER:
            return
        both = _borders(self.passed_after, self.others_after)
        low, high, chosen = min(both), max(both), self.chosen
        for one in ticks:
            if one.slot > low:
                # Between the two borders it depends on how the drill ended.
                if one.slot > high or self.leads_to(one):
                    yield one
            elif (one.ending.is_open or one.id in chosen) and self.leads_to(one):
                yield one

    def _leads_to(self, drill_id: str, outcome: Outcome | None, slot: int, *, leaked: bool) -> bool:
        if self.others_after == _NEVER:
            return False
        if outcome is None or leaked or drill_id in self.chosen:
            return True
        passed_after, others_after = _borders(self.passed_after, self.others_after)
        return slot > (passed_after if outcome is Outcome.PASSED else others_after)


@lru_cache(maxsize=64)
def _borders(*instants: datetime) -> tuple[int, ...]:
    return tuple(map(micro, instants))


NO_LINKS = Links(passed_after=_NEVER, others_after=_NEVER)
"""For a redacted report: the page of a drill holds everything, so there is none."""


def links_for(ticks: Sequence[Tick], *, at: datetime) -> Links:
    """Return which drills have a page, newest slot first, so that there are not too many."""
    passed = Outcome.PASSED
    others = [
        one.slot
        for one in ticks
        if (outcome := one.ending.outcome) is not passed and outcome is not None
    ]
    if len(others) > PAGES_AT_MOST:
        return Links(passed_after=_NEVER, others_after=instant(others[PAGES_AT_MOST]))
    room, begin = PAGES_AT_MOST - len(others), micro(at - RECENT)
    recent = takewhile(lambda one: one.slot > begin, ticks)
    slots = [one.slot for one in recent if one.ending.outcome is passed]
    return Links(passed_after=instant(slots[room]) if len(slots) > room else at - RECENT)


@lru_cache(maxsize=32_768)
def source_page(key: SourceKey) -> str:
    """Return the file name of the page of a source below ``i/``: its id, if that is harmless, and
    a digest of cloud and id together."""
    digest = hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).hexdigest()
    if _HARMLESS.fullmatch(key[1]):
        return f"{key[1]}-{digest[:10]}.html"
    return f"source-{digest[:32]}.html"
