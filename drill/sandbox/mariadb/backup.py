"""Take a physical backup of a running server and prove that it can be used."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pymysql

from drill.sandbox.mariadb import image
from drill.sandbox.mariadb.binlog import log_number
from drill.sandbox.mariadb.layout import InstanceFolder, StoredBackup, write_backup
from drill.sandbox.mariadb.process import RunningServer
from drill.sandbox.mariadb.programs import BACKUP, Programs, complaint_in
from drill.sandbox.mariadb.settings import KEEPER
from drill.sandbox.servers import BaseBackup, ServerFault

_TABLES = """
SELECT NAME FROM information_schema.INNODB_SYS_TABLESPACES
WHERE NAME LIKE '%/%' AND NAME NOT LIKE '%#sql%'
"""


def take_full_backup(
    programs: Programs, folder: InstanceFolder, server: RunningServer, backup_id: str
) -> StoredBackup:
    """Copy, prepare and check; then it counts.

    Raise ServerFault, and leave nothing of the half backup, where any of these fails.
    """
    final, draft = folder.backup_folder(backup_id), folder.backup_in_the_making(backup_id)
    if final.exists():
        raise ServerFault(f"there already is a backup {backup_id} of {folder.id}")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(mode=0o700)
        data = draft / "data"
        era = folder.history().era
        began_at = datetime.now(UTC)
        tables = _tables_of(server)
        _copy(programs, server, data)
        ended_at = datetime.now(UTC)  # just after the instant that its position belongs to
        image.prepare(programs, data)
        image.ensure_pages_sound(programs, data)
        image.ensure_has_tables(data, tables & _tables_of(server))
        name, position = image.read_place(data)
        number = log_number(Path(name).name)
        if number is None:
            raise ServerFault("the backup does not say where in the binary log it lies")
        backup = StoredBackup(
            id=backup_id,
            era=era,
            base=BaseBackup(
                folder=final / "data",
                began_at=began_at,
                ended_at=ended_at,
                size_bytes=image.write_manifest(data),
                timeline=era,
            ),
            file=number,
            position=position,
        )
        write_backup(draft, backup)
        draft.rename(final)
    except OSError as error:
        raise ServerFault(f"backup {backup_id} failed: {error.strerror}") from error
    except pymysql.Error as error:
        raise ServerFault(f"backup {backup_id} failed: the server does not answer") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return backup


def _copy(programs: Programs, server: RunningServer, data: Path) -> None:
    answer = programs.run(
        BACKUP,
        "--no-defaults",
        "--backup",
        f"--target-dir={data}",
        f"--datadir={server.data}",
        f"--socket={server.socket}",
        f"--user={KEEPER}",
    )
    if answer.returncode != 0 or "completed OK!" not in answer.stderr:
        raise ServerFault(f"the backup failed: {complaint_in(answer.stderr)}")


def _tables_of(server: RunningServer) -> set[str]:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return {str(row[0]) for row in cursor.fetchall()}
