"""Which recovery point was chosen, why, and out of what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drill.engine.record import DrillRecord
from drill.plan.model import format_span
from drill.recovery.backups import is_restorable, restorable_backups
from drill.recovery.values import BackupPoint, Choice, Inventory
from drill.recovery.windows import gaps
from drill.report.language import _
from drill.report.view.formats import Moment, bytes_text, moment, perhaps, span_text
from drill.report.view.signs import Sign, Tone, mode_word, sign
from drill.report.view.text import shown

ROWS_AT_MOST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRow:
    """One restore window or gap, as the provider said it."""

    is_gap: bool
    begin: Moment
    end: Moment
    length: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupRow:
    """One backup of the source, as the provider listed it."""

    id: str
    name: str
    kind: str
    status: str
    usable: Sign
    began_at: Moment
    ended_at: Moment | None
    size: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PointView:
    """The chosen recovery point; ``at`` is None where nothing was chosen."""

    mode: str
    selection: str
    at: Moment | None
    kind: str
    resolution: str
    backup_name: str
    backup_id: str
    policy: str
    reason: str
    reference_at: Moment | None
    seed: str
    candidates: str
    taken_at: Moment | None
    source_name: str
    source_id: str
    source_engine: str
    source_volume: str
    retention: str
    windows: tuple[WindowRow, ...]
    windows_left_out: int
    backups: tuple[BackupRow, ...]
    backups_left_out: int


def point_view(record: DrillRecord) -> PointView:
    """Return what is known about the recovery point of a drill."""
    choice, inventory = record.choice, record.inventory
    windows = _windows(inventory, choice) if inventory else []
    backups = _backups(inventory, choice) if inventory else []
    point = choice.point if choice else None
    backup = point.backup if isinstance(point, BackupPoint) else None
    source = inventory.source if inventory else None
    return PointView(
        mode=mode_word(record.plan.restore.mode),
        selection=_selection(record),
        at=moment(point.at, milliseconds=backup is None) if point else None,
        kind="" if point is None else _("snapshot") if backup else _("continuous"),
        resolution=span_text(point.resolution) if point else _("no data"),
        backup_name=shown(backup.name) if backup else "",
        backup_id=shown(backup.id) if backup else "",
        policy=shown(choice.policy) if choice else _("no data"),
        reason=shown(choice.reason) if choice else _("no data"),
        reference_at=perhaps(choice.reference_at, milliseconds=True) if choice else None,
        seed=shown(choice.seed) if choice and choice.seed else "",
        candidates=str(choice.candidates) if choice else _("no data"),
        taken_at=perhaps(inventory.taken_at if inventory else None, milliseconds=True),
        source_name=shown(source.name) if source else _("no data"),
        source_id=shown(record.plan.source.instance_id),
        source_engine=f"{source.engine} {shown(source.complete_version or source.version)}"
        if source
        else _("no data"),
        source_volume=f"{source.volume_gb} GB {shown(source.volume_type)}"
        if source and source.volume_gb is not None
        else _("no data"),
        retention=f"{source.retention_days} d" if source else _("no data"),
        windows=tuple(windows[-ROWS_AT_MOST:]),
        windows_left_out=max(0, len(windows) - ROWS_AT_MOST),
        backups=tuple(backups[-ROWS_AT_MOST:]),
        backups_left_out=max(0, len(backups) - ROWS_AT_MOST),
    )


def _selection(record: DrillRecord) -> str:
    """Return the selection as the plan words it."""
    selection = record.plan.restore.selection
    parts: list[str] = [selection.policy]
    for name in ("margin", "restore_time", "backup_id", "within"):
        value = getattr(selection, name, None)
        if value:
            text = format_span(value) if name in {"margin", "within"} else str(value)
            parts.append(f"{name} {text}")
    return shown(", ".join(parts))


def _windows(inventory: Inventory, choice: Choice | None) -> list[WindowRow]:
    at = choice.point.at if choice and not isinstance(choice.point, BackupPoint) else None
    rows = [
        WindowRow(
            is_gap=False,
            begin=moment(window.starts_at, milliseconds=True),
            end=moment(window.ends_at, milliseconds=True),
            length=span_text(window.ends_at - window.starts_at),
            chosen=at is not None and window.contains(at),
        )
        for window in inventory.windows
    ]
    rows += [
        WindowRow(
            is_gap=True,
            begin=moment(gap.starts_at, milliseconds=True),
            end=moment(gap.ends_at, milliseconds=True),
            length=span_text(gap.length),
            chosen=False,
        )
        for gap in gaps(inventory.windows)
    ]
    return sorted(rows, key=lambda row: (row.begin.machine, row.is_gap))


def _backups(inventory: Inventory, choice: Choice | None) -> list[BackupRow]:
    chosen_id = choice.point.backup.id if choice and isinstance(choice.point, BackupPoint) else None
    usable_ids: Sequence[str] = [backup.id for backup in restorable_backups(inventory)]
    ordered = sorted(inventory.backups, key=lambda backup: (backup.began_at, backup.id))
    return [
        BackupRow(
            id=shown(backup.id, 80),
            name=shown(backup.name),
            kind=backup.kind.value,
            status=shown(backup.status, 80),
            usable=sign(Tone.PASS, _("yes"))
            if backup.id in usable_ids and is_restorable(backup)
            else sign(Tone.NONE, _("no")),
            began_at=moment(backup.began_at),
            ended_at=perhaps(backup.ended_at),
            size=bytes_text(backup.size_bytes),
            chosen=backup.id == chosen_id,
        )
        for backup in ordered
    ]
