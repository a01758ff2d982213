"""Faults of lists: pages that are short, repeat themselves or change their order, objects that
nobody knows, restore windows that shrink or vanish."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from drill.sandbox.call import Answer, Call
from drill.sandbox.context import Context
from drill.sandbox.faults import Fault, FaultKind
from drill.sandbox.fields import Query

Handler = Callable[[Context, Call], Answer]
Pairs = list[tuple[str, str]]

_LISTS = {"instances": ("instances", 100), "backups": ("backups", 100), "tasklist": ("tasks", 50)}
"""Last part of the path -> name of the list, and the most that one page may hold."""
_WINDOWS = "restore-time"
_SHAPE = (
    FaultKind.SHORT_PAGES,
    FaultKind.REPEAT_ITEMS,
    FaultKind.REORDER_ITEMS,
    FaultKind.ODD_OBJECTS,
)

_ODD: dict[str, list[dict[str, object]]] = {
    "instances": [
        {
            "id": "0" * 31 + "1in99",
            "name": "odd-engine",
            "status": "ACTIVE",
            "datastore": {"type": "Quantum", "version": "1"},
        },
        {"id": "0" * 31 + "2in03", "name": "odd-members", "tags": "none", "volume": []},
    ],
    "backups": [
        {"id": "0" * 31 + "1br03", "type": "sideways", "status": "COMPLETED"},
        {"id": "0" * 31 + "2br03", "begin_time": 7, "databases": "all"},
    ],
    "tasks": [{"id": "", "status": "Completed"}, {"id": "0" * 32, "status": None}],
}
"""An object of an unknown kind, and one that lacks most of its members or has them wrong."""


def answer_list(context: Context, handler: Handler, call: Call, pairs: Pairs) -> Answer:
    """Let the handler answer, and let the ordered faults of lists happen to the answer."""
    last = call.path.rsplit("/", 1)[-1]
    text = "&".join(f"{name}={value}" for name, value in pairs)

    def take(kind: FaultKind) -> Fault | None:
        return context.faults.take(kind, method=call.method, path=call.path, text=text)

    if call.method == "GET" and last == _WINDOWS:
        return _windows(handler(context, call), take)
    if call.method != "GET" or last not in _LISTS:
        return handler(context, call)
    faults = {kind: fault for kind in _SHAPE if (fault := take(kind))}
    if not faults:
        return handler(context, call)
    handler(context, call)  # what is wrong with the request is told as ever
    return _page(context, handler, call, pairs, faults)


def _page(
    context: Context,
    handler: Handler,
    call: Call,
    pairs: Pairs,
    faults: dict[FaultKind, Fault],
) -> Answer:
    key, most = _LISTS[call.path.rsplit("/", 1)[-1]]
    others = [pair for pair in pairs if pair[0] not in ("offset", "limit")]
    whole, answer = _whole_list(context, handler, call, others, key, most)
    if FaultKind.ODD_OBJECTS in faults:
        given = {"instance_id": call.query.text("instance_id")} if key == "backups" else {}
        whole += [{**given, **odd} for odd in _ODD[key]]
    if FaultKind.REORDER_ITEMS in faults:
        whole.reverse()
    offset = call.query.integer("offset", default=0, low=0, high=10**9)
    limit = call.query.integer("limit", default=most, low=1, high=most)
    if FaultKind.SHORT_PAGES in faults:
        limit = min(limit, faults[FaultKind.SHORT_PAGES].items)
    if FaultKind.REPEAT_ITEMS in faults and offset:
        offset -= 1  # as if an item had been added in front between two pages
    page = whole[offset : offset + limit]
    return Answer(answer.status, {**_members(answer), key: page, "total_count": len(whole)})


def _whole_list(
    context: Context, handler: Handler, call: Call, others: Pairs, key: str, most: int
) -> tuple[list[object], Answer]:
    """Return every item that matches, and the last answer."""
    items: list[object] = []
    while True:
        query = Query([*others, ("offset", str(len(items))), ("limit", str(most))])
        answer = handler(context, replace(call, query=query))
        page: Any = _members(answer)[key]
        items += page
        if len(page) < most:
            return items, answer


def _windows(answer: Answer, take: Callable[[FaultKind], Fault | None]) -> Answer:
    windows: Iterable[dict[str, int]] = _members(answer)["restore_time"]
    shrinking, hiding = take(FaultKind.SHRINK_WINDOWS), take(FaultKind.HIDE_WINDOWS)
    if hiding:
        windows = []
    if shrinking:
        cut = round(shrinking.seconds * 1000)
        windows = [_cut(window, cut, shrinking.border) for window in windows]
        windows = [each for each in windows if each["start_time"] <= each["end_time"]]
    return replace(answer, body={**_members(answer), "restore_time": list(windows)})


def _cut(window: dict[str, int], milliseconds: int, border: str) -> dict[str, int]:
    if border == "start":
        return {**window, "start_time": window["start_time"] + milliseconds}
    return {**window, "end_time": window["end_time"] - milliseconds}


def _members(answer: Answer) -> dict[str, Any]:
    return answer.body if isinstance(answer.body, dict) else {}
