"""Read and change tags (reference, section 7.4)."""

from __future__ import annotations

from drill.sandbox import instances, rules
from drill.sandbox.call import Answer, Call
from drill.sandbox.claims import target_of
from drill.sandbox.context import Context
from drill.sandbox.errors import ApiError, parameter_error
from drill.sandbox.times import now
from drill.sandbox.views import marked


def list_tags(context: Context, call: Call) -> Answer:
    """Return the tags of one instance."""
    with context.state.transaction() as connection:
        instance = target_of(connection, call.parameters["instance_id"])
    tags = [
        {"key": key, "value": value, "tag_type": "user"} for key, value in instance.tags.items()
    ]
    return Answer(200, {"tags": tags} | marked(instance.simulated))


def list_project_tags(context: Context, call: Call) -> Answer:
    """Return every key that is in use, with its values."""
    with context.state.transaction() as connection:
        everyone = instances.every(connection)
    values: dict[str, set[str]] = {}
    for instance in everyone:
        for key, value in instance.tags.items():
            values.setdefault(key, set()).add(value)
    tags = [{"key": key, "values": sorted(found)} for key, found in sorted(values.items())]
    return Answer(200, {"tags": tags})


def change_tags(context: Context, call: Call) -> Answer:
    """Add tags (a key that exists gets the new value), or take some away."""
    body = call.json()
    action = body.text("action")
    if action not in ("create", "delete"):
        raise parameter_error("action must be create or delete")
    quota = context.personality.quota_of_tags
    tags = rules.read_tags(
        body,
        quota=quota,
        lengths=context.personality.tag_lengths,
        values_required=action == "create",
    )
    if not tags:
        raise parameter_error("tags is required")
    with context.state.transaction() as connection:
        instance = target_of(connection, call.parameters["instance_id"])
        if action == "create":
            changed = {**instance.tags, **tags}
        else:
            changed = {key: value for key, value in instance.tags.items() if key not in tags}
        if len(changed) > quota:
            raise ApiError(400, "DBS.200087", "The tag quota is exceeded.")
        instances.set_tags(connection, instance.id, changed, now())
    return Answer(200)
