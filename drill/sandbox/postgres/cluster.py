"""Make an empty cluster, and configure one."""

from __future__ import annotations

import subprocess
from pathlib import Path

from drill.sandbox.postgres.binaries import TOOL_PATIENCE, complaint_in
from drill.sandbox.postgres.process import Launch
from drill.sandbox.postgres.settings import HOST_RULES, KEEPER
from drill.sandbox.servers import ServerFault


def initialise(launch: Launch, data: Path, log: Path, segment_mb: int) -> None:
    """Make an empty cluster with checksums. Raise ServerFault."""
    place = ["-D", str(data), "-U", KEEPER, "-A", "trust", f"--wal-segsize={segment_mb}"]
    # The built-in provider sorts alike on every machine and needs no locale of the system.
    text = ["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    options = [*place, *text, "--data-checksums", "--no-sync", "--no-instructions"]
    process = launch.spawner.start(
        launch.identity, launch.binaries.program("initdb"), *options, log=log
    )
    try:
        code = process.wait(TOOL_PATIENCE.total_seconds())
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.wait()
        raise ServerFault(f"initdb did not end within {TOOL_PATIENCE}") from error
    if code != 0:
        complaint = complaint_in(log.read_text("utf-8", "replace"))
        raise ServerFault(f"the empty cluster cannot be made: {complaint}")


def configure(data: Path, settings: str) -> None:
    """Replace all configuration of a cluster. Raise OSError."""
    (data / "postgresql.conf").write_text(settings, "utf-8")
    (data / "postgresql.auto.conf").write_text("", "utf-8")
    (data / "pg_ident.conf").write_text("", "utf-8")
    (data / "pg_hba.conf").write_text(HOST_RULES, "utf-8")
