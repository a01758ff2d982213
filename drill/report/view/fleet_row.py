"""One source as a row of a table: what it says at any instant, and the ages that it says at one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from drill.clock import to_milliseconds
from drill.recovery.coverage.totals import excess_of, rpo_target_of
from drill.recovery.pickling import quickly_pickled
from drill.report.context import Context
from drill.report.language import _
from drill.report.view.fleet import FAILURES, rto_attainment
from drill.report.view.formats import gigabytes_text, lag_text, rta_text, span_text
from drill.report.view.links import source_page
from drill.report.view.signs import Sign, Tone
from drill.report.view.small_bar import SmallBar, share_of, small_bar
from drill.report.view.standing import Standing, name_of
from drill.report.view.statuses import status_sign
from drill.report.view.text import shown

_DAY = timedelta(days=1)


@quickly_pickled
@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRow:
    """One source."""

    name: str
    page: str
    cloud: str
    region: str
    """Empty where it is not known."""
    engine: str
    size: str
    tier: str
    sign: Sign
    bar: SmallBar | None
    proven: str
    rta: str
    rto: str
    rto_tone: str
    lag: str
    lag_tone: str

    def __hash__(self) -> int:
        """Return a hash of the page alone, which tells sources apart: rows are looked up a lot."""
        return hash(self.page)


class AgedRow(NamedTuple):
    """A row at an instant: with the age of the newest proof, and with how long it is valid yet."""

    row: FleetRow
    age: str
    left: str
    left_tone: str


def fleet_row(one: Standing, context: Context) -> FleetRow:
    """Return what the row of a source says at any instant."""
    seen = one.past.observation
    newest = one.newest
    engine = seen.engine if seen else newest.engine if newest else None
    tier = one.tier
    rta, rto, rto_tone = _rto_texts(one)
    lag, lag_tone = _lag_texts(one)
    return FleetRow(
        name=shown(name_of(one.past), 80),
        page=source_page(one.key),
        cloud=context.cloud(one.key[0]),
        region=shown(context.region(one.key[0]), 80),
        engine=shown(engine, 40) or _("no data"),
        size=gigabytes_text(seen.volume_gb if seen else None),
        tier=str(tier) if tier is not None else "",
        sign=status_sign(one.status),
        bar=small_bar(one),
        proven=share_of(one, "proven"),
        rta=rta,
        rto=rto,
        rto_tone=rto_tone,
        lag=lag,
        lag_tone=lag_tone,
    )


def aged(
    row: FleetRow,
    *,
    proof_at: datetime | None,
    expires_at: datetime | None,
    is_soon: bool,
    at: datetime,
) -> AgedRow:
    """Return a row at an instant. ``is_soon`` tells whether the proof ends within a week."""
    if proof_at is None or expires_at is None:
        return AgedRow(row, _("no proof"), "", "")
    age = span_text(max(at - proof_at, timedelta(0)))
    if to_milliseconds(expires_at) <= to_milliseconds(at):
        return AgedRow(row, age, _("expired"), Tone.FAIL.value)
    left = _("{days} d left").format(days=(expires_at - at) // _DAY)
    return AgedRow(row, age, left, Tone.WARN.value if is_soon else "")


def _rto_texts(one: Standing) -> tuple[str, str, str]:
    measured = next(
        (
            drill
            for drill in one.past.drills
            if not drill.is_simulated and (drill.rta is not None or drill.outcome in FAILURES)
        ),
        None,
    )
    if measured is None:
        return _("no data"), "", ""
    has_failed = measured.outcome in FAILURES
    rta = _("not reached") if has_failed else rta_text(measured)
    if measured.rto_target is None:
        return rta, _("no target"), ""
    missed = rto_attainment(measured).value == "missed"
    return rta, span_text(measured.rto_target), Tone.FAIL.value if missed else ""


def _lag_texts(one: Standing) -> tuple[str, str]:
    lag = one.lag
    if lag is None:
        return _("no data"), ""
    is_late = excess_of(lag.milliseconds, rpo_target_of(one.past.drills)) == 2
    tone = Tone.FAIL.value if lag.kind == "none" or is_late else ""
    return lag_text(lag.milliseconds), tone
