"""Render the report: an index, one page for each drill, and the same as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from drill.engine.record import DrillRecord, Event
from drill.report.data import drills_csv, drills_json
from drill.report.environment import render
from drill.report.folder import ReportFolder, ReportFolderUnusable
from drill.report.view.drill import drill_view
from drill.report.view.fleet import newest_first, page_name
from drill.report.view.index import index_view
from drill.report.view.text import shown

INDEX = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedReport:
    """Where the report is, and what of it had to be written."""

    index: Path
    written: tuple[Path, ...]
    """Files that are new or changed."""
    unchanged: tuple[Path, ...]
    """Files that had this very content already; they were not touched."""


def render_reports(
    records: Sequence[DrillRecord],
    events: Mapping[str, Sequence[Event]],
    *,
    folder: Path,
    now: datetime,
    tool_version: str,
    cloud_names: Mapping[str, str] | None = None,
) -> RenderedReport:
    """Write the report of these drills below a folder; the index comes last.

    ``events`` maps the id of a drill to its journal. ``cloud_names`` maps the name of a cloud in
    config.toml to what readers call it. The same arguments give the same bytes. Pages of drills
    that are not among the records stay where they are. Raise ReportFolderUnusable, and
    ValueError for a naive ``now``.
    """
    if now.utcoffset() is None:
        raise ValueError("a naive datetime is not an instant")
    _ensure_unique(records)
    clouds = dict(cloud_names or {})
    output = ReportFolder(folder)
    for record in newest_first(records):
        view = drill_view(record, events.get(record.id, ()), clouds=clouds)
        output.put(f"d/{page_name(record.id)}", render("drill.html.j2", view))
    data = drills_json(records, now=now, tool_version=tool_version)
    output.put("data/drills.json", data)
    output.put("data/drills.csv", drills_csv(records))
    view_of_all = index_view(records, now=now, clouds=clouds, tool_version=shown(tool_version, 80))
    index = output.put(INDEX, render("index.html.j2", view_of_all))
    return RenderedReport(
        index=index, written=tuple(output.written), unchanged=tuple(output.unchanged)
    )


def _ensure_unique(records: Sequence[DrillRecord]) -> None:
    names = [page_name(record.id) for record in records]
    twice = (
        sorted({name for name in names if names.count(name) > 1})
        if len(set(names)) != len(names)
        else []
    )
    if twice:
        raise ReportFolderUnusable(f"two drills would have the page {twice[0]}")
