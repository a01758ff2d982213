"""What may be restored onto what version, per engine (reference 1.4, 1.7, 5.3).

Each function returns None, or the problem as the middle of a sentence.
"""

from __future__ import annotations

import re

from drill.guard.facts import VersionTable

_SQLSERVER = re.compile(r"(\d{4})(R2)?_(WEB|SE|EE)", re.ASCII)
_EDITIONS = ("WEB", "SE", "EE")
_CUT = "..."
"""How a row ends that was cut on the page it comes from."""

_MINOR_MAY_RISE = frozenset({(5, 6), (5, 7)})
"""MySQL lines whose target may have a higher minor version; every other one must be equal."""


def different(source_version: str, target_version: str) -> str | None:
    """Compare versions as the API gives them (``5.7``, ``14``, ``2017_SE``): equal or not."""
    if source_version == target_version:
        return None
    return f"version {target_version} is not that of the source, {source_version}"


def mysql_minor_problem(source_version: str | None, target_version: str | None) -> str | None:
    """Compare full MySQL versions: 5.6 and 5.7 may rise in the third number, 8.0 may not.

    A full version that is not known is a problem: data files cannot go back a minor version.
    """
    source, target = _numbers(source_version), _numbers(target_version)
    if source is None or target is None:
        return f"full version {target_version} cannot be compared with {source_version}"
    if source[:2] != target[:2]:
        return f"full version {target_version} is of another line than {source_version}"
    rises = source[:2] in _MINOR_MAY_RISE
    if target[2] == source[2] or (rises and target[2] > source[2]):
        return None
    asked = "at least" if rises else "the minor version of"
    return f"full version {target_version} is not {asked} {source_version}"


def sqlserver_problem(
    source_version: str, target_version: str, table: VersionTable | None
) -> str | None:
    """Look the pair up in the table of the cloud.

    A pair that the table does not know, because there is none or because its page is cut, is let
    through only where no published table has ever forbidden it on principle: the target is of the
    same or a later year and of the same or a higher edition (reference 14.1, 18). A pair that a
    complete table or a complete row leaves out is refused.
    """
    row = table.targets.get(source_version) if table else None
    if row is not None and target_version in row:
        return None
    if table is not None and _is_closed(table, row):
        return f"version {target_version} is not in table {table.name} for {source_version}"
    if _is_lower(source_version, target_version):
        return f"version {target_version} is lower than {source_version}, or cannot be read"
    return None


def sqlserver_listed_problem(
    source_version: str, target_version: str, table: VersionTable | None
) -> str | None:
    """Let only the same version, or a pair that the table lists, through: for a new instance."""
    listed = table.targets.get(source_version, frozenset()) if table else frozenset()
    if target_version == source_version or target_version in listed:
        return None
    return f"version {target_version} is not listed for {source_version}"


def _is_closed(table: VersionTable, row: frozenset[str] | None) -> bool:
    """Tell whether what is not in the row is forbidden rather than unknown."""
    if row is None:
        return table.complete
    return _CUT not in row


def _is_lower(source_version: str, target_version: str) -> bool:
    source, target = _SQLSERVER.fullmatch(source_version), _SQLSERVER.fullmatch(target_version)
    if source is None or target is None:
        return True
    years_fall = (target[1], target[2] or "") < (source[1], source[2] or "")
    return years_fall or _EDITIONS.index(target[3]) < _EDITIONS.index(source[3])


def _numbers(version: str | None) -> tuple[int, ...] | None:
    """Return the first three numbers of a full version, or None if it has not that many."""
    parts = re.match(r"(\d+)\.(\d+)\.(\d+)", version or "", re.ASCII)
    return tuple(int(part) for part in parts.groups()) if parts else None
