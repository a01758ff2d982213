"""Quote the names of a plan or of the catalogue; nothing else puts a name into a statement."""

from __future__ import annotations


def quote(*parts: str) -> str:
    """Return a name of one or more parts in backticks."""
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)


def split_name(qualified: str) -> tuple[str, str]:
    """Return database and name of ``database.name``; what follows the first dot is the name."""
    database, _, name = qualified.partition(".")
    return database, name


def table_name(qualified: str) -> str:
    """Return ``database.table`` of a plan, quoted."""
    return quote(*split_name(qualified))
