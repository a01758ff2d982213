"""The PostgreSQL servers of the sandbox: real processes, base backups and archives."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from drill.sandbox.lineage import History, next_history
from drill.sandbox.postgres.administration import PostgresAdministration
from drill.sandbox.postgres.administrator import create_administrator, ensure_user_name
from drill.sandbox.postgres.archive import ArchiveReader
from drill.sandbox.postgres.backup import take_base_backup, verify_base_backup
from drill.sandbox.postgres.choice import choose_backup, why_the_log_ends
from drill.sandbox.postgres.cluster import configure, initialise
from drill.sandbox.postgres.copying import Order, make_copy
from drill.sandbox.postgres.damage import corrupt, lose_segment
from drill.sandbox.postgres.home import Home
from drill.sandbox.postgres.layout import InstanceFolder, StoredBackup
from drill.sandbox.postgres.locks import InstanceLocks
from drill.sandbox.postgres.process import RunningServer, end_leftover, start_server
from drill.sandbox.postgres.recorder import Recorder
from drill.sandbox.postgres.recovery import Stop, as_restore_failure
from drill.sandbox.postgres.settings import serving_settings
from drill.sandbox.postgres.windows import windows_of
from drill.sandbox.servers import BaseBackup, RestoreFailed, ServerFault, Span

_CLOSING = "the service is shutting down"


class PostgresServers:
    """Every instance is a PostgreSQL server of its own, in a folder under one root.

    Clients come in through loopback TCP with a password; the managed administrator is no superuser
    (see ``create_administrator``). The root belongs to one service at a time. A service
    that is killed takes its servers with it (on Linux), cleanly; the next one can start them again.
    """

    def __init__(
        self, root: Path, *, archive_every: timedelta = timedelta(seconds=2), segment_mb: int = 1
    ) -> None:
        """Find the programs and take possession of the root. Raise ServerFault.

        ``archive_every`` is how long a finished transaction waits for the archive at most, in whole
        seconds; ``segment_mb`` is the size of a log segment in MiB, a power of two.
        """
        self._home = Home(root)
        self._launch = self._home.launch
        self._archive_every = archive_every
        self._segment_mb = segment_mb
        self._locks = InstanceLocks()
        self._running: dict[str, RunningServer] = {}
        self._reader = ArchiveReader(self._launch.binaries)
        self._recorder = Recorder(
            self._reader, lambda: [self._folder(each) for each in list(self._running)]
        )
        self._recorder.start()
        self._is_closing = threading.Event()
        self.version = self._launch.binaries.version
        self.complete_version = self._launch.binaries.complete_version

    def create(self, instance_id: str, *, admin_user: str, password: str) -> None:
        """Make an empty instance and start it. Raise ServerFault, leaving nothing of it."""
        folder = self._folder(instance_id)
        ensure_user_name(admin_user)
        with self._changing(instance_id):
            if folder.exists():
                raise ServerFault(f"instance {instance_id} exists already")
            try:
                self._clear_leftovers(folder)
                self._create(folder, admin_user, password)
            except (ServerFault, OSError) as error:
                self._stop(instance_id)
                shutil.rmtree(folder.path, ignore_errors=True)
                if isinstance(error, OSError):
                    raise ServerFault(f"the instance cannot be made: {error.strerror}") from error
                raise

    def start(self, instance_id: str) -> None:
        """Start an instance that exists on disk; does nothing if it runs. Raise ServerFault."""
        folder = self._folder(instance_id)
        with self._changing(instance_id):
            if self.port_of(instance_id) is not None:
                return
            self._stop(instance_id)
            history = folder.history()
            try:
                self._clear_leftovers(folder)
                self._serve(folder, history)
            except OSError as error:
                raise ServerFault(f"{instance_id} does not start: {error.strerror}") from error

    def stop(self, instance_id: str) -> None:
        """Stop the server cleanly; does nothing if it does not run."""
        with self._locks.changing(instance_id):
            self._stop(instance_id)

    def destroy(self, instance_id: str) -> None:
        """Stop the server and delete its data, its archive and its base backups.

        Does nothing where there is no such instance. Raise ServerFault where the disk refuses.
        """
        folder = self._folder(instance_id)
        with self._locks.changing(instance_id), self._locks.deleting(instance_id):
            self._stop(instance_id)
            if not folder.path.exists():
                return
            for data in folder.data_folders():
                end_leftover(data)
            self._reader.forget(folder.path)
            try:
                shutil.rmtree(folder.path)
            except OSError as error:
                raise ServerFault(f"{instance_id} is not deleted: {error.strerror}") from error

    def port_of(self, instance_id: str) -> int | None:
        """Return the loopback TCP port that the running server listens on."""
        server = self._running.get(instance_id)
        return server.port if server is not None and server.is_running() else None

    def administration(self, instance_id: str) -> PostgresAdministration | None:
        """Return what asks and changes a running server; see ``Administered``."""
        server = self._running.get(instance_id)
        running = server is not None and server.is_running()
        return PostgresAdministration(server) if server and running else None

    def take_backup(self, instance_id: str, backup_id: str) -> BaseBackup:
        """Take and verify a base backup; its log is complete when this returns.

        ``ended_at`` is at or just after the instant of consistency, to the microsecond. Raise
        ServerFault, leaving nothing of the half backup.
        """
        folder = self._folder(instance_id)
        with self._changing(instance_id):
            if self.port_of(instance_id) is None:
                raise ServerFault(f"instance {instance_id} does not run, so no backup is possible")
            server = self._running[instance_id]
            return take_base_backup(self._launch.binaries, folder, server, backup_id).base

    def delete_backup(self, instance_id: str, backup_id: str) -> None:
        """Delete one base backup, and the log that only it could use; none is no fault."""
        folder = self._folder(instance_id)
        stored, doomed = folder.backup_folder(backup_id), folder.backup_in_the_making(backup_id)
        with self._locks.changing(instance_id), self._locks.deleting(instance_id):
            if not stored.exists():
                return
            try:
                stored.rename(doomed)  # from here on it does not count
                shutil.rmtree(doomed)
                folder.prune()
            except OSError as error:
                raise ServerFault(f"{backup_id} is not deleted: {error.strerror}") from error

    def windows(self, instance_id: str) -> list[Span]:
        """Return what can be restored to, from what was archived. Raise ServerFault."""
        with self._locks.reading(instance_id):
            return windows_of(self._folder(instance_id), self._reader)

    def restore(
        self,
        *,
        source_id: str,
        target_id: str,
        backup_id: str | None = None,
        restore_time: datetime | None = None,
        admin_user: str,
        password: str | None,
    ) -> None:
        """Replace the target's data by the source's, at a base backup or at an instant; start it.

        The copy is made and recovered beside the target's own data, which is replaced when the copy
        is proven. Where that fails, RestoreFailed is raised, a new target is gone, and an
        existing one keeps the data it had: it runs on where the order was refused before anything
        was done, and stands stopped otherwise (``start`` brings it back).
        """
        try:
            source, target = self._folder(source_id), self._folder(target_id)
            ensure_user_name(admin_user)
            with self._changing(target_id):
                with self._locks.reading(source_id):
                    backup = choose_backup(source, backup_id, restore_time)
                    verify_base_backup(self._launch.binaries, backup.base.folder)
                    self._replace(source, backup, target, restore_time, admin_user, password)
                # What cannot be deleted now is deleted after the next restore.
                with self._locks.deleting(target_id), suppress(OSError):
                    target.prune()
        except (ServerFault, OSError) as error:
            raise as_restore_failure(error) from error

    def lose_log_segment(self, instance_id: str, restore_time: datetime | None) -> str:
        """Delete an archived log segment that restores need. Raise ServerFault or OSError."""
        with self._locks.reading(instance_id):
            return lose_segment(self._folder(instance_id), self._reader, restore_time)

    def corrupt_backup(
        self, instance_id: str, backup_id: str | None, restore_time: datetime | None
    ) -> str:
        """Change bytes in a base backup (by default the newest). Raise ServerFault or OSError."""
        with self._locks.reading(instance_id):
            return corrupt(self._folder(instance_id), backup_id, restore_time)

    def shutdown(self) -> None:
        """Stop all servers cleanly, after what is under way, and let go of the root.

        Doing it again is no fault; nothing can be started afterwards.
        """
        self._is_closing.set()
        self._recorder.stop()
        with ThreadPoolExecutor(max_workers=8) as stoppers:
            list(stoppers.map(self.stop, self._locks.known()))
        self._home.close()

    def _create(self, folder: InstanceFolder, admin_user: str, password: str) -> None:
        self._make_folders(folder)
        data = folder.data(1)
        data.parent.mkdir(mode=0o700)
        self._launch.identity.own_itself(data.parent)
        initialise(self._launch, data, folder.logs / "initdb.log", self._segment_mb)
        self._serve(folder, History(admin_user, 1, {1: 1}))
        create_administrator(self._running[folder.id], admin_user, password)

    def _replace(
        self,
        source: InstanceFolder,
        backup: StoredBackup,
        target: InstanceFolder,
        restore_time: datetime | None,
        admin_user: str,
        password: str | None,
    ) -> None:
        """Make the copy and let it take the place of the target's data, or leave no trace of it."""
        is_new = not target.exists()
        self._stop(target.id)  # this also archives the last of its log
        history = next_history(source, target, backup, admin_user)
        reason = partial(why_the_log_ends, self._reader, source, backup, restore_time)
        order = Order(
            image=backup.base.folder,
            archive=source.archive(backup.era),
            stop=Stop(restore_time, reason),
            data=target.data(history.era),
            sockets=self._home.sockets_of(target.id),
            log=target.logs / f"recovery-{history.era}.log",
        )
        try:
            self._clear_leftovers(target)
            self._make_folders(target)
            make_copy(
                self._launch,
                order,
                admin_user=admin_user,
                password=password,
                is_cancelled=self._is_closing.is_set,
            )
            self._serve(target, history)
        except (RestoreFailed, ServerFault, OSError):
            self._stop(target.id)
            if is_new:
                shutil.rmtree(target.path, ignore_errors=True)
            elif target.history().era != history.era:
                shutil.rmtree(order.data.parent, ignore_errors=True)
            raise

    def _serve(self, folder: InstanceFolder, history: History) -> None:
        """Configure the cluster of an era for use, make it the current one, and start it."""
        data, archive = folder.data(history.era), folder.archive(history.era)
        archive.mkdir(mode=0o700, exist_ok=True)
        configure(data, serving_settings(archive, self._archive_every))
        self._launch.identity.own(data.parent)
        folder.record(history)
        server = start_server(
            self._launch,
            data=data,
            sockets=self._home.sockets_of(folder.id),
            log=folder.logs / "server.log",
            preferred_port=history.port,
        )
        self._running[folder.id] = server
        if server.port != history.port:
            folder.record(replace(history, port=server.port))

    def _stop(self, instance_id: str) -> None:
        server = self._running.pop(instance_id, None)
        if server is not None:
            server.stop()
            self._recorder.look(self._folder(instance_id))

    def _make_folders(self, folder: InstanceFolder) -> None:
        """Make the folders of an instance, passable for the user of the servers."""
        for made in folder.make():
            self._launch.identity.own_itself(made)

    @staticmethod
    def _clear_leftovers(folder: InstanceFolder) -> None:
        """Delete what a killed service left half done, after its servers. Raise OSError."""
        for data in folder.data_folders():
            end_leftover(data)
        folder.clear_leftovers()

    def _folder(self, instance_id: str) -> InstanceFolder:
        return InstanceFolder(self._home.root, instance_id)

    @contextmanager
    def _changing(self, instance_id: str) -> Iterator[None]:
        """Be the only one who changes an instance. Raise ServerFault while shutting down."""
        with self._locks.changing(instance_id):
            if self._is_closing.is_set():
                raise ServerFault(_CLOSING)
            yield
