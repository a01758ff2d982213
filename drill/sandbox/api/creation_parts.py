"""What every order of a new instance says, whatever its engine (reference, 5.1 and 5.6)."""

from __future__ import annotations

import re

from drill.sandbox import catalogue, rules
from drill.sandbox.call import Call
from drill.sandbox.errors import ApiError, parameter_error
from drill.sandbox.fields import Members
from drill.sandbox.personalities import Personality

_CLIENT_TOKEN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def read_client_token(call: Call, personality: Personality) -> str | None:
    """Return the token of an order that is to be carried out once, where this cloud reads it.

    Raise ApiError (400) for one without its form, whatever the engine.
    """
    token = call.headers.get("x-client-token")
    if token is None or not personality.reads_client_token:
        return None
    if _CLIENT_TOKEN.fullmatch(token) is None:
        raise ApiError(400, "DBS.280497", "The client token is malformed.")
    return token


def is_subscription(body: Members, personality: Personality) -> bool:
    """Tell whether the order is paid in advance. Raise ApiError (400) where that is not offered."""
    charge = body.optional_members("charge_info")
    if charge is None:
        return False
    mode = charge.text("charge_mode")
    offered = ("postPaid", "prePaid") if personality.subscribes else ("postPaid",)
    if mode not in offered:
        raise parameter_error(f"charge_info.charge_mode must be {' or '.join(offered)}")
    return mode == "prePaid"


def read_volume(body: Members, personality: Personality) -> tuple[str, int]:
    """Return the type of the volume, and its size in gigabytes. Raise ApiError (400)."""
    volume = body.members("volume")
    volume_type = volume.text("type")
    if volume_type not in personality.volume_types:
        raise parameter_error("volume.type is not offered")
    return volume_type, rules.checked_volume_size(volume.integer("size"))


def check_place(body: Members, personality: Personality) -> None:
    """Raise ApiError (400) unless the only zone and the only region of the sandbox are named."""
    if body.text("availability_zone") != catalogue.ZONE:
        raise parameter_error(f"availability_zone must be {catalogue.ZONE}")
    if body.has("ha"):
        raise parameter_error("the sandbox has single instances only")
    region = body.optional_text("region")
    if region not in (None, catalogue.REGION, *personality.region_aliases):
        raise parameter_error(f"region must be {catalogue.REGION}")


def read_backup_strategy(body: Members, engine: str, personality: Personality) -> tuple[int, str]:
    """Return for how many days backups are kept, and their window. Raise ApiError (400)."""
    strategy = body.optional_members("backup_strategy")
    if strategy is None:
        return 7, catalogue.BACKUP_WINDOW
    asked = strategy.optional_integer("keep_days")
    start_time = strategy.optional_text("start_time")
    keep_days = rules.checked_keep_days(7 if asked is None else asked)
    ensure_backed_up(keep_days, engine, personality)
    return keep_days, rules.checked_backup_window(start_time or catalogue.BACKUP_WINDOW)


def ensure_backed_up(keep_days: int, engine: str, personality: Personality) -> None:
    """Raise ApiError (400) where automatic backups cannot be switched off (reference, 12)."""
    if keep_days == 0 and engine in personality.always_backed_up:
        message = "Automatic backups of this DB engine cannot be switched off."
        raise ApiError(400, "DBS.201106", message)
