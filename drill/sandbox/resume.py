"""What happens to unfinished work and stopped servers when the service starts again."""

from __future__ import annotations

import logging
from functools import partial

from drill.sandbox import backups, instances, jobs
from drill.sandbox.backups import Backup
from drill.sandbox.engines import Engines
from drill.sandbox.instances import Instance, Status
from drill.sandbox.jobs import LEAVES_DATA
from drill.sandbox.servers import ServerFault
from drill.sandbox.state import State
from drill.sandbox.times import now
from drill.sandbox.workers import Workers

_logger = logging.getLogger(__name__)


def resume(state: State, engines: Engines, workers: Workers) -> None:
    """End what a stop interrupted, and start every instance that has a server.

    An interrupted job has failed; an instance that was half made, half restored or half deleted
    is FAILED; a backup that was being taken has failed and its instance goes on.
    """
    healthy, broken_backups = _end_interrupted(state)
    waiting = [workers.submit(partial(_start, state, engines, each)) for each in healthy]
    waiting += [workers.submit(partial(_discard, engines, each)) for each in broken_backups]
    for future in waiting:
        future.result()


def _end_interrupted(state: State) -> tuple[list[Instance], list[Backup]]:
    at = now()
    with state.transaction() as connection:
        for job in jobs.running(connection):
            jobs.finish(connection, job.id, at, fail_reason="service restarted")
            if job.kind not in LEAVES_DATA:
                instances.set_status(connection, job.instance_id, Status.FAILED, at)
        broken_backups = backups.fail_unfinished(connection, at)
        for instance in instances.every(connection):
            # Whatever had a job is FAILED by now: a status that is left was one that stuck.
            if instance.status not in (Status.ACTIVE, Status.FAILED):
                instances.set_status(connection, instance.id, Status.ACTIVE, at)
        everyone = instances.every(connection)
    healthy = [each for each in everyone if each.status is Status.ACTIVE and not each.simulated]
    ids = {each.id for each in everyone}
    on_disk = [each for each in broken_backups if each.instance_id in ids and not each.simulated]
    return healthy, on_disk


def _start(state: State, engines: Engines, instance: Instance) -> None:
    servers = engines.servers_of(instance.engine)
    if servers is None:  # it may have one again after the next start
        _logger.warning("there is no server here for the %s of %s", instance.engine, instance.name)
        return
    try:
        servers.start(instance.id)
    except (ServerFault, OSError) as error:
        _logger.warning("instance %s does not start: %s", instance.name, error)
        with state.transaction() as connection:
            instances.set_status(connection, instance.id, Status.FAILED, now())


def _discard(engines: Engines, backup: Backup) -> None:
    try:
        engines.need(backup.engine).delete_backup(backup.instance_id, backup.id)
    except (ServerFault, OSError) as error:
        _logger.warning("the failed backup %s stays on disk: %s", backup.id, error)
