"""The scratch instance: what it is, why it counts as scratch, and the proof that it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from drill.engine.record import DrillRecord, Teardown
from drill.guard.facts import DRILL_TAG, SCRATCH_TAG
from drill.plan.model import ExistingTarget
from drill.recovery.values import Instance
from drill.report import words
from drill.report.view.formats import Moment, gigabytes_text, moment, perhaps
from drill.report.view.signs import Sign, teardown_sign
from drill.report.view.text import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One name with its value; a value that is not known is "no data"."""

    name: str
    value: str
    at: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetView:
    """The target and its teardown."""

    kind: str
    why_scratch: tuple[str, ...]
    title: str
    facts: tuple[Fact, ...]
    teardown: Sign
    teardown_reason: str
    teardown_facts: tuple[Fact, ...]
    is_leaked: bool
    sweep: str


def target_view(record: DrillRecord) -> TargetView:
    """Return what the record says of the target; nothing is assumed that was not read."""
    return TargetView(
        kind=record.plan.target.kind,
        why_scratch=tuple(_why_scratch(record)),
        title=_title(record),
        facts=tuple(_facts(record)),
        teardown=teardown_sign(record.teardown),
        teardown_reason=shown(record.teardown_reason),
        teardown_facts=(
            fact_at("began", record.teardown_began_at),
            fact_at("intent written", record.teardown_intent_at),
            fact_at("accepted by the cloud", record.teardown_accepted_at),
            Fact(name="job id", value=shown(record.teardown_job_id) or words.NO_DATA),
            fact_at("drill finished", record.finished_at),
        )
        if record.teardown is not Teardown.NOT_NEEDED
        else (),
        is_leaked=record.teardown is Teardown.LEAKED,
        sweep=words.SWEEP,
    )


def fact_at(name: str, at: datetime | None) -> Fact:
    """Return a fact that is an instant."""
    return Fact(name=name, value=words.NO_DATA, at=perhaps(at, milliseconds=True))


def _why_scratch(record: DrillRecord) -> Iterator[str]:
    if isinstance(record.plan.target, ExistingTarget):
        yield from _why_existing_is_scratch(record)
    elif record.restore_intent_at is None:
        yield words.TARGET_NOTHING
    else:
        name = shown(record.target_name) or words.NO_DATA
        intent_at = moment(record.restore_intent_at).text
        yield words.TARGET_CREATED.format(at=intent_at, name=name)
        if record.copy is not None:
            is_tagged = record.copy.tags.get(DRILL_TAG) == record.id
            sentence = words.TARGET_COPY_TAGGED if is_tagged else words.TARGET_COPY_UNTAGGED
            yield sentence.format(key=DRILL_TAG, value=shown(record.id, 80))


def _why_existing_is_scratch(record: DrillRecord) -> Iterator[str]:
    inventory = record.inventory
    if inventory is not None and inventory.target is not None:
        is_tagged = inventory.target.tags.get(SCRATCH_TAG) == "yes"
        sentence = words.TARGET_TAGGED if is_tagged else words.TARGET_NOT_TAGGED
        yield sentence.format(key=SCRATCH_TAG, value="yes", at=moment(inventory.taken_at).text)
    if record.restore_intent_at is not None:
        yield words.TARGET_ADMITTED.format(at=moment(record.restore_intent_at).text)
    else:
        yield words.TARGET_NOTHING


def _existing(record: DrillRecord) -> Instance | None:
    """Return the existing target as it was before the restore."""
    is_existing = isinstance(record.plan.target, ExistingTarget)
    return record.inventory.target if record.inventory and is_existing else None


def _title(record: DrillRecord) -> str:
    if record.copy is not None:
        return words.COPY_TITLE
    return words.COPY_TITLE_BEFORE if _existing(record) else words.COPY_TITLE_NOTHING


def _facts(record: DrillRecord) -> Iterator[Fact]:
    target = _existing(record)
    yield _fact("id", record.target_id)
    yield _fact("name", record.target_name or (target.name if target else None))
    instance = record.copy or target
    if instance is None:
        yield Fact(name="instance", value=words.NO_DATA)
        return
    yield from _instance_facts(instance)


def _instance_facts(instance: Instance) -> Iterator[Fact]:
    yield _fact("status", instance.status)
    yield _fact("engine", f"{instance.engine} {instance.complete_version or instance.version}")
    yield _fact("flavor", instance.flavor)
    volume = gigabytes_text(instance.volume_gb)
    yield _fact("volume", f"{volume} {instance.volume_type or ''}".strip())
    yield _fact("availability zone", instance.availability_zone)
    yield _fact("VPC", instance.vpc_id)
    yield _fact("subnet", instance.subnet_id)
    yield _fact("security group", instance.security_group_id)
    yield fact_at("created", instance.created_at)
    tags = ", ".join(f"{key}={instance.tags[key]}" for key in sorted(instance.tags))
    yield _fact("tags", tags)


def _fact(name: str, value: str | None) -> Fact:
    return Fact(name=name, value=shown(value) or words.NO_DATA)
