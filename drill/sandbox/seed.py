"""The demo world: sources with order data that keep being written to, and scratch instances."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from drill.sandbox import backups, catalogue, instances
from drill.sandbox.backups import BackupStatus, BackupType
from drill.sandbox.planting import (
    Seedling,
    back_up_and_wait,
    id_of,
    list_only,
    plant,
    wait_for_job,
)
from drill.sandbox.servers import ServerFault
from drill.sandbox.service import Service
from drill.sandbox.shop import load_shop
from drill.sandbox.shop_mariadb import load_mariadb_shop
from drill.sandbox.times import now

_logger = logging.getLogger(__name__)

SCRATCH_TAGS = {"drill-scratch": "yes"}
BASELINE = "drill-baseline"
_KEEP_DAYS = 7
_PATIENCE = timedelta(seconds=60)
_BETWEEN_BACKUPS = timedelta(seconds=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """One source of the demo world."""

    name: str
    volume_size: int
    orders: int
    seed: int
    engine: str = catalogue.ENGINE


SOURCES = (
    SourceSpec(name="orders-prod", volume_size=100, orders=20000, seed=1),
    SourceSpec(name="billing-prod", volume_size=80, orders=12000, seed=2),
)
SCRATCH_NAMES = ("drill-scratch-a", "drill-scratch-b")
SCRATCH_VOLUME_SIZE = 100
MARIADB_SOURCE = SourceSpec(
    name="invoices-prod", volume_size=60, orders=8000, seed=3, engine=catalogue.MARIADB
)
MARIADB_SCRATCH_NAME = "drill-scratch-m"


def seed(service: Service, stopping: threading.Event) -> None:
    """Make what is missing of the demo world. Raise ServerFault or ApiError.

    An instance that an interrupted seeding left half done is made again; a finished one stays.
    """
    steps: list[Callable[[], None]] = [
        *(partial(_make_source, service, spec, stopping) for spec in SOURCES),
        *(partial(_make_scratch, service, name) for name in SCRATCH_NAMES),
        partial(_make_source, service, MARIADB_SOURCE, stopping),
        partial(_make_scratch, service, MARIADB_SCRATCH_NAME, catalogue.MARIADB),
    ]
    with ThreadPoolExecutor(len(steps), thread_name_prefix="sandbox-seed") as pool:
        futures = [pool.submit(step) for step in steps]
        for future in futures:
            future.result()


def _make_source(service: Service, spec: SourceSpec, stopping: threading.Event) -> None:
    if not _is_missing(service, spec.name, spec.engine, lambda found: len(found) >= 2):
        return
    context, credentials = service.context, service.credentials
    instance = plant(
        context,
        Seedling(
            name=spec.name,
            engine=spec.engine,
            password=credentials.source_password,
            volume_size=spec.volume_size,
            tags={"environment": "production"},
            subnet_id=catalogue.SOURCE_SUBNET_ID,
            security_group_id=catalogue.SOURCE_SECURITY_GROUP_ID,
        ),
        within=_PATIENCE,
    )
    port = context.engines.port_of(instance)
    if port is None:
        raise ServerFault(f"{spec.name} does not listen")
    load = load_mariadb_shop if spec.engine == catalogue.MARIADB else load_shop
    load(
        port=port,
        admin_user=instance.admin_user,
        admin_password=credentials.source_password,
        writer_password=credentials.writer_password,
        check_password=credentials.check_password,
        orders=spec.orders,
        seed=spec.seed,
    )
    with context.state.transaction() as connection:
        instances.set_writer(connection, instance.id)
        instances.set_backup_policy(
            connection,
            instance.id,
            keep_days=_KEEP_DAYS,
            start_time=catalogue.BACKUP_WINDOW,
            period=catalogue.BACKUP_PERIOD,
        )
    service.writers.start(instance.id, instance.engine)
    _back_up(service, instance.id, f"auto-{spec.name}-first", BackupType.AUTO)
    if not stopping.wait(_BETWEEN_BACKUPS.total_seconds()):
        _back_up(service, instance.id, f"auto-{spec.name}-second", BackupType.AUTO)


def _make_scratch(service: Service, name: str, engine: str = catalogue.ENGINE) -> None:
    if not _is_missing(service, name, engine, lambda found: BASELINE in found):
        return
    instance = plant(
        service.context,
        Seedling(
            name=name,
            engine=engine,
            password=service.credentials.scratch_password,
            volume_size=SCRATCH_VOLUME_SIZE,
            tags=SCRATCH_TAGS,
        ),
        within=_PATIENCE,
    )
    _back_up(service, instance.id, BASELINE, BackupType.MANUAL)


def _back_up(service: Service, instance_id: str, name: str, backup_type: BackupType) -> None:
    back_up_and_wait(
        service.context, instance_id, name=name, backup_type=backup_type, within=_PATIENCE
    )


def _is_missing(
    service: Service, name: str, engine: str, is_complete: Callable[[list[str]], bool]
) -> bool:
    """Tell whether an instance must be made; remove it first where it was left half done.

    Where no server can stand behind it, it is only listed: whoever asks for more learns why.
    """
    context = service.context
    instance_id = id_of(name, catalogue.family_of(engine).id_suffix)
    has_server = context.engines.servers_of(engine) is not None
    with context.state.transaction() as connection:
        found = instances.find(connection, instance_id)
        usable = [
            each.name
            for each in backups.of_instance(connection, instance_id)
            if each.status_at(now()) is BackupStatus.COMPLETED
        ]
    if not has_server:
        if found is None:
            list_only(context, name, engine)
        return False
    if found is None:
        return True
    if is_complete(usable):
        return False
    _logger.info("%s was left half done and is made again", name)
    job = context.operations.delete(found.id)
    wait_for_job(context, job.id, within=_PATIENCE)
    with context.state.transaction() as connection:
        for backup in backups.of_instance(connection, found.id):
            backups.delete(connection, backup.id)
    return True
