"""Rules on the blank instance whose backup empties an existing target again.

Where a cloud cannot restore an engine to the current instance (reference 1.4: PostgreSQL on public
clouds), the way back is an ordinary restore from a second instance that was set aside, blank, for
nothing else. All that an ordinary restore asks of source and target is asked here, too.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from drill.guard.admission import Refusal
from drill.guard.baseline import BaselineFacts, only_baseline
from drill.guard.facts import BLANK_TAG, SCRATCH_TAG, RestoreFacts, SiteRules
from drill.guard.fitting import FITTING_RULES
from drill.guard.words import is_named, label, refuse
from drill.recovery.values import BackupPoint, Choice, Inventory

_HINT_BLANK = (
    "Set an empty instance of its own aside under [[blank]] in config.toml, and run drill scratch "
    "prepare for it."
)


class BlankFacts(BaselineFacts, Protocol):
    """What is known about the way back by a blank instance."""

    @property
    def now(self) -> datetime:
        """Return the instant of the question."""
        ...

    @property
    def site(self) -> SiteRules:
        """Return the lists of config.toml."""
        ...


def blank_is_known(facts: BlankFacts) -> Refusal | None:
    """Refuse if the cloud does not list the configured blank instance right now."""
    blank = facts.blank
    if blank is None or (blank.instance is not None and blank.instance.id == blank.configured_id):
        return None
    return refuse(
        "blank-is-known",
        f"the cloud does not list the blank instance {blank.configured_id}",
        "Check baseline_instance_id of the target in config.toml.",
    )


def blank_is_on_the_allow_list(facts: BlankFacts) -> Refusal | None:
    """Refuse an instance that [[blank]] does not set aside, under exactly this cloud and id."""
    blank = facts.blank
    if blank is None or blank.instance is None:
        return None
    if (blank.instance.cloud, blank.instance.id) in facts.site.blanks:
        return None
    return refuse(
        "blank-is-on-the-allow-list",
        f"instance {label(blank.instance)} is not on the list of blanks of cloud "
        f"{blank.instance.cloud}",
        _HINT_BLANK,
    )


def blank_carries_the_blank_tag(facts: BlankFacts) -> Refusal | None:
    """Refuse an instance without the tag ``drill-blank`` = ``yes``, spelled exactly so."""
    blank = facts.blank
    if blank is None or blank.instance is None or blank.instance.tags.get(BLANK_TAG) == "yes":
        return None
    return refuse(
        "blank-carries-the-blank-tag",
        f"instance {label(blank.instance)} does not carry the tag {BLANK_TAG}=yes",
        _HINT_BLANK,
    )


def blank_is_not_a_source(facts: BlankFacts) -> Refusal | None:
    """Refuse the source of any plan: its backups hold what nobody wants on a target."""
    blank = facts.blank
    if blank is None or not is_named(blank.configured_id, facts.site.plan_sources):
        return None
    return refuse(
        "blank-is-not-a-source",
        f"the blank instance {blank.configured_id} is the source of a plan",
        _HINT_BLANK,
    )


def blank_is_not_protected(facts: BlankFacts) -> Refusal | None:
    """Refuse an instance on the protected list: production is listed there."""
    blank = facts.blank
    if blank is None or not is_named(blank.configured_id, facts.site.protected):
        return None
    return refuse(
        "blank-is-not-protected",
        f"the blank instance {blank.configured_id} is on the protected list",
        _HINT_BLANK,
    )


def blank_is_no_target(facts: BlankFacts) -> Refusal | None:
    """Refuse an instance that drills restore into, the target itself above all."""
    blank, target = facts.blank, facts.target
    if blank is None:
        return None
    is_target = target is not None and target.id.casefold() == blank.configured_id.casefold()
    is_tagged = blank.instance is not None and SCRATCH_TAG in blank.instance.tags
    if not is_target and not is_tagged and not is_named(blank.configured_id, facts.site.allow_list):
        return None
    return refuse(
        "blank-is-no-target",
        f"the blank instance {blank.configured_id} is one that drills restore into, by the "
        f"allow-list or by the tag {SCRATCH_TAG}",
        _HINT_BLANK,
    )


def baseline_is_of_the_blank(facts: BlankFacts) -> Refusal | None:
    """Refuse a baseline that is a backup of any other instance."""
    blank, baseline = facts.blank, only_baseline(facts)
    if blank is None or baseline is None or baseline.instance_id == blank.configured_id:
        return None
    return refuse(
        "baseline-is-of-the-blank",
        f"baseline {baseline.id} is a backup of {baseline.instance_id}, not of the blank instance "
        f"{blank.configured_id}",
        _HINT_BLANK,
    )


def blank_fits_the_target(facts: BlankFacts) -> Refusal | None:
    """Refuse a blank that an ordinary restore could not bring onto the target (``fitting``)."""
    problem = _first_misfit(facts)
    if problem is None or facts.blank is None:
        return None
    return refuse(
        "blank-fits-the-target",
        f"the backup of the blank instance {facts.blank.configured_id} cannot be restored: "
        f"{problem.message}",
        "Set a blank aside that has the cloud, engine, version and network of the target, and at "
        "most its volume.",
    )


def _first_misfit(facts: BlankFacts) -> Refusal | None:
    blank, target, baseline = facts.blank, facts.target, only_baseline(facts)
    if blank is None or blank.instance is None or target is None or baseline is None:
        return None
    restore = RestoreFacts(
        now=facts.now,
        drill_id="",
        inventory=Inventory(
            taken_at=facts.now,
            source=blank.instance,
            target=target,
            backups=blank.backups,
            windows=(),
        ),
        choice=Choice(
            point=BackupPoint(backup=baseline),
            policy="baseline",
            reason="the way back",
            reference_at=facts.now,
        ),
        site=facts.site,
        cloud=facts.cloud,
        target_held_by=None,
    )
    refusals = (rule(restore) for rule in FITTING_RULES)
    return next((one for one in refusals if one is not None), None)


BLANK_RULES: tuple[Callable[[BlankFacts], Refusal | None], ...] = (
    blank_is_known,
    blank_is_on_the_allow_list,
    blank_carries_the_blank_tag,
    blank_is_not_a_source,
    blank_is_not_protected,
    blank_is_no_target,
    baseline_is_of_the_blank,
    blank_fits_the_target,
)
