"""Counts a report again out of its data files alone, without any code of ``drill``.

It is a second reading of docs/compliance.md, docs/report.md and docs/coverage.md: what a page
prints and this cannot find has no basis that an auditor could check.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

DAY = timedelta(days=1)
NEVER = datetime.min.replace(tzinfo=UTC)
Row = dict[str, str]
Key = tuple[str, str]

PASSES = {"passed", "passed_late"}
FAILURES = {"failed_restore", "failed_check"}
OF = "{} of {}"


def instant(text: str) -> datetime | None:
    """Read an instant of a data file; empty is not known."""
    return datetime.fromisoformat(text) if text else None


def span(text: str) -> timedelta | None:
    """Read whole milliseconds; empty is not known."""
    return timedelta(milliseconds=int(text)) if text else None


def number(text: str) -> int | None:
    """Read a whole number; empty is not known."""
    return int(text) if text else None


def nearest_rank(values: list[float], percent: int) -> float | None:
    """Return x[ceil(p n)], and None of nothing."""
    ordered = sorted(values)
    return ordered[math.ceil(percent * len(ordered) / 100) - 1] if ordered else None


def part_of(part: float | None, whole: float | None, empty: str = "no data") -> str:
    """Say a share as the pages do."""
    return OF.format(part, whole) if whole else empty


@dataclass
class Drill:
    """One line of drills.csv, as far as figures need it."""

    row: Row
    id: str = ""
    key: Key = ("", "")
    tier: int | None = None
    slot: datetime = NEVER
    enlisted: datetime = NEVER
    accepted: datetime | None = None
    finished: datetime | None = None
    outcome: str = ""
    level: int = 0
    is_real: bool = True

    def __post_init__(self) -> None:
        row = self.row
        self.id, self.key = row["drill_id"], (row["cloud"], row["source_id"])
        self.tier, self.level = number(row["tier"]), int(row["level"])
        self.slot = instant(row["scheduled_for"]) or NEVER
        self.enlisted = instant(row["enlisted_at"]) or NEVER
        self.accepted = instant(row["restore_accepted_at"])
        self.finished, self.outcome = instant(row["finished_at"]), row["outcome"]
        self.is_real = row["is_simulated"] == "false"

    @property
    def passed(self) -> bool:
        return self.is_real and self.outcome in PASSES

    @property
    def failed(self) -> bool:
        return self.is_real and self.outcome in FAILURES

    @property
    def executed(self) -> bool:
        return self.is_real and (self.accepted is not None or self.outcome in PASSES | FAILURES)

    @property
    def proof(self) -> bool:
        return self.passed and self.level >= 3


@dataclass
class Recount:
    """Everything that the data files of one report hold."""

    folder: Path
    at: datetime = NEVER
    since: datetime | None = None
    is_narrowed: bool = False
    """Whether the report leaves out more than what came before its period."""
    drills: list[Drill] = field(default_factory=list)
    """Newest slot first, equal ones by when they were enlisted, then as in the file."""
    sources: dict[Key, Row] = field(default_factory=dict)
    excluded: set[Key] = field(default_factory=set)
    by_source: dict[Key, list[Drill]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        head = json.loads((self.folder / "data" / "drills.json").read_text())
        self.at = datetime.fromisoformat(head["as_of"])
        self.since = instant(head["since"] or "")
        words = (head["scope"] or "").split()
        self.is_narrowed = any(one.startswith("--") and one != "--since" for one in words)
        rows = self.rows("drills")
        for file in sorted((self.folder / "data").glob("drills-*.csv.gz")):
            text = gzip.decompress(file.read_bytes()).decode()
            rows += list(csv.DictReader(io.StringIO(text, newline="")))
        self.drills = [Drill(row) for row in rows]
        self.drills.sort(key=lambda one: (one.slot, one.enlisted), reverse=True)
        self.sources = {(one["cloud"], one["source_id"]): one for one in self.rows("sources")}
        self.excluded = {
            (one["cloud"], one["source_id"])
            for one in self.rows("exceptions")
            if one["kind"] == "exclusion" and one["state"] == "open" and one["source_id"]
            and one["approver"] and one["approver"].lower() != one["opened_by"].lower()
        }  # fmt: skip
        for drill in self.drills:
            self.by_source.setdefault(drill.key, []).append(drill)

    def rows(self, name: str) -> list[Row]:
        """Return the lines of one CSV file."""
        text = (self.folder / "data" / f"{name}.csv").read_text(encoding="utf-8")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    # Sources.

    @property
    def scope(self) -> list[Key]:
        """Return the sources that count."""
        return [
            key
            for key, one in self.sources.items()
            if one["is_simulated"] == "false" and key not in self.excluded
        ]

    def inventory(self) -> dict[str, int]:
        """Sort every instance into its part: by what was listed, drilled, looked at and decided."""
        lines = {(one["cloud"], one["source_id"]): one for one in self.rows("inventory")}
        parts: Counter[str] = Counter()
        for key, line in lines.items():
            known = self.sources.get(key)
            if known is not None and known["is_simulated"] == "true":
                part = "simulated"
            elif key in self.excluded:
                part = "excluded"
            else:
                part = "in_scope" if known is not None else "without_plan"
            assert line["part"] == part, key
            if part == "without_plan":
                assert (line["is_listed"], line["has_plan"]) == ("true", "false"), key
            parts[part] += 1
        assert set(self.sources) <= set(lines)
        return {"inventory": len(lines), **parts}

    def listed(self) -> dict[str, tuple[int | None, int]]:
        """Return how many instances each cloud listed, and how many of its sources are known."""
        found = {}
        for one in self.rows("clouds"):
            lines = [line for line in self.rows("inventory") if line["cloud"] == one["cloud"]]
            count = sum(1 for line in lines if line["is_listed"] == "true")
            known = sum(1 for key in self.sources if key[0] == one["cloud"])
            assert bool(one["listed_at"]) == bool(one["listed"])
            assert not one["listed"] or int(one["listed"]) == count
            found[one["cloud"]] = (number(one["listed"]), known)
        return found

    def cadence(self, key: Key) -> timedelta:
        """Return how long a pass of a source counts."""
        one = self.sources[key]
        found = span(one["cadence_ms"]) or span(one["proof_validity_ms"])
        assert found is not None
        return found

    def within(self, key: Key, counts: Callable[[Drill], bool]) -> bool:
        """Tell whether a drill that counts finished within the cadence."""
        return any(
            counts(one)
            and one.outcome != ""
            and one.finished is not None
            and one.finished <= self.at < one.finished + self.cadence(key)
            for one in self.by_source.get(key, ())
        )

    def covered(self, keys: Iterable[Key]) -> tuple[int, int]:
        """Return fleet coverage of some sources."""
        keys = list(keys)
        return sum(self.within(key, lambda one: one.proof) for key in keys), len(keys)

    def attempted(self) -> tuple[int, int]:
        """Return how many sources in scope had a restore within their cadence."""
        scope = self.scope
        return sum(self.within(key, lambda one: one.executed) for key in scope), len(scope)

    def grouped(self) -> dict[str, tuple[int, int]]:
        """Return fleet coverage by tier and by cadence, as coverage.csv calls the groups."""
        groups: dict[str, list[Key]] = {}
        for key in self.scope:
            tier = self.tier(key)
            groups.setdefault(f"tier_{tier}" if tier is not None else "no_tier", []).append(key)
            milliseconds = self.cadence(key) // timedelta(milliseconds=1)
            groups.setdefault(f"cadence_{milliseconds}_ms", []).append(key)
        return {name: self.covered(keys) for name, keys in groups.items()}

    def tier(self, key: Key) -> int | None:
        """Return the tier of the newest drill that has one."""
        tiers = (one.tier for one in self.by_source.get(key, ()))
        return next((one for one in tiers if one is not None), None)

    def newest_proof(self, key: Key) -> datetime | None:
        """Return when the newest proof of a source finished."""
        ended = [
            one.finished
            for one in self.by_source.get(key, ())
            if one.proof and one.finished is not None
        ]
        return max(ended, default=None)

    def in_time(self, key: Key) -> bool:
        """Tell whether the newest proof has not run out."""
        newest, validity = self.newest_proof(key), span(self.sources[key]["proof_validity_ms"])
        return newest is not None and validity is not None and newest + validity > self.at

    def is_failed(self, key: Key) -> bool:
        """Tell whether the newest conclusive drill of a source failed."""
        conclusive = [
            one
            for one in self.by_source.get(key, ())
            if (one.passed or one.failed) and one.row["state"] == "finished"
        ]
        return bool(conclusive) and conclusive[0].failed

    def recoverable(self, keys: Iterable[Key]) -> tuple[int, int]:
        """Return how many of some sources have a valid proof and no later failure."""
        keys = list(keys)
        return sum(self.in_time(key) and not self.is_failed(key) for key in keys), len(keys)

    def oldest_proof(self) -> timedelta | None:
        """Return the age of the oldest of the newest proofs; None if any source has none."""
        ended = [self.newest_proof(key) for key in self.scope]
        known = [one for one in ended if one is not None]
        return self.at - min(known) if known and len(known) == len(ended) else None

    def proven(self) -> tuple[int, int]:
        """Return proven and advertised milliseconds of the sources in scope."""
        rows = [self.sources[key] for key in self.scope]
        known = [one for one in rows if number(one["advertised_ms"])]
        return (
            sum(number(one["proven_ms"]) or 0 for one in known),
            sum(number(one["advertised_ms"]) or 0 for one in known),
        )

    def beyond_rpo(self) -> tuple[int, int, int]:
        """Return sources beyond their RPO target, with one, and with a reading of their lag."""
        late = promised = read = 0
        for key in self.scope:
            one = self.sources[key]
            if not one["windows_read_at"]:
                continue
            read += 1
            targets = (span(drill.row["rpo_target_ms"]) for drill in self.by_source.get(key, ()))
            target = next((one for one in targets if one), None)
            lag = span(one["lag_ms"])
            promised += target is not None
            late += target is not None and (lag is None or lag > target)
        return late, promised, read

    # Nights.

    def nights(self) -> list[list[Row]]:
        """Return the lines of each of the 89 nights before that of the report, the oldest first."""
        by_night: dict[str, list[Row]] = {}
        for row in self.rows("history"):
            taken = datetime.fromisoformat(row["taken_at"])
            assert row["night"] == f"{taken + DAY / 2:%Y-%m-%d}"
            assert taken <= self.at
            by_night.setdefault(row["night"], []).append(row)
        for rows in by_night.values():
            assert len({row["cloud"] for row in rows}) == len(rows)
        days = [self.at + DAY / 2 - back * DAY for back in range(89, 0, -1)]
        return [by_night.get(f"{day:%Y-%m-%d}", []) for day in days]

    def shares(self) -> list[float | None]:
        """Return proven of advertised time on 90 days, of which the last is the report."""
        parts = [
            (
                sum(int(row["proven_ms"]) for row in rows),
                sum(int(row["advertised_ms"]) for row in rows),
            )
            for rows in self.nights()
        ]
        return [part / whole if whole else None for part, whole in (*parts, self.proven())]

    def lags(self) -> list[float | None]:
        """Return the worst lag of 89 nights in milliseconds: beyond its target first."""
        found: list[float | None] = []
        for rows in self.nights():
            lags = []
            for row in rows:
                lag = float(row["worst_lag_ms"] or math.inf)
                target = row["worst_rpo_target_ms"]
                rank = 0 if not target else 1 + (lag > int(target))
                if row["worst_source_id"]:
                    lags.append((rank, lag))
            found.append(max(lags)[1] if lags else None)
        return found

    # Drills.

    @property
    def period(self) -> list[Drill]:
        """Return the real drills whose slot is not after the end of the period."""
        return [one for one in self.drills if one.is_real and one.slot <= self.at]

    def operation(self) -> dict[str, int]:
        """Count the slots of the period: scheduled, executed, passed, and how the rest ended."""
        found: Counter[str] = Counter(
            {"scheduled": len(self.period), "executed": 0, "passed": 0, "late": 0}
        )
        for one in self.period:
            found["executed"] += one.executed
            found["passed"] += one.passed
            found["late"] += one.outcome == "passed_late"
            if one.outcome not in PASSES:
                word = one.outcome or "under_way"
                found[f"{'done' if one.executed else 'not'}:{word}"] += 1
        return dict(found)

    def due(self, days: int) -> list[Drill]:
        """Return the real drills of the last days, without the instant at which they began."""
        return [one for one in self.period if self.at - days * DAY < one.slot]

    def attained(self, name: str, drills: Iterable[Drill]) -> dict[str, float | None]:
        """Return one objective over conclusive drills: a failed one took forever."""
        conclusive = [one for one in drills if one.passed or one.failed]
        actual = [math.inf if one.failed else span(one.row[f"{name}_ms"]) for one in conclusive]
        values = [
            one / timedelta(milliseconds=1) if isinstance(one, timedelta) else one
            for one in actual
            if one is not None
        ]
        targets = [span(one.row[f"{'rto' if name == 'rta' else 'rpo'}_target_ms"])
                   for one in conclusive]  # fmt: skip
        both = [
            (was, target)
            for was, target in zip(actual, targets, strict=True)
            if was is not None and target is not None
        ]
        met = sum(isinstance(was, timedelta) and was <= target for was, target in both)
        few = len(values) < 20
        return {
            "conclusive": len(conclusive), "with_target": len(both), "met": met,
            "not_measured": len(conclusive) - len(values),
            "p50_ms": nearest_rank(values, 50), "p90_ms": nearest_rank(values, 90),
            "p95_ms": None if few else nearest_rank(values, 95),
            "longest_ms": nearest_rank(values, 100),
        }  # fmt: skip

    def failures(self) -> tuple[list[timedelta], int]:
        """Return how long each failure that ended lasted, and how many last."""
        spans: list[timedelta] = []
        lasting = 0
        for drills in self.by_source.values():
            known = [one for one in drills if one.finished is not None and one.finished <= self.at]
            began: datetime | None = None
            for one in sorted(known, key=lambda one: (one.finished, one.id)):
                if one.failed and began is None:
                    began = one.finished
                elif one.passed and began is not None and one.finished is not None:
                    spans.append(one.finished - began)
                    began = None
            lasting += began is not None
        return spans, lasting

    def statement(self) -> tuple[int, int, float | None]:
        """Return what was drawn at random, one drill a source, what passed, and the lower bound.

        The bound is the exact one: the smallest chance at which so many passes would still be seen
        in one of twenty tries; inconclusive drills are left out.
        """
        first: dict[Key, Drill] = {}
        for one in sorted(self.period, key=lambda one: (one.slot, one.id)):
            is_drawn = one.row["policy"] == "random" and len(one.row["seed"]) == 64
            if is_drawn and one.outcome:
                first.setdefault(one.key, one)
        passed = sum(one.proof for one in first.values())
        n = passed + sum(one.failed for one in first.values())
        low, high = 0.0, 1.0
        for _ in range(60 if passed else 0):
            middle = (low + high) / 2
            tail = sum(
                math.comb(n, hits) * middle**hits * (1 - middle) ** (n - hits)
                for hits in range(passed, n + 1)
            )
            low, high = (middle, high) if tail < 0.05 else (low, middle)
        return len(first), passed, low if n else None

    # What people said.

    def exceptions(self) -> dict[str, int]:
        """Count exceptions by what their own instants say."""
        found: Counter[str] = Counter({"open": 0, "closed": 0, "expired": 0})
        for one in self.rows("exceptions"):
            closed, expires = instant(one["closed_at"]), instant(one["expires_at"])
            state = "open"
            if expires is not None and expires <= self.at:
                state = "expired"
            if closed is not None and closed <= self.at:
                state = "closed"
            assert one["state"] == state
            holds = state == "open"
            found[state] += 1
            found["soon"] += holds and expires is not None and expires <= self.at + 30 * DAY
            untested = one["kind"] == "finding" and not one["retest_drill_id"]
            found["untested"] += state == "closed" and untested
        return dict(found)

    def accepted(self) -> tuple[int, int]:
        """Return how many finished drills the newest review that still stands accepted."""
        standing = [one for one in self.rows("reviews") if self._stands(one)]
        standing.sort(key=lambda one: (one["signed_at"], one["review_id"]), reverse=True)
        finished = [one for one in self.period if one.outcome]
        done = 0
        for drill in finished:
            last = next((one for one in standing if self._covers(one, drill)), None)
            done += last is not None and last["verdict"] == "accepted"
        return done, len(finished)

    def _about(self, review: Row) -> list[Drill]:
        if review["drill_id"]:
            return [one for one in self.drills if one.id == review["drill_id"]]
        begin, end = instant(review["period_from"]), instant(review["period_to"])
        return [one for one in self.drills if begin and end and begin <= one.slot < end]

    def _is_same(self, review: Row) -> bool | None:
        begin = instant(review["period_from"])
        about = self._about(review)
        if self.is_narrowed or not review["sha256"]:
            return None
        if self.since is not None and (self.since > begin if begin else not about):
            return None
        lines = "".join(
            f"{one.id} {one.outcome or 'unfinished'} {one.level}\n"
            for one in sorted(about, key=lambda one: (one.slot, one.id))
        )
        return hashlib.sha256(lines.encode()).hexdigest() == review["sha256"]

    def _stands(self, review: Row) -> bool:
        is_same = self._is_same(review)
        said = {True: "true", False: "false", None: ""}[is_same]
        assert review["drills_are_still_those"] == said
        names = {one.strip().lower() for one in review["initiator"].split(",")}
        is_own = review["reviewer"].lower() in names
        assert (review["reviewer_is_not_initiator"] == "false") == is_own
        return is_same is not False and not is_own

    def _covers(self, review: Row, drill: Drill) -> bool:
        signed = instant(review["signed_at"])
        is_known = drill.finished is not None and signed is not None and drill.finished <= signed
        return is_known and drill in self._about(review)
