"""The scratch instance: what it is, why it counts as scratch, and the proof that it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from drill.engine.record import DrillRecord, Teardown
from drill.guard.facts import DRILL_TAG, SCRATCH_TAG
from drill.plan.model import ExistingTarget
from drill.recovery.values import Instance
from drill.report.language import _
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

    heading: str
    why_scratch: tuple[str, ...]
    title: str
    facts: tuple[Fact, ...]
    isolation: tuple[Fact, ...]
    """Whether the copy lies where the source lies; empty where there was no copy."""
    teardown: Sign
    teardown_reason: str
    teardown_facts: tuple[Fact, ...]
    is_leaked: bool
    sweep: str


def target_view(record: DrillRecord) -> TargetView:
    """Return what the record says of the target; nothing is assumed that was not read."""
    return TargetView(
        heading=_("Target: new scratch instance")
        if record.plan.target.kind == "new"
        else _("Target: existing scratch instance"),
        why_scratch=tuple(_why_scratch(record)),
        title=_title(record),
        facts=tuple(_facts(record)),
        isolation=tuple(_isolation(record)),
        teardown=teardown_sign(record.teardown),
        teardown_reason=shown(record.teardown_reason),
        teardown_facts=(
            fact_at(_("began"), record.teardown_began_at),
            fact_at(_("intent written"), record.teardown_intent_at),
            fact_at(_("accepted by the cloud"), record.teardown_accepted_at),
            Fact(name=_("job id"), value=shown(record.teardown_job_id) or _("no data")),
            fact_at(_("drill finished"), record.finished_at),
        )
        if record.teardown is not Teardown.NOT_NEEDED
        else (),
        is_leaked=record.teardown is Teardown.LEAKED,
        sweep=_(
            "Run “drill sweep --apply”; if it stays, look it up by its id in the console of the "
            "cloud."
        ),
    )


def fact_at(name: str, at: datetime | None) -> Fact:
    """Return a fact that is an instant."""
    return Fact(name=name, value=_("no data"), at=perhaps(at, milliseconds=True))


def _why_scratch(record: DrillRecord) -> Iterator[str]:
    if isinstance(record.plan.target, ExistingTarget):
        yield from _why_existing_is_scratch(record)
    elif record.restore_intent_at is None:
        yield _("Nothing was ordered, so no instance was overwritten or created.")
    else:
        name = shown(record.target_name) or _("no data")
        intent_at = moment(record.restore_intent_at).text
        yield _("This drill ordered it itself at {at} UTC, under the name {name}.").format(
            at=intent_at, name=name
        )
        if record.copy is not None:
            is_tagged = record.copy.tags.get(DRILL_TAG) == record.id
            sentence = (
                _("It carries the tag {key}={value}, which is the id of this drill.")
                if is_tagged
                else _("The tag {key}={value} was not seen on it.")
            )
            yield sentence.format(key=DRILL_TAG, value=shown(record.id, 80))


def _why_existing_is_scratch(record: DrillRecord) -> Iterator[str]:
    inventory = record.inventory
    if inventory is not None and inventory.target is not None:
        is_tagged = inventory.target.tags.get(SCRATCH_TAG) == "yes"
        sentence = (
            _("It carried the tag {key}={value} when it was read at {at} UTC.")
            if is_tagged
            else _("The tag {key}={value} was not seen on it when it was read at {at} UTC.")
        )
        yield sentence.format(key=SCRATCH_TAG, value="yes", at=moment(inventory.taken_at).text)
    if record.restore_intent_at is not None:
        yield _(
            "The guard admitted the restore at {at} UTC, by facts read right before: on the "
            "allow-list, tagged as scratch, source of no plan, not protected, not held by another "
            "drill."
        ).format(at=moment(record.restore_intent_at).text)
    else:
        yield _("Nothing was ordered, so no instance was overwritten or created.")


def _existing(record: DrillRecord) -> Instance | None:
    """Return the existing target as it was before the restore."""
    is_existing = isinstance(record.plan.target, ExistingTarget)
    return record.inventory.target if record.inventory and is_existing else None


def _title(record: DrillRecord) -> str:
    if record.copy is not None:
        return _("The copy, as the provider described it")
    return (
        _("The target, as the provider described it before") if _existing(record) else _("The copy")
    )


def _facts(record: DrillRecord) -> Iterator[Fact]:
    target = _existing(record)
    yield _fact(_("id"), record.target_id)
    yield _fact(_("name"), record.target_name or (target.name if target else None))
    instance = record.copy or target
    if instance is None:
        yield Fact(name=_("instance"), value=_("no data"))
        return
    yield from _instance_facts(instance)


def _instance_facts(instance: Instance) -> Iterator[Fact]:
    yield _fact(_("status"), instance.status)
    yield _fact(_("engine"), f"{instance.engine} {instance.complete_version or instance.version}")
    yield _fact(_("flavor"), instance.flavor)
    volume = gigabytes_text(instance.volume_gb)
    yield _fact(_("volume"), f"{volume} {instance.volume_type or ''}".strip())
    yield _fact(_("availability zone"), instance.availability_zone)
    yield _fact(_("VPC"), instance.vpc_id)
    yield _fact(_("subnet"), instance.subnet_id)
    yield _fact(_("security group"), instance.security_group_id)
    yield fact_at(_("created"), instance.created_at)
    tags = ", ".join(f"{key}={instance.tags[key]}" for key in sorted(instance.tags))
    yield _fact(_("tags"), tags)


def _isolation(record: DrillRecord) -> Iterator[Fact]:
    """Yield for each border whether the copy is behind another one than the source."""
    copy = record.copy or _existing(record)
    if copy is None or record.inventory is None:
        return
    source = record.inventory.source
    borders = (
        (_("VPC"), source.vpc_id, copy.vpc_id),
        (_("subnet"), source.subnet_id, copy.subnet_id),
        (_("security group"), source.security_group_id, copy.security_group_id),
    )
    for name, of_source, of_copy in borders:
        if not of_source or not of_copy:
            answer = _("no data")
        elif of_source == of_copy:
            answer = _("the same as that of the source")
        else:
            answer = _("another than that of the source")
        yield Fact(name=name, value=answer)


def _fact(name: str, value: str | None) -> Fact:
    return Fact(name=name, value=shown(value) or _("no data"))
