"""Night after night, a report that skips what did not change has the bytes of a whole one."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from drill.report import render
from drill.report.context import Context
from drill.report.manifest import NAME
from drill.report.past import read_past
from drill.report.render import render_report
from tests.report import made_up

NIGHTS = 4


@pytest.mark.parametrize("workers", [1, 2])
def test_a_night_that_skips_has_the_bytes_of_a_whole_one(tmp_path, monkeypatch, workers):
    monkeypatch.setattr(render, "MANY", 1)
    known = made_up.history(24, 120)
    skipped, again = [], tmp_path / "again"
    for night in range(NIGHTS):
        at = made_up.NOW + timedelta(days=9 * night)
        if night:
            known = made_up.one_percent_more(known, now=at, seed=night)
        skipped.append(_render(known, again, at, workers=workers))
        whole = tmp_path / f"whole-{night}"

        _render(known, whole, at, workers=1)

        assert _files(again) == _files(whole)
    assert all(skipped[1:])
    assert "expired" in _standings(again).values()


def test_a_source_whose_proof_ran_out_is_told_so_and_no_other_page_of_a_source_is_touched(tmp_path):
    known = made_up.history(24, 120)
    before = made_up.NOW
    _render(known, tmp_path, before)
    pages = {path: path.read_bytes() for path in (tmp_path / "i").iterdir()}
    old = _standings(tmp_path)

    _render(known, tmp_path, before + timedelta(days=9))

    new = _standings(tmp_path)
    touched = {path.name for path, content in pages.items() if path.read_bytes() != content}
    moved = {page for page in old if old[page] != new[page]}
    assert moved
    assert moved <= touched
    assert touched - moved == _with_other_proofs(tmp_path, pages, touched - moved)
    assert touched < {path.name for path in pages}


def _with_other_proofs(folder: Path, pages: dict[Path, bytes], names: set[str]) -> set[str]:
    """Return the pages that differ in the links to drills, which a report has fewer of with time,
    or in the proofs that are still valid."""
    found = set()
    for path, content in pages.items():
        if path.name in names:
            now = (folder / "i" / path.name).read_bytes()
            if now.count(b"../d/") < content.count(b"../d/") or len(now) != len(content):
                found.add(path.name)
    return found


def _render(known: made_up.History, folder: Path, at: object, *, workers: int = 1) -> int:
    past = read_past(known, at=at)  # type: ignore[arg-type]
    context = Context(at=at, tool_version="0.1.0")  # type: ignore[arg-type]
    kept = folder.with_suffix(".cards")
    return render_report(
        past, known, folder=folder, context=context, workers=workers, kept=kept
    ).skipped


def _files(folder: Path) -> dict[str, bytes]:
    """Return every file that the report has now; the manifest also names what is gone."""
    names = json.loads((folder / NAME).read_text())["files"]
    return {name: (folder / name).read_bytes() for name in names}


def _standings(folder: Path) -> dict[str, str]:
    sources = json.loads((folder / "data" / "sources.json").read_text())["sources"]
    return {one["page"].removeprefix("i/"): one["standing"] for one in sources}
