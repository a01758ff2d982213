"""Cards of sources: made of where each stands, and kept from report to report."""

from __future__ import annotations

from datetime import datetime

from drill.recovery.coverage.fleet import failures, last_attempt, last_proof
from drill.recovery.coverage.reading import validity_of
from drill.recovery.coverage.reconciliation import operation_of
from drill.recovery.coverage.totals import fleet_sums, rpo_target_of
from drill.recovery.tick import Tick, micro
from drill.report.context import Context
from drill.report.past import SourcePast
from drill.report.source_data import source_cells
from drill.report.view.card import Card, PrintedNow
from drill.report.view.fleet import FAILURES
from drill.report.view.fleet_row import fleet_row
from drill.report.view.sparks import proof_ends
from drill.report.view.standing import Standing, name_of


def card_of(one: Standing, ticks: tuple[Tick, ...], context: Context, *, page_digest: str) -> Card:
    """Return what the pages of the fleet know of a source; ``ticks`` are those of its drills."""
    at, drills, seen = context.at, one.past.drills, one.past.observation
    newest, proof, promise = one.newest, one.newest_proof, one.promise
    now = micro(at)
    has_failed = any(drill.outcome in FAILURES for drill in drills)
    return Card(
        key=one.key,
        name=name_of(one.past),
        status=one.status,
        tier=one.tier,
        is_simulated=one.is_simulated,
        volume_gb=seen.volume_gb if seen else None,
        cadence=promise.cadence or validity_of(promise),
        validity=validity_of(promise),
        proven=one.metrics["proven"].value,
        proof_at=proof.finished_at if proof else None,
        expires_at=one.expires_at,
        covered_at=last_proof(drills, at=at),
        attempted_at=last_attempt(drills, at=at),
        looked_at=seen.taken_at if seen else None,
        known_since=_known_since(one.past),
        reason=newest.reason if newest else None,
        sums=fleet_sums([(one.key, one.ground, rpo_target_of(drills))]),
        ticks=ticks,
        operation=operation_of(tick for tick in ticks if tick.slot <= now),
        failures=failures(drills, at=at) if has_failed else (),
        proof_ends=proof_ends(drills, at),
        printed=PrintedNow(row=fleet_row(one, context), cells=source_cells(one, context)),
        page_digest=page_digest,
    )


def _known_since(past: SourcePast) -> datetime | None:
    seen = past.observation
    if seen is not None and seen.created_at is not None:
        return seen.created_at
    known = [drill.enlisted_at for drill in past.drills]
    known += [seen.taken_at] if seen is not None else []
    return min(known, default=None)
