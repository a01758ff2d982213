"""Actions on one instance, and an end to backups (reference, sections 3.3 and 7.3)."""

from __future__ import annotations

from drill.sandbox import rules
from drill.sandbox.call import Answer, Call
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError, parameter_error

_ACTIONS = ("restart", "enlarge_volume", "resize_flavor", "single_to_ha")
_MOST_BACKUPS = 50


def act(context: Context, call: Call) -> Answer:
    """Accept a restart or a larger disk. Exactly one action is named."""
    body = call.json()
    named = [each for each in _ACTIONS if body.has(each)]
    if len(named) != 1:
        raise parameter_error(f"the body must hold exactly one of {', '.join(_ACTIONS)}")
    members = body.members(named[0])
    instance_id = call.parameters["instance_id"]
    if named == ["restart"]:
        for name in ("restart_server", "forcible", "delay"):
            members.flag(name)
        job = context.changes.restart(instance_id)
    elif named == ["enlarge_volume"]:
        members.flag("is_auto_pay")
        size = rules.checked_volume_size(members.integer("size"))
        job = context.changes.enlarge(instance_id, size)
    else:
        message = f"The sandbox cannot {named[0].replace('_', ' ')}."
        raise ApiError(400, "DBS.280238", message)
    return Answer(202, {"job_id": job.id})


def stop_backup(context: Context, call: Call) -> Answer:
    """Accept the end of the backup that runs on an instance."""
    job = context.changes.stop_backup(call.parameters["instance_id"])
    return Answer(200, {"job_id": job.id})


def delete_backups(context: Context, call: Call) -> Answer:
    """Delete several manual backups; each has a result of its own."""
    ids = call.json().texts("backup_ids")
    if not 1 <= len(ids) <= _MOST_BACKUPS:
        raise parameter_error(f"backup_ids must be 1 to {_MOST_BACKUPS} ids")
    results = []
    for backup_id in ids:
        code, message = "0", ""
        try:
            context.operations.delete_backup(backup_id)
        except ApiError as error:
            code, message = error.code, error.message
        results.append({"backup_id": backup_id, "error_code": code, "error_msg": message})
    return Answer(200, {"delete_results": results})


def reset_password(context: Context, call: Call) -> Answer:
    """Set the administrator's password on the real server."""
    password = rules.checked_password(call.json().text("db_user_pwd"))
    context.changes.set_password(call.parameters["instance_id"], password)
    return Answer(200)
