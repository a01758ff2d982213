"""Reading a whole list page by page, and noticing when it moved meanwhile.

``offset`` counts items, and the order of a list is not documented (reference 10.2). An item that
is added or deleted between two pages shifts the rest, so that one item is seen twice or never.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drill.errors import AnswerUnreadable
from drill.provider.rds.http import Json
from drill.provider.rds.wire import parse_integer

ReadPage = Callable[[int, int], Json]
"""Reads the page that starts at an offset and has at most so many items."""

Item = TypeVar("Item")
Take = Callable[[dict[str, Any]], Item]
"""Makes of an object of a page what is kept of it: whole, a long list takes ten times as much."""

MOST_PAGES = 100
READINGS = 3


class TooManyItems(AnswerUnreadable):
    """the list is longer than anything this tool can use"""


def whole(entry: dict[str, Any]) -> dict[str, Any]:
    """Keep all of an object."""
    return entry


def read_all(
    read_page: ReadPage,
    *,
    key: str,
    page_size: int,
    asked: str,
    take: Take[Item],
    most_pages: int = MOST_PAGES,
) -> Sequence[Item]:
    """Return what is taken of every object of a list, each once.

    A list that moved while it was read is read again from its start. Raise AnswerUnreadable if
    it never stands still, or is no list; TooManyItems if it is too long.
    """
    for _ in range(READINGS):
        items = _read_once(read_page, key, page_size, asked, take, most_pages)
        if items is not None:
            return items
    raise AnswerUnreadable(
        f"{asked}: the list changed each time it was read",
        hint="Try again when fewer instances are being created or deleted.",
    )


def read_as_it_comes(
    read_page: ReadPage,
    *,
    key: str,
    page_size: int,
    asked: str,
    take: Take[Item],
    most_pages: int = MOST_PAGES,
) -> Sequence[Item]:
    """Return what one reading of a list gives, also of one that moves meanwhile.

    So some may be missing, some may be there twice, and what is beyond ``most_pages`` is left out.
    Raise AnswerUnreadable if it is no list.
    """
    items: list[Item] = []
    read = 0
    for _ in range(most_pages):
        data = read_page(read, page_size)
        page = _page_of(data, key, asked)
        items += [take(entry) for entry in page if isinstance(entry, dict)]
        read += len(page)
        if _is_last(page, data, read, page_size):
            break
    return items


def _read_once(
    read_page: ReadPage,
    key: str,
    page_size: int,
    asked: str,
    take: Take[Item],
    most_pages: int,
) -> Sequence[Item] | None:
    items: list[Item] = []
    seen: set[str] = set()
    first_total: int | None = None
    for number in range(most_pages):
        data = read_page(len(items), page_size)
        page = _page_of(data, key, asked)
        objects = [entry for entry in page if isinstance(entry, dict)]
        total = parse_integer(data.get("total_count"))
        if number == 0:
            first_total = total
            if total is not None and total > most_pages * page_size:
                raise _too_many(asked, total)
        elif total != first_total:
            return None
        ids = [str(entry.get("id")) for entry in objects]
        if len(objects) != len(page) or len(set(ids)) != len(ids) or not seen.isdisjoint(ids):
            return None
        seen.update(ids)
        items += map(take, objects)
        if _is_last(page, data, len(items), page_size):
            return items
    raise _too_many(asked, len(items))


def _page_of(data: Json, key: str, asked: str) -> list[Any]:
    page = data.get(key)
    if not isinstance(page, list):
        raise AnswerUnreadable(f"{asked}: the answer has no list of {key}")
    return page


def _is_last(page: Sequence[Any], data: Json, read: int, page_size: int) -> bool:
    total = parse_integer(data.get("total_count"))
    return not page or (read >= total if total is not None else len(page) < page_size)


def _too_many(asked: str, count: int) -> TooManyItems:
    return TooManyItems(
        f"{asked}: the list has {count} entries or more",
        hint="Use a project of its own for what drills have to do with.",
    )
