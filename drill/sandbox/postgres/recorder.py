"""The thread that notes what the servers have archived, also where nobody asks for windows."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

from drill.sandbox.lineage import in_lineage
from drill.sandbox.postgres.archive import ArchiveReader
from drill.sandbox.postgres.layout import InstanceFolder
from drill.sandbox.servers import ServerFault

_logger = logging.getLogger(__name__)

LOOK_EVERY = timedelta(milliseconds=500)


class Recorder:
    """Looks into the archives of running servers until it is told to stop."""

    def __init__(
        self, reader: ArchiveReader, running: Callable[[], Iterable[InstanceFolder]]
    ) -> None:
        self._reader = reader
        self._running = running
        self._stamps: dict[Path, int] = {}
        """When each archive had changed at the last look."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="archive-recorder", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; doing it again is no fault."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY.total_seconds()):
            for folder in self._running():
                self.look(folder)

    def look(self, folder: InstanceFolder) -> None:
        """Note what was archived since the last look, if that can be read now."""
        try:
            self._note(folder)
        except (ServerFault, OSError) as error:  # it is tried again, or it is gone
            _logger.debug("the archive of %s is not noted: %s", folder.id, error)

    def _note(self, folder: InstanceFolder) -> None:
        history = folder.history()
        archive = folder.archive(history.era)
        changed_at = archive.stat().st_mtime_ns
        if self._stamps.get(archive) == changed_at:
            return
        backups = [b for b in in_lineage(folder.backups(), history) if b.era == history.era]
        if backups:
            first = min(backup.first_segment for backup in backups)
            self._reader.note(archive, backups[0].log, first)
            self._stamps[archive] = changed_at
