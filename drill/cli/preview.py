"""The dry run on the terminal: what a drill of a plan would do right now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from drill.cli.output import console, instant_text, print_json
from drill.engine.enlisting import new_drill
from drill.engine.previewing import Preview, preview
from drill.engine.record import Trigger
from drill.engine.steps.reading import InstanceUnknown
from drill.errors import ExitCode, NoRecoveryPoint
from drill.guard.admission import AdmittedCreate, Refusals
from drill.plan.forms import format_span
from drill.plan.visible import visible
from drill.recovery.coverage.evidence import IMAGE_LEVEL
from drill.recovery.gain import Gain
from drill.recovery.values import Choice

if TYPE_CHECKING:
    from drill.bootstrap import House
    from drill.plan.loaded import LoadedPlan

SECOND = timedelta(seconds=1)


def show_previews(house: House, plans: Sequence[LoadedPlan], *, output: str) -> ExitCode:
    """Preview every plan; exit code as the drills would have it if nothing went wrong."""
    previews = [_preview(house, loaded) for loaded in plans]
    if output == "json":
        print_json({"plans": [_shape(one) for one in previews]})
    else:
        for one in previews:
            _print(one)
    if any(isinstance(one.admission, Refusals) for one in previews):
        return ExitCode.REFUSED
    return ExitCode.PASSED if all(one.would_run for one in previews) else ExitCode.PROVIDER


def _preview(house: House, loaded: LoadedPlan) -> Preview:
    now = house.parts.clock.now()
    record = new_drill(
        loaded.plan, digest=loaded.digest, trigger=Trigger.COMMAND, scheduled_for=now, now=now
    )
    return preview(record, house.parts)


def _facts(one: Preview) -> list[tuple[str, str]]:
    plan = one.record.plan
    facts = [("source", f"{plan.source.cloud} {plan.source.instance_id}")]
    if isinstance(one.inventory, InstanceUnknown):
        return [*facts, ("problem", one.inventory.message()), ("hint", one.inventory.hint())]
    source = one.inventory.source
    facts = [("source", f"{source.name} ({source.id}) {source.engine} {source.version}")]
    windows = _count(len(one.inventory.windows), "restore window")
    facts.append(("has", f"{windows}, {_count(len(one.inventory.backups), 'backup')}"))
    if isinstance(one.choice, NoRecoveryPoint):
        return [*facts, ("problem", one.choice.message), ("hint", one.choice.hint or "")]
    if isinstance(one.choice, Choice):
        facts.append(("recovery point", instant_text(one.choice.point.at)))
        facts.append(("chosen", one.choice.reason))
    if one.gain is not None:
        facts.append(("would prove", _gain_text(one.gain)))
    if one.inventory.is_simulated:
        facts.append(("simulated", "no database stands behind it: the drill would prove nothing"))
    if isinstance(one.admission, AdmittedCreate):
        facts.append(("would create", f"{one.admission.instance_name}, then delete it"))
    elif isinstance(one.admission, Refusals):
        facts += [
            ("refused", f"{refusal.rule}: {refusal.message}. {refusal.hint}")
            for refusal in one.admission.refusals
        ]
    elif one.inventory.target is not None:
        target = one.inventory.target
        facts.append(
            ("would overwrite", f"{target.name} ({target.id}), then reset it to its baseline")
        )
    names = ", ".join(name for name, _ in plan.named_checks())
    return [*facts, ("would check", names)]


def _gain_text(gain: Gain) -> str:
    """Return what a pass would prove: of the backups, and of the window."""
    if gain.level < IMAGE_LEVEL:
        return f"nothing: its checks reach {gain.level.name}, and a proof begins at L3"
    images = f"{gain.images_after} of {gain.bases} backups (now {gain.images_before})"
    if not gain.can_prove_time:
        return f"{images}; no stretch of time: its checks reach {gain.level.name}, not L4"
    if gain.share_before is None or gain.share_after is None:
        return images
    added = format_span(gain.added - gain.added % SECOND)
    # rounded down, as in reports: nothing is whole before it is
    before, after = (
        f"{math.floor(1000 * one) / 10:.1f} %" for one in (gain.share_before, gain.share_after)
    )
    return f"{added} more of the window, {after} (now {before}), and {images}"


def _print(one: Preview) -> None:
    from rich.text import Text

    terminal = console()
    mark = "[green]would run[/green]" if one.would_run else "[red]would not run[/red]"
    terminal.print(f"[bold]{one.record.plan_name}[/bold]  {mark}")
    for label, text in _facts(one):
        terminal.print(Text(f"  {label:<16}{visible(text)}"))
    terminal.print()


def _shape(one: Preview) -> dict[str, Any]:
    from drill.cli.shapes import point_shape

    refusals = one.admission.refusals if isinstance(one.admission, Refusals) else ()
    problem = None
    if isinstance(one.inventory, InstanceUnknown):
        problem = one.inventory.message()
    elif isinstance(one.choice, NoRecoveryPoint):
        problem = one.choice.message
    return {
        "plan": one.record.plan_name,
        "would_run": one.would_run,
        "source_id": one.record.plan.source.instance_id,
        "mode": one.record.plan.restore.mode,
        "target_kind": one.record.plan.target.kind,
        "target_id": one.record.target_id,
        "recovery_point": point_shape(one.choice if isinstance(one.choice, Choice) else None),
        "problem": problem,
        "simulated": not isinstance(one.inventory, InstanceUnknown) and one.inventory.is_simulated,
        "would_prove": _gain_shape(one.gain),
        "refusals": [
            {"rule": each.rule, "message": each.message, "hint": each.hint} for each in refusals
        ],
        "checks": [name for name, _ in one.record.plan.named_checks()],
    }


def _gain_shape(gain: Gain | None) -> dict[str, Any] | None:
    if gain is None:
        return None
    return {
        "level": gain.level.name,
        "added_ms": gain.added // timedelta(milliseconds=1),
        "proven_before": gain.share_before,
        "proven_after": gain.share_after,
        "backups_before": gain.images_before,
        "backups_after": gain.images_after,
        "backups": gain.bases,
    }


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
