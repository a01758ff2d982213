"""Which proofs of a source still stand, and why one that has not run out may prove nothing now.

Two things end a proof: its validity (then the source is no longer proven), and that what was
drilled can no longer be restored or has failed since (then the standing holds, and nothing of the
restore window is dark). A page says both, so that its sentence and its tables agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drill.clock import to_milliseconds
from drill.recovery.coverage.evidence import CHAIN_LEVEL
from drill.recovery.coverage.intervals import segment_at
from drill.recovery.facts import DrillFacts
from drill.report.language import _
from drill.report.view.formats import Moment, minute, moment, perhaps
from drill.report.view.links import Links
from drill.report.view.signs import Sign, level_sign
from drill.report.view.standing import Standing, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRow:
    """One drill that proves something of this source."""

    what: str
    begin: Moment | None
    end: Moment | None
    how: str
    level: Sign
    finished_at: Moment | None
    page: str | None


def proof_rows(one: Standing, links: Links) -> Iterable[ProofRow]:
    """Yield the valid proofs, the newest first: stretches, and images that lie in none of them."""
    for drill in one.past.drills:
        if drill.id not in one.standing_proofs or drill.point_at is None:
            continue
        is_direct = drill.id in one.proof.direct_ids
        how = drill.base_how if drill.mode == "pitr" else "reported"
        yield ProofRow(
            what=_what(drill.id, one) if is_direct else _("image"),
            begin=perhaps(drill.base_at),
            end=moment(drill.point_at),
            how=_("reported by the provider") if how == "reported" else _("assumed: the latest"),
            level=level_sign(drill.level),
            finished_at=minute(drill.finished_at) if drill.finished_at else None,
            page=links.drill(drill),
        )


def _what(drill_id: str, one: Standing) -> str:
    return _("instant") if drill_id in one.proof.without_base else _("chain and image")


def no_proof_text(one: Standing) -> str:
    """Return what stands in the place of the proofs where there are none."""
    if one.is_in_time:
        return _("No proof of anything that is restorable now.")
    return _("No valid proof.")


def caveat_of(one: Standing) -> str:
    """Return why nothing that is restorable now is proven, although the newest proof has not run
    out; empty where something is, or where the standing promises no proof."""
    newest = one.newest_proof
    is_silent = one.status in {Status.FAILED, Status.SIMULATED} or one.standing_proofs
    if newest is None or not one.is_in_time or is_silent:
        return ""
    if one.window is None:
        return _("What of it is restorable is not known: the restore windows were never read.")
    return _reason(newest, one)


def _reason(drill: DrillFacts, one: Standing) -> str:
    if drill.point_at is None:
        return _("Nothing that is restorable now is proven: the newest proof names no point.")
    point, is_pitr = to_milliseconds(drill.point_at), drill.mode == "pitr"
    text = minute(drill.point_at).text
    if drill.id in one.proof.contradictions:
        return _("Nothing that is restorable now is proven: the newest proof crosses a gap.")
    if is_pitr and segment_at(one.proof.advertised, point) is None:
        return _(
            "Nothing that is restorable now is proven: the drilled instant, {point} UTC, has left "
            "the restore windows."
        ).format(point=text)
    if not is_pitr and all(base.ended != point for base in one.proof.bases):
        return _(
            "Nothing that is restorable now is proven: the drilled backup, of {point} UTC, is no "
            "longer listed."
        ).format(point=text)
    if is_pitr and drill.level < CHAIN_LEVEL:
        return _(
            "Nothing that is restorable now is proven: the newest proof is of a backup alone, and "
            "that is not listed or has failed since."
        )
    return _(
        "Nothing that is restorable now is proven: a drill failed later where the newest proof was."
    )
