"""Set an existing instance aside for drills: see that it is empty, tag it, make its baseline.

Not a drill: nothing is restored and nothing is overwritten. Every write takes an admission of the
guard, on facts that were read right before it; what is there already is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from drill.check.port import Emptiness
from drill.engine.emptiness import look_inside
from drill.engine.ports import CloudSettings, Parts, ScratchLogin
from drill.engine.steps.reading import read_blank
from drill.errors import AnswerLost
from drill.guard.admission import AdmittedBackup, AdmittedSettingAside, Refusal, Refusals
from drill.guard.facts import Blank, PrepareFacts, ResetFacts, Role
from drill.guard.preparing import NOT_SEEN, SETTING_ASIDE_RULES, TAG_OF
from drill.guard.rules import (
    PREPARING,
    RESET_RULES,
    admit_backup,
    admit_setting_aside,
    refusals_of,
)
from drill.recovery.values import Backup, BackupKind, Instance

BACKUP_TAKES_AT_MOST = timedelta(minutes=30)
"""How long the backup of an empty instance is waited for (reference 3.2)."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """One instance of [[scratch]] or [[blank]], and what it still lacks."""

    cloud: str
    instance_id: str
    role: Role
    baseline_name: str
    instance: Instance | None
    backups: tuple[Backup, ...]
    held_by: str | None
    blank: Blank | None
    seen: Emptiness | None
    """What a look inside saw; None where nobody looked."""
    refusals: tuple[Refusal, ...]
    """Why it may not be set aside; empty where the guard lets it, or where nobody looked."""
    lacks: tuple[Refusal, ...]
    """What keeps drills from using it as it is now; empty if it is ready."""

    @property
    def has_tag(self) -> bool:
        """Tell whether the instance carries the tag of its role."""
        return self.instance is not None and self.instance.tags.get(TAG_OF[self.role]) == "yes"

    @property
    def baseline(self) -> Backup | None:
        """Return the baseline that brings it back, of its own or of its blank, once it is there."""
        backups = self.backups if self.blank is None else self.blank.backups
        named = [one for one in backups if one.name == self.baseline_name]
        return named[0] if len(named) == 1 else None

    @property
    def needs_baseline(self) -> bool:
        """Tell whether a backup of this very instance has to be made."""
        has_none = all(one.name != self.baseline_name for one in self.backups)
        return self.blank is None and has_none

    @property
    def is_ready(self) -> bool:
        """Tell whether drills can use it."""
        return not self.lacks


def role_of(cloud: CloudSettings, instance_id: str) -> Role | None:
    """Return what the configuration sets an instance aside for; None if it does not."""
    if instance_id in cloud.scratch:
        return Role.TARGET
    return Role.BLANK if instance_id in cloud.blanks else None


def look_at(
    parts: Parts, cloud: CloudSettings, instance_id: str, role: Role, *, inside: bool
) -> Aside:
    """Read everything about an instance that is, or is to be, set aside; change nothing.

    ``inside`` logs in as well, unless the guard refuses the instance for another reason. Raise
    ProviderError and SecretUnavailable.
    """
    facts, seen = _facts(parts, cloud, instance_id, role), None
    if inside:
        facts, seen = _with_a_look(parts, cloud, facts)
    blank = read_blank(cloud, instance_id) if role is Role.TARGET else None
    return Aside(
        cloud=cloud.provider.cloud,
        instance_id=instance_id,
        role=role,
        baseline_name=facts.baseline_name,
        instance=facts.target,
        backups=facts.backups,
        held_by=facts.held_by,
        blank=blank,
        seen=seen,
        refusals=refusals_of(SETTING_ASIDE_RULES, facts) if inside else (),
        lacks=_lacks(facts, cloud, blank),
    )


def _facts(parts: Parts, cloud: CloudSettings, instance_id: str, role: Role) -> PrepareFacts:
    login = _login_of(cloud, instance_id, role)
    provider = cloud.provider
    instance = provider.find_instance(instance_id)
    return PrepareFacts(
        now=parts.clock.now(),
        role=role,
        target=instance,
        backups=tuple(provider.list_backups(instance_id)) if instance is not None else (),
        baseline_name=login.baseline,
        site=cloud.site,
        cloud=cloud.rules,
        held_by=parts.journal.holder_of(provider.cloud, instance_id),
        seen_empty=None,
        seen_at=None,
        blank_id=login.blank_id,
    )


def _with_a_look(
    parts: Parts, cloud: CloudSettings, facts: PrepareFacts
) -> tuple[PrepareFacts, Emptiness | None]:
    """Add what a login sees; nobody logs in to an instance that is refused for another reason."""
    refused = {one.rule for one in refusals_of(SETTING_ASIDE_RULES, facts)}
    if facts.target is None or refused != {NOT_SEEN}:
        return facts, None
    login = _login_of(cloud, facts.target.id, facts.role)
    seen = look_inside(parts, cloud, facts.target, login)
    seen_at = parts.clock.now()
    return replace(facts, now=seen_at, seen_at=seen_at, seen_empty=seen.is_empty), seen


def prepare(parts: Parts, cloud: CloudSettings, instance_id: str, role: Role, *, say: Say) -> Aside:
    """Tag the instance if it lacks the tag, and make its baseline if it is missing.

    Waits until the tag is seen and the backup is complete. Ends, with nothing more written, at
    the first refusal; what is returned says what was refused. Raise ProviderError and
    SecretUnavailable.
    """
    aside = look_at(parts, cloud, instance_id, role, inside=True)
    if not aside.refusals and not aside.has_tag:
        aside = _tag(parts, cloud, aside, say)
    if not aside.refusals and aside.has_tag and aside.needs_baseline:
        aside = _back_up(parts, cloud, aside, say)
    return aside


def _tag(parts: Parts, cloud: CloudSettings, aside: Aside, say: Say) -> Aside:
    admission = admit_setting_aside(_fresh_facts(parts, cloud, aside))
    if isinstance(admission, Refusals):
        return _refused(parts, cloud, aside, admission)
    say(f"putting the tag {TAG_OF[aside.role]}=yes on {aside.instance_id}")
    _put_tag(cloud, admission)
    waited = timedelta(0)
    while True:
        now = look_at(parts, cloud, aside.instance_id, aside.role, inside=True)
        if now.has_tag or waited >= cloud.settle_time:
            return now
        parts.clock.sleep(cloud.poll_every)
        waited += cloud.poll_every


def _put_tag(cloud: CloudSettings, admission: AdmittedSettingAside) -> None:
    """Tag; whether a lost answer was accepted is seen by looking, and the call is idempotent."""
    try:
        cloud.provider.tag(admission, admission.instance_id)
    except AnswerLost:
        return


def _back_up(parts: Parts, cloud: CloudSettings, aside: Aside, say: Say) -> Aside:
    admission = admit_backup(_fresh_facts(parts, cloud, aside))
    if isinstance(admission, Refusals):
        return _refused(parts, cloud, aside, admission)
    say(f"making the backup {aside.baseline_name} of {aside.instance_id}")
    was_lost = _order_backup(cloud, admission)
    waited = timedelta(0)
    while True:
        now = look_at(parts, cloud, aside.instance_id, aside.role, inside=False)
        baseline = now.baseline
        is_over = baseline is not None and (baseline.is_complete or baseline.status == "FAILED")
        is_gone = baseline is None and was_lost and waited >= cloud.settle_time
        if is_over or is_gone or waited >= BACKUP_TAKES_AT_MOST:
            return _once_idle(parts, cloud, now)
        parts.clock.sleep(cloud.poll_every)
        waited += cloud.poll_every


def _order_backup(cloud: CloudSettings, admission: AdmittedBackup) -> bool:
    """Order the backup, once; tell whether the answer was lost. There is no job to follow."""
    try:
        cloud.provider.back_up(admission)
    except AnswerLost:
        return True
    return False


def _once_idle(parts: Parts, cloud: CloudSettings, aside: Aside) -> Aside:
    """Wait until the cloud calls the instance ACTIVE again after its backup."""
    waited = timedelta(0)
    while waited < cloud.settle_time and _is_backing_up(aside):
        parts.clock.sleep(cloud.poll_every)
        waited += cloud.poll_every
        aside = look_at(parts, cloud, aside.instance_id, aside.role, inside=False)
    return aside


def _is_backing_up(aside: Aside) -> bool:
    return aside.instance is not None and aside.instance.status == "BACKING UP"


def _fresh_facts(parts: Parts, cloud: CloudSettings, aside: Aside) -> PrepareFacts:
    """Read all again, a look inside too, right before a write."""
    facts, _ = _with_a_look(parts, cloud, _facts(parts, cloud, aside.instance_id, aside.role))
    return facts


def _refused(parts: Parts, cloud: CloudSettings, aside: Aside, refusals: Refusals) -> Aside:
    now = look_at(parts, cloud, aside.instance_id, aside.role, inside=False)
    return replace(now, seen=aside.seen, refusals=refusals.refusals)


def _login_of(cloud: CloudSettings, instance_id: str, role: Role) -> ScratchLogin:
    return (cloud.scratch if role is Role.TARGET else cloud.blanks)[instance_id]


def _lacks(facts: PrepareFacts, cloud: CloudSettings, blank: Blank | None) -> tuple[Refusal, ...]:
    """Ask the rules of a reset, as if a drill held the target: what they refuse is still missing.

    For a blank instance: its tag, and its one complete manual baseline.
    """
    if facts.role is Role.TARGET:
        return refusals_of(
            RESET_RULES,
            ResetFacts(
                now=facts.now,
                drill_id=PREPARING,
                target=facts.target,
                target_backups=facts.backups,
                baseline_name=facts.baseline_name,
                site=facts.site,
                cloud=cloud.rules,
                target_held_by=facts.held_by or PREPARING,
                blank=blank,
            ),
        )
    named = [one for one in facts.backups if one.name == facts.baseline_name]
    is_there = len(named) == 1 and named[0].is_complete and named[0].kind is BackupKind.MANUAL
    is_tagged = facts.target is not None and facts.target.tags.get(TAG_OF[Role.BLANK]) == "yes"
    if is_there and is_tagged:
        return ()
    what = "no complete manual backup of that name" if is_tagged else "no tag drill-blank=yes"
    return (
        Refusal(
            rule="blank-is-prepared",
            message=f"the blank instance has {what} ({facts.baseline_name})",
            hint="Run drill scratch prepare for it, with --apply.",
        ),
    )
