"""Which concrete parts the house is made of. The only place that knows every adapter."""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from drill.clock import SystemClock
from drill.dispatch.worker import worker_name
from drill.engine.control import Control
from drill.engine.passwords import CopyPasswords
from drill.engine.ports import CloudSettings, Parts, ScratchLogin
from drill.errors import ConfigInvalid, SandboxAway, SecretUnavailable
from drill.guard.facts import SiteRules
from drill.plan.config import BlankInstance, Cloud, Config, ScratchInstance
from drill.plan.model import Plan
from drill.plan.references import resolve, resolve_secret
from drill.provider.breaker import Breakers
from drill.provider.port import Provider
from drill.provider.renewing import RenewingProvider
from drill.store import SqlArchive, SqlJournal, open_journal


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Everything that a command needs."""

    folder: Path
    """Folder of config.toml: every relative path starts here."""
    config: Config
    plans: tuple[Plan, ...]
    journal: SqlJournal
    archive: SqlArchive
    """Looks back on what the journal's database keeps."""
    parts: Parts

    @property
    def control(self) -> Control:
        """Return the orders and signs of life, kept beside the journal."""
        return self.journal.control

    @property
    def reports(self) -> Path:
        """Return the folder of the reports."""
        return self.folder / self.config.folders.reports

    def close(self) -> None:
        """Hang up: close the connections to every cloud."""
        for cloud in self.parts.clouds.values():
            close = getattr(cloud.provider, "close", None)
            if close is not None:
                close()


def open_store(config: Config, folder: Path) -> SqlJournal:
    """Open (and bring up to date) the store of the configuration. Raise StoreError."""
    return open_journal(resolve(config.store.url, folder=folder), folder=folder)


def build_house(
    config: Config, plans: Sequence[Plan], *, folder: Path, lasting: bool = False
) -> House:
    """Put the parts together. Raise ConfigInvalid, SecretUnavailable or StoreError.

    ``plans`` are all plans that are known, not only those that run: the source of any plan can
    never be a target. With ``lasting`` the address and the keys of a cloud may be unreadable now
    and change later: it then counts as unavailable, and they are read again.
    """
    from drill.check.prober import SqlProber  # late: reading the store needs neither cloud nor copy

    journal = open_store(config, folder)
    breakers = Breakers(SystemClock())
    secret = partial(resolve_secret, folder=folder)
    parts = Parts(
        clock=SystemClock(),
        journal=journal,
        prober=SqlProber(),
        clouds={
            name: _cloud(name, config, plans, folder, breakers, lasting=lasting)
            for name in config.clouds
        },
        secret=secret,
        passwords=CopyPasswords(secret=secret, make=new_password),
        worker=worker_name(),
        lease=config.limits.lease,
        drills_at_once=config.limits.drills_at_once,
        drills_per_source=config.limits.drills_per_source,
        history=lambda source: tuple(journal.archive.drill_facts(source=source, finished=True)),
        start_patience=config.limits.start_patience,
        teardown_patience=config.limits.teardown_patience,
        drills_per_group=config.limits.drills_per_group,
        group_limits=config.limits.groups,
        control=journal.control,
        blackouts=config.blackouts,
    )
    return House(
        folder=folder,
        config=config,
        plans=tuple(plans),
        journal=journal,
        archive=journal.archive,
        parts=parts,
    )


def with_plans(house: House, plans: Sequence[Plan]) -> House:
    """Return the same house for other plans; its connections stay."""
    clouds = {
        name: replace(cloud, site=_site_rules(name, house.config, plans))
        for name, cloud in house.parts.clouds.items()
    }
    return replace(house, plans=tuple(plans), parts=replace(house.parts, clouds=clouds))


