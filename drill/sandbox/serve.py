"""Run the sandbox in a state folder until it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from drill.sandbox.catalogue import ENGINE, MARIADB
from drill.sandbox.engines import Engines
from drill.sandbox.folder import (
    FolderInUse,
    FolderLock,
    PersonalityDiffers,
    keep_personality,
    make_folder,
    read_or_make_credentials,
    write_private,
)
from drill.sandbox.personalities import PERSONALITIES
from drill.sandbox.seed import seed as seed_world
from drill.sandbox.servers import ServerFault, Servers
from drill.sandbox.service import Service
from drill.sandbox.settings import Settings

_logger = logging.getLogger(__name__)

DEFAULT_PERSONALITY = "sandbox"
WITHOUT = "DRILL_SANDBOX_WITHOUT"
"""The variable that names an engine to do without, as if its programs were not installed."""
LOOPBACK_HOSTS = ("127.0.0.1", "localhost")


class ServeRefused(Exception):
    """The sandbox does not serve like this; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeInfo:
    """Where the running sandbox is; the credentials lie in the state folder."""

    endpoint: str
    project_id: str
    state: Path
    seeded: bool


def serve(
    state: Path,
    *,
    port: int = 0,
    seed: bool = False,
    host: str = "127.0.0.1",
    ready: Callable[[ServeInfo], None] | None = None,
    personality: str | None = None,
    settings: Settings | None = None,
    servers: Servers | Engines | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Serve until SIGTERM, SIGINT or ``stop``; then stop everything that was started.

    ``port`` 0 picks a free one. The file ``endpoint`` appears as soon as the service answers,
    ``ready`` when the demo world is there too; both go away at the end. ``servers`` are the real
    ones of PostgreSQL and MariaDB where none are given. The personality is written into the folder,
    and stays: none asks for the one that is there, or else for ``sandbox``. Raise ServeRefused
    (another host than the loopback, an unknown personality or engine), FolderInUse, WebFault,
    ServerFault or OSError.
    """
    if host not in LOOPBACK_HOSTS:
        raise ServeRefused(f"the sandbox serves the loopback interface only, not {host}")
    _ensure_known(personality)
    state = state.resolve()
    make_folder(state)
    stopping = stop or threading.Event()
    with FolderLock(state), _stopped_by_signals(stopping):
        _forget_marks(state)
        try:
            chosen = keep_personality(state, personality, default=DEFAULT_PERSONALITY)
        except PersonalityDiffers as error:
            raise ServeRefused(str(error)) from error
        _ensure_known(chosen)
        service = Service(
            state,
            servers or _own_engines(state),
            read_or_make_credentials(state),
            personality=PERSONALITIES[chosen],
            settings=settings or Settings(),
            port=port,
        )
        try:
            _serve(service, state, seed, ready, stopping)
        finally:
            _forget_marks(state)
            service.stop()


def _ensure_known(personality: str | None) -> None:
    if personality is not None and personality not in PERSONALITIES:
        known = ", ".join(PERSONALITIES)
        raise ServeRefused(f"there is no personality {personality}; there are {known}")


def is_served(state: Path) -> bool:
    """Tell whether a sandbox works in this state folder now."""
    if not (state / "lock").exists():
        return False
    try:
        with FolderLock(state):
            return False
    except FolderInUse:
        return True


def _serve(
    service: Service,
    state: Path,
    seed: bool,
    ready: Callable[[ServeInfo], None] | None,
    stopping: threading.Event,
) -> None:
    service.start()
    write_private(state / "endpoint", service.endpoint)
    if seed and not stopping.is_set():
        seed_world(service, stopping)
    if not stopping.is_set():
        write_private(state / "ready", str(os.getpid()))
        if ready is not None:
            ready(
                ServeInfo(
                    endpoint=service.endpoint,
                    project_id=service.credentials.project_id,
                    state=state,
                    seeded=seed,
                )
            )
    stopping.wait()


def _own_engines(state: Path) -> Engines:
    """Return the real servers. MariaDB comes from the distribution and may be missing.

    Raise ServeRefused, ServerFault.
    """
    # Late, so that a sandbox with other servers needs no PostgreSQL.
    from drill.sandbox.mariadb import MariadbServers
    from drill.sandbox.postgres import PostgresServers

    left_out = os.environ.get(WITHOUT, "")
    if left_out not in ("", MARIADB):
        raise ServeRefused(f"{WITHOUT} can be {MARIADB}, not {left_out}")
    servers: dict[str, Servers] = {ENGINE: PostgresServers(state / "servers")}
    absent: dict[str, str] = {}
    try:
        if left_out:
            raise ServerFault(f"no server here: {MARIADB} is left out ({WITHOUT}={MARIADB})")
        servers[MARIADB] = MariadbServers(state / "servers-mariadb")
    except ServerFault as error:
        reason = str(error)
        absent[MARIADB] = reason if "no server here" in reason else f"no server here: {reason}"
        _logger.warning("%s", absent[MARIADB])
    return Engines(servers, absent=absent)


def _forget_marks(state: Path) -> None:
    for name in ("ready", "endpoint"):
        (state / name).unlink(missing_ok=True)


@contextmanager
def _stopped_by_signals(stopping: threading.Event) -> Iterator[None]:
    """Let SIGTERM and SIGINT set the event; only the main thread may ask for signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(number: int, frame: FrameType | None) -> None:
        stopping.set()

    earlier = {each: signal.signal(each, note) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
