"""The admin calls that order faults and take them back (docs/sandbox-faults.md)."""

from __future__ import annotations

import re

from drill.sandbox.api.controls import order_answer
from drill.sandbox.call import Answer, Call
from drill.sandbox.claims import target_of
from drill.sandbox.context import Context
from drill.sandbox.damage import damageable
from drill.sandbox.errors import ApiError, parameter_error
from drill.sandbox.faults import ADDRESS, KINDS, Fault, FaultKind
from drill.sandbox.fields import Members
from drill.sandbox.instances import Status
from drill.sandbox.ordered_answers import KIND
from drill.sandbox.runs import Stuck
from drill.sandbox.servers import ServerFault

BODIES = ("cloud", "empty", "text")
BORDERS = ("start", "end")
STUCK_STATUSES = (Status.BUILD.value, Status.BACKING_UP.value, Status.RESTORING.value)
_TEXTS = ("kind", "path", "method", "instance", "code", "reason", "body", "border", "backup")
_INTEGERS = {"times": (1, 1000), "after": (0, 1000), "megabytes": (1, 64), "items": (1, 100)}
_HTML_STATUSES = (200, 599)
_ERROR_STATUSES = (400, 599)


def add_fault(context: Context, call: Call) -> Answer:
    """Order a fault for the requests to come, or let it happen at once. Raise ApiError (400)."""
    body = call.json()
    name = body.text("kind")
    if name == KIND:
        return order_answer(context, body)
    if name not in [each.value for each in FaultKind]:
        raise parameter_error(f"kind must be one of {', '.join(FaultKind)}, {KIND}")
    kind = FaultKind(name)
    allowed = {"kind", *ADDRESS, *KINDS[kind].members}
    unknown = sorted(set(body.names()) - allowed)
    if unknown:
        raise parameter_error(f"{name} has no {unknown[0]}: it has {', '.join(sorted(allowed))}")
    fault = _read(body, kind)
    if not body.flag("at_once"):
        if body.has("backup"):
            raise parameter_error("backup is for at_once: a restore names its own")
        context.faults.add(fault)
        return Answer(201, {})
    if fault.instance is None:
        raise parameter_error("at_once needs an instance")
    return Answer(201, _happen(context, fault, fault.instance, body.optional_text("backup")))


def clear_faults(context: Context, call: Call) -> Answer:
    """Forget the faults that have not happened yet; what hangs or is stuck goes on."""
    context.faults.clear()
    context.ordered.clear()
    return Answer(200, {})


def _happen(
    context: Context, fault: Fault, instance_id: str, backup_id: str | None
) -> dict[str, str]:
    if fault.kind is FaultKind.STICK_INSTANCE:
        context.operations.stick(instance_id, Stuck(Status(fault.stuck), context.faults.gate()))
        return {}
    try:
        with context.state.transaction() as connection:
            instance = target_of(connection, instance_id)
        servers = damageable(context.engines.need(instance.engine))
        if fault.kind is FaultKind.LOSE_LOG_SEGMENT:
            return {"damaged": servers.lose_log_segment(instance_id, None)}
        return {"damaged": servers.corrupt_backup(instance_id, backup_id, None)}
    except (ServerFault, OSError) as error:
        raise ApiError(409, "SANDBOX.0409", str(error)) from error


def _read(body: Members, kind: FaultKind) -> Fault:
    plain = Fault(kind=kind)
    texts = {name: body.optional_text(name) for name in _TEXTS}
    seconds = body.optional_number("seconds")
    if seconds is not None and not 0 <= seconds <= 86400:
        raise parameter_error("seconds must be from 0 to 86400")
    return Fault(
        kind=kind,
        path=_pattern(texts["path"]),
        method=texts["method"],
        instance=texts["instance"],
        times=_integer(body, "times", plain.times),
        after=_integer(body, "after", plain.after),
        seconds=plain.seconds if seconds is None else seconds,
        reason=texts["reason"] or plain.reason,
        status=_status(body, kind),
        code=texts["code"] or plain.code,
        body=_one_of(texts["body"], BODIES, "body") or plain.body,
        accepted=body.flag("accepted"),
        megabytes=_integer(body, "megabytes", plain.megabytes),
        items=_integer(body, "items", plain.items),
        border=_one_of(texts["border"], BORDERS, "border") or plain.border,
        stuck=_stuck(body, kind),
    )


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise parameter_error("path is not a regular expression") from error


def _integer(body: Members, name: str, default: int) -> int:
    value = body.optional_integer(name)
    low, high = _INTEGERS[name]
    if value is not None and not low <= value <= high:
        raise parameter_error(f"{name} must be from {low} to {high}")
    return default if value is None else value


def _status(body: Members, kind: FaultKind) -> int:
    if kind not in (FaultKind.ERROR_NEXT, FaultKind.HTML_NEXT):
        return Fault(kind=kind).status
    low, high = _HTML_STATUSES if kind is FaultKind.HTML_NEXT else _ERROR_STATUSES
    status = body.optional_integer("status")
    if status is None:
        return 200 if kind is FaultKind.HTML_NEXT else 500
    if not low <= status <= high or 300 <= status < 400 or status == 204:
        raise parameter_error(f"status must be from {low} to {high}, and no redirection")
    return status


def _stuck(body: Members, kind: FaultKind) -> str:
    plain = Fault(kind=kind).stuck
    if kind is not FaultKind.STICK_INSTANCE:
        return plain
    return _one_of(body.optional_text("status"), STUCK_STATUSES, "status") or plain


def _one_of(text: str | None, choices: tuple[str, ...], name: str) -> str | None:
    if text is not None and text not in choices:
        raise parameter_error(f"{name} must be one of {', '.join(choices)}")
    return text