def _cloud(
    name: str,
    config: Config,
    plans: Sequence[Plan],
    folder: Path,
    breakers: Breakers,
    *,
    lasting: bool,
) -> CloudSettings:
    from drill.provider.clouds import load_cloud_kinds  # late, as above

    cloud = _with_absolute_files(config.clouds[name], folder)
    kinds = load_cloud_kinds()
    if cloud.kind not in kinds:
        raise ConfigInvalid(
            f"cloud {name} is of the unknown kind {cloud.kind}",
            hint=f"Use one of: {', '.join(sorted(kinds))}.",
        )
    return CloudSettings(
        provider=_provider(name, cloud, folder, breakers, lasting=lasting),
        rules=kinds[cloud.kind].rules,
        site=_site_rules(name, config, plans),
        poll_every=cloud.poll_every,
        settle_time=cloud.settle_time,
        drills_at_once=cloud.drills_at_once,
        database_tls=cloud.database_tls,
        database_ca_file=cloud.database_ca_file,
        prices={flavor: Decimal(str(price)) for flavor, price in cloud.prices.items()},
        scratch={
            entry.instance_id: _login(entry, folder, blank_id=entry.baseline_instance_id)
            for entry in config.scratch
            if entry.cloud == name
        },
        blanks={
            entry.instance_id: _login(entry, folder)
            for entry in config.blank
            if entry.cloud == name
        },
    )


def _login(
    entry: ScratchInstance | BlankInstance, folder: Path, *, blank_id: str | None = None
) -> ScratchLogin:
    return ScratchLogin(
        baseline=entry.baseline,
        user=entry.user,
        password=partial(resolve_secret, entry.password, folder=folder),
        database=entry.database,
        blank_id=blank_id,
    )


def _provider(
    name: str, cloud: Cloud, folder: Path, breakers: Breakers, *, lasting: bool
) -> Provider:
    from drill.provider.rds.build import rds_provider  # late, as above

    resolved = partial(resolve, folder=folder)

    def make() -> Provider:
        try:
            return rds_provider(
                name, cloud, resolve=resolved, clock=SystemClock(), breakers=breakers
            )
        except SecretUnavailable as error:
            if cloud.kind != "sandbox":
                raise
            raise SandboxAway(
                f"the sandbox of cloud {name} does not run: {error.message}",
                hint="Start it in another terminal: drill sandbox serve --seed.",
            ) from error

    if not lasting:
        return make()
    renewing = RenewingProvider(name, mark=partial(_mark_of, cloud, resolved), make=make)
    with suppress(SecretUnavailable):
        renewing.connect()  # what is wrong for good is said at once
    return renewing


def _mark_of(cloud: Cloud, resolved: Callable[[str], str]) -> str:
    """Return a hash of the settings of a cloud with everything that they refer to."""
    texts = [resolved(text) for text in _texts_of(cloud.model_dump(mode="json"))]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _texts_of(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for part in value.values():
            yield from _texts_of(part)
    elif isinstance(value, str):
        yield value


def _with_absolute_files(cloud: Cloud, folder: Path) -> Cloud:
    """Return the cloud with its files as seen from the folder of config.toml."""
    names = ("ca_file", "database_ca_file")
    files = {name: getattr(cloud, name) for name in names}
    return cloud.model_copy(
        update={name: str(folder / file) for name, file in files.items() if file is not None}
    )


def _site_rules(name: str, config: Config, plans: Sequence[Plan]) -> SiteRules:
    return SiteRules(
        allow_list=frozenset((entry.cloud, entry.instance_id) for entry in config.scratch),
        blanks=frozenset((entry.cloud, entry.instance_id) for entry in config.blank),
        protected=frozenset(
            (entry.cloud, instance_id)
            for entry in config.protected
            for instance_id in entry.instance_ids
        ),
        plan_sources=frozenset((plan.source.cloud, plan.source.instance_id) for plan in plans),
        new_instances_at_most=config.clouds[name].new_instances_at_most,
    )


def new_password() -> SecretStr:
    """Make up a password that every engine of RDS accepts: 24 characters of all four kinds.

    The special characters are those that all engines share (reference 5.1).
    """
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "~!@#%^*-_+")
    letters = [secrets.choice(kind) for kind in kinds]
    letters += [secrets.choice("".join(kinds)) for _ in range(20)]
    secrets.SystemRandom().shuffle(letters)
    return SecretStr("".join(letters))
