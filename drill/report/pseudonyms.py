"""Names and ids replaced by pseudonyms, for a report that leaves the house.

The same name is the same pseudonym in every report that is made with the same key, and without the
key nobody can try names out. Free text may hold names, so it is withheld as a whole.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace

from drill.engine.reviewing import NO_INITIATOR
from drill.recovery.facts import (
    DrillFacts,
    ExceptionNote,
    NightlySums,
    Observation,
    Population,
    Review,
    SourceKey,
)
from drill.recovery.ordering import newest_first
from drill.recovery.persons import reading_of
from drill.report.past import Past, past_of

KEY_BYTES = 32
WITHHELD = "withheld"


class Pseudonyms:
    """Gives names to things by a secret key."""

    def __init__(self, key: bytes) -> None:
        if len(key) < KEY_BYTES:
            raise ValueError(f"a key of pseudonyms has at least {KEY_BYTES} bytes")
        self._key = key
        self._known: dict[tuple[str, str], str] = {}

    def of(self, kind: str, name: str) -> str:
        """Return the pseudonym of a name; the same name of another kind has another one."""
        known = self._known.get((kind, name))
        if known is None:
            message = f"{kind}\0{name}".encode("utf-8", "surrogatepass")
            digest = hmac.new(self._key, message, hashlib.sha256).hexdigest()
            known = self._known[kind, name] = f"{kind}-{digest[:12]}"
        return known

    def perhaps(self, kind: str, name: str | None) -> str | None:
        """Return the pseudonym, or None for nothing."""
        return None if name is None else self.of(kind, name)

    def person(self, name: str) -> str:
        """Return the pseudonym of a person: other spellings of a name have the same one."""
        return self.of("person", reading_of(name))

    def people(self, names: str | None) -> str | None:
        """Return the pseudonyms of names that are listed with commas."""
        if names is None:
            return None
        return ", ".join(sorted({self.person(one) for one in names.split(",") if one.strip()}))

    def source(self, key: SourceKey) -> SourceKey:
        """Return the pseudonyms of a cloud and of a source in it."""
        return self.of("cloud", key[0]), self.of("source", "\0".join(key))

    def drill(self, drill: DrillFacts) -> DrillFacts:
        """Return the drill without a name; instants, outcomes and measures stay."""
        cloud, source_id = self.source(drill.source)
        return replace(
            drill,
            id=self.of("drill", drill.id),
            plan_name=self.of("plan", drill.plan_name),
            plan_digest=self.of("digest", drill.plan_digest),
            group=self.perhaps("group", drill.group),
            cloud=cloud,
            source_id=source_id,
            source_name=source_id if drill.source_name else None,
            target_id=self.perhaps("target", drill.target_id),
            target_name=self.perhaps("target", drill.target_name),
            initiated_by=self.people(drill.initiated_by),
            reason=_withheld(drill.reason),
            hint=None,
            failing=tuple(self.of("part", name) for name in drill.failing),
            checks=tuple((self.of("part", name), answer) for name, answer in drill.checks),
            teardown_reason=_withheld(drill.teardown_reason),
            base_id=self.perhaps("backup", drill.base_id),
            restore_job_id=self.perhaps("job", drill.restore_job_id),
            seed=self.perhaps("seed", drill.seed),
        )

    def observation(self, seen: Observation) -> Observation:
        """Return the observation without a name."""
        cloud, source_id = self.source(seen.source)
        return replace(
            seen,
            cloud=cloud,
            source_id=source_id,
            source_name=source_id if seen.source_name else None,
            fault=_withheld(seen.fault),
            backups=tuple(
                replace(
                    backup,
                    id=self.of("backup", backup.id),
                    instance_id=source_id,
                    name=self.of("backup", backup.name),
                    databases=(),
                )
                for backup in seen.backups
            ),
        )

    def note(self, note: ExceptionNote) -> ExceptionNote:
        """Return the exception without a name."""
        source = (note.cloud, note.source_id) if note.source_id is not None else None
        return replace(
            note,
            id=self.of("exception", note.id),
            cloud=self.of("cloud", note.cloud),
            source_id=self.source(source)[1] if source else None,
            plan_name=self.perhaps("plan", note.plan_name),
            drill_id=self.perhaps("drill", note.drill_id),
            reason=WITHHELD,
            owner=self.person(note.owner),
            approver=self.people(note.approver),
            ticket=self.perhaps("ticket", note.ticket),
            opened_by=self.person(note.opened_by),
            closed_by=self.people(note.closed_by),
            closing_reason=_withheld(note.closing_reason),
            retest_drill_id=self.perhaps("drill", note.retest_drill_id),
        )

    def population(self, seen: Population) -> Population:
        """Return the population without a name."""
        ids = [self.source((seen.cloud, one))[1] for one, _name in seen.instances]
        return replace(
            seen,
            cloud=self.of("cloud", seen.cloud),
            instances=tuple(sorted((one, one) for one in ids)),
            in_scope=tuple(sorted(self.source((seen.cloud, one))[1] for one in seen.in_scope)),
            fault=_withheld(seen.fault),
        )

    def night(self, kept: NightlySums) -> NightlySums:
        """Return the sums of a night without a name; whose lag was the worst is one."""
        worst = kept.sums.worst
        if worst is not None:
            worst = replace(worst, source=self.source(worst.source))
        return replace(
            kept, cloud=self.of("cloud", kept.cloud), sums=replace(kept.sums, worst=worst)
        )

    def review(self, review: Review) -> Review:
        """Return the review without a name."""
        return replace(
            review,
            id=self.of("review", review.id),
            reviewer=self.person(review.reviewer),
            initiator=self.people(review.initiator),
            drill_id=self.perhaps("drill", review.drill_id),
            comment=WITHHELD if review.comment else "",
            facts={name: count for name, count in review.facts.items() if name == NO_INITIATOR},
        )

    def past(self, past: Past) -> Past:
        """Return the whole past without a name."""
        seen: Mapping[SourceKey, Observation] = {
            self.source(key): self.observation(one.observation)
            for key, one in past.sources.items()
            if one.observation is not None
        }
        return past_of(
            newest_first(self.drill(drill) for drill in past.drills),
            seen,
            exceptions=[self.note(note) for note in past.exceptions],
            populations=[self.population(one) for one in past.populations],
            reviews=[self.review(one) for one in past.reviews],
            nights=None if past.nights is None else [self.night(one) for one in past.nights],
        )


def _withheld(text: str | None) -> str | None:
    return WITHHELD if text else text
