"""Facts that every rule of the guard agrees with, in all their variety, and ways to change one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st

from drill.guard.facts import (
    BLANK_TAG,
    DRILL_TAG,
    SCRATCH_TAG,
    Blank,
    CloudRules,
    CreateFacts,
    DeletionFacts,
    PrepareFacts,
    ResetFacts,
    RestoreFacts,
    Role,
    SiteRules,
    TaggingFacts,
    VersionTable,
    new_instance_name,
)
from drill.guard.rules import proven
from drill.recovery.values import (
    Backup,
    BackupKind,
    BackupPoint,
    Choice,
    Engine,
    Instance,
    Inventory,
    TimePoint,
    Window,
)

NOW = datetime(2026, 3, 8, 2, 0, tzinfo=UTC)
CLOUD, SOURCE, TARGET, DRILL = "prod", "source-in03", "target-in03", "20260308-7f3a"
BLANK = "blank-in03"

Value = TypeVar("Value")


def changed(value: Value, path: str, new: Any) -> Value:
    """Return the value with one fact changed, named by a path such as ``inventory.target.id``."""
    name, _, rest = path.partition(".")
    if name not in {field.name for field in fields(value)}:  # type: ignore[arg-type]
        raise AttributeError(f"{type(value).__name__} has no fact {name}")
    if rest:
        part = getattr(value, name)
        if not is_dataclass(part):
            raise AttributeError(f"{name} holds no fact {rest}")
        new = changed(part, rest, new)
    return replace(value, **{name: new})  # type: ignore[type-var]


TABLE = VersionTable(
    name="table",
    source="a page of 2026",
    targets={
        "2017_SE": frozenset({"2017_SE", "2017_EE", "2019_SE"}),
        "2019_EE": frozenset({"2019_EE", "2019_SE"}),
    },
)
CLOUD_RULES = CloudRules(
    kind="huawei",
    restore_to_existing=frozenset(Engine),
    restore_to_current=frozenset(Engine),
    same_version=frozenset({Engine.POSTGRESQL}),
    same_vpc=frozenset(Engine),
    sqlserver_versions=TABLE,
    database_name_pattern="[A-Za-z0-9_-]{1,64}",
    database_name_lists=True,
)
VERSIONS: dict[Engine, list[tuple[tuple[str, str | None], tuple[str, str | None]]]] = {
    # engine: (version and full version of the source), (of a target that fits)
    Engine.POSTGRESQL: [(("16", "16.2"), ("16", "16.4")), (("18", None), ("18", None))],
    Engine.MARIADB: [(("10.5", "10.5.16"), ("10.5", "10.5.16"))],
    Engine.MYSQL: [
        (("5.7", "5.7.41.1"), ("5.7", "5.7.41.1")),
        (("5.7", "5.7.25"), ("5.7", "5.7.27")),
        (("8.0", "8.0.28.2"), ("8.0", "8.0.28.3")),
    ],
    Engine.SQLSERVER: [
        (("2017_SE", None), ("2019_SE", None)),
        (("2019_EE", None), ("2019_SE", None)),  # a listed downgrade is allowed
        (("2019_EE", None), ("2019_EE", None)),
    ],
}


def an_instance(**facts: Any) -> Instance:
    given = {
        "cloud": CLOUD,
        "id": SOURCE,
        "name": "orders",
        "engine": Engine.POSTGRESQL,
        "version": "16",
        "status": "ACTIVE",
        "created_at": NOW - timedelta(days=100),
        "volume_gb": 100,
        "vpc_id": "vpc-1",
        "time_zone": "UTC",
    }
    return Instance(**{**given, **facts})


def a_backup(**facts: Any) -> Backup:
    given = {
        "id": "backup-1",
        "instance_id": SOURCE,
        "name": "auto-1",
        "kind": BackupKind.AUTO,
        "status": "COMPLETED",
        "began_at": NOW - timedelta(hours=26),
        "ended_at": NOW - timedelta(hours=25),
    }
    return Backup(**{**given, **facts})


@st.composite
def sites(draw: st.DrawFn) -> SiteRules:
    other = st.tuples(
        st.sampled_from([CLOUD, "lab"]), st.from_regex(r"other-[a-z]{3}", fullmatch=True)
    )
    others = st.frozensets(other, max_size=3)
    return SiteRules(
        allow_list=draw(others) | {(CLOUD, TARGET)},
        blanks=draw(others.map(lambda ids: frozenset((one, f"b-{two}") for one, two in ids)))
        | {(CLOUD, BLANK)},
        protected=draw(others),
        plan_sources=draw(others) | {(CLOUD, SOURCE)},
        new_instances_at_most=draw(st.integers(1, 5)),
    )


def blanks(target: Instance) -> st.SearchStrategy[Blank | None]:
    """The target comes back by its own baseline, or by that of a blank instance like it.

    The table of SQL Server versions has no row for every target, so there it is its own.
    """
    if target.engine is Engine.SQLSERVER:
        return st.none()
    instance = replace(target, id=BLANK, name="blank", tags={BLANK_TAG: "yes"}, status="ACTIVE")
    by_blank = baselines(BLANK).map(
        lambda backups: Blank(configured_id=BLANK, instance=instance, backups=backups)
    )
    return st.none() | by_blank


def baselines(owner: str = TARGET) -> st.SearchStrategy[tuple[Backup, ...]]:
    """The one empty baseline of an instance, among backups that have nothing to do with it."""
    baseline = a_backup(
        id="baseline-1", instance_id=owner, name="drill-baseline", kind=BackupKind.MANUAL
    )
    other = a_backup(id="auto-9", instance_id=owner, name="auto-9")
    return st.permutations([baseline, other, replace(other, id="auto-10")]).map(tuple)


@st.composite
def choices(draw: st.DrawFn, source: Instance, databases: frozenset[str]) -> Choice:
    if draw(st.booleans()):
        window = Window(NOW - timedelta(days=2), NOW - timedelta(minutes=5))
        back = draw(
            st.integers(0, (window.ends_at - window.starts_at) // timedelta(milliseconds=1))
        )
        instant = window.ends_at - timedelta(milliseconds=back)
        point: TimePoint | BackupPoint = TimePoint(restore_time=instant, window=window)
    else:
        known = draw(st.booleans())
        point = BackupPoint(
            backup=a_backup(
                kind=draw(st.sampled_from([BackupKind.AUTO, BackupKind.MANUAL])),
                engine=source.engine if known else None,
                version=source.version if known else None,
                min_volume_gb=draw(st.sampled_from([None, 40, 100])),
                databases=tuple(databases) if draw(st.booleans()) else (),
            )
        )
    return Choice(point=point, policy="any", reason="any", reference_at=NOW)


@st.composite
def inventories(
    draw: st.DrawFn,
    *,
    existing: bool,
    databases: frozenset[str],
    engines: Sequence[Engine] = tuple(Engine),
) -> tuple[Inventory, Choice]:
    engine = draw(st.sampled_from(engines))
    (version, full), (target_version, target_full) = draw(st.sampled_from(VERSIONS[engine]))
    size = draw(st.integers(4, 400)) * 10
    source = an_instance(
        engine=engine,
        version=version,
        complete_version=full,
        volume_gb=size,
        status=draw(st.sampled_from(["ACTIVE", "BACKING UP", "FAILED"])),
        simulated=draw(st.booleans()),
    )
    target = an_instance(
        id=TARGET,
        name="scratch",
        engine=engine,
        version=target_version,
        complete_version=target_full,
        volume_gb=max(size, 100) + draw(st.sampled_from([0, 10])),
        tags={SCRATCH_TAG: "yes", "team": "dba"},
        simulated=source.simulated,
    )
    choice = draw(choices(source, databases))
    listed = choice.point.backup if isinstance(choice.point, BackupPoint) else a_backup()
    return Inventory(
        taken_at=NOW - timedelta(seconds=draw(st.integers(-5, 60))),
        source=source,
        target=target if existing else None,
        backups=(a_backup(id="backup-0"), listed),
        windows=(Window(NOW - timedelta(days=2), NOW - timedelta(minutes=5)),),
        target_backups=draw(baselines()) if existing else (),
        instance_ids=frozenset({SOURCE, TARGET, "third-in03"}),
        instance_names=frozenset({"orders", "scratch", "third"}),
    ), choice


DATABASES = frozenset({"sales", "Stock", "hr"})
MAPS: list[dict[str, str] | None] = [
    None,
    {"sales": "sales_copy"},
    {"sales": "", "Stock": "Stock2"},
    {"sales": "sales,sales1,sales2", "Stock": "S-1,S-2", "hr": ""},
]


@st.composite
def restore_facts(draw: st.DrawFn, engines: Sequence[Engine] = tuple(Engine)) -> RestoreFacts:
    """Facts with which every restore onto the existing target is admitted."""
    inventory, choice = draw(inventories(existing=True, databases=DATABASES, engines=engines))
    is_sqlserver = inventory.source.engine is Engine.SQLSERVER
    database_map = draw(st.sampled_from(MAPS)) if is_sqlserver else None
    return RestoreFacts(
        now=NOW,
        drill_id=DRILL,
        inventory=inventory,
        choice=choice,
        site=draw(sites()),
        cloud=CLOUD_RULES,
        target_held_by=DRILL,
        database_map=database_map,
        restore_all_databases=database_map is None and draw(st.booleans()),
        source_databases=DATABASES,
        target_databases=frozenset(draw(st.sets(st.just("tools")))),
        baseline_name="drill-baseline",
        blank=draw(blanks(proven(inventory.target))),
    )


@st.composite
def create_facts(draw: st.DrawFn) -> CreateFacts:
    """Facts with which every restore into a new instance is admitted."""
    inventory, choice = draw(inventories(existing=False, databases=DATABASES))
    site = draw(sites())
    source = inventory.source
    is_sqlserver = source.engine is Engine.SQLSERVER
    return CreateFacts(
        now=NOW,
        drill_id=DRILL,
        inventory=inventory,
        choice=choice,
        site=site,
        cloud=CLOUD_RULES,
        flavor="rds.pg.n1.large.2",
        volume_type="CLOUDSSD",
        volume_gb=max(source.volume_gb or 0, 100) + draw(st.sampled_from([0, 10, 50])),
        availability_zone="eu-de-01",
        vpc_id="vpc-2",
        subnet_id="subnet-2",
        security_group_id=draw(st.sampled_from([None, "group-2"])),
        new_instances_now=draw(st.integers(0, site.new_instances_at_most - 1)),
        version=draw(st.sampled_from([None, source.version])),
        database_map=draw(st.sampled_from(MAPS)) if is_sqlserver else None,
        source_databases=DATABASES,
    )


@st.composite
def reset_facts(draw: st.DrawFn) -> ResetFacts:
    """Facts with which every reset of the existing target is admitted."""
    engine = draw(st.sampled_from(list(Engine)))
    _, (version, full) = VERSIONS[engine][0]
    target = an_instance(
        id=TARGET,
        name="scratch",
        engine=engine,
        version=version,
        complete_version=full,
        tags={SCRATCH_TAG: "yes"},
    )
    return ResetFacts(
        now=NOW,
        drill_id=DRILL,
        target=target,
        blank=draw(blanks(target)),
        target_backups=draw(baselines()),
        baseline_name="drill-baseline",
        site=draw(sites()),
        cloud=CLOUD_RULES,
        target_held_by=DRILL,
    )


@st.composite
def prepare_facts(draw: st.DrawFn, *, tagged: bool) -> PrepareFacts:
    """Facts with which an empty instance may be set aside; ``tagged`` is the second step."""
    role = draw(st.sampled_from(list(Role)))
    tag = {SCRATCH_TAG if role is Role.TARGET else BLANK_TAG: "yes"}
    own = draw(baselines(TARGET if role is Role.TARGET else BLANK))
    return PrepareFacts(
        now=NOW,
        role=role,
        target=an_instance(
            id=TARGET if role is Role.TARGET else BLANK,
            name="aside",
            engine=draw(st.sampled_from(list(Engine))),
            tags={**(tag if tagged or draw(st.booleans()) else {}), "team": "dba"},
        ),
        backups=tuple(one for one in own if one.name != "drill-baseline"),
        baseline_name="drill-baseline",
        site=draw(sites()),
        cloud=CLOUD_RULES,
        held_by=None,
        seen_empty=True,
        seen_at=NOW - timedelta(seconds=draw(st.integers(0, 60))),
    )


@st.composite
def deletion_facts(draw: st.DrawFn) -> DeletionFacts:
    """Facts with which every deletion of the new instance is admitted."""
    intent_at = NOW - timedelta(hours=1)
    return DeletionFacts(
        now=NOW,
        drill_id=DRILL,
        instance=an_instance(
            id="new-in03",
            name=new_instance_name(DRILL),
            status=draw(st.sampled_from(["ACTIVE", "BUILD", "FAILED", "BACKING UP"])),
            created_at=intent_at + timedelta(seconds=draw(st.integers(-60, 600))),
            tags={DRILL_TAG: DRILL},
        ),
        created_id="new-in03",
        created_name=new_instance_name(DRILL),
        intent_at=intent_at,
        ids_before=frozenset({SOURCE, TARGET}),
        site=draw(sites()),
    )


@st.composite
def tagging_facts(draw: st.DrawFn) -> TaggingFacts:
    """Facts with which the late tag of the new instance is admitted, be it there already or not."""
    known = draw(deletion_facts())
    tags = draw(st.sampled_from([{}, {DRILL_TAG: DRILL}, {"team": "dba"}]))
    assert known.instance is not None
    return TaggingFacts(
        now=known.now,
        drill_id=known.drill_id,
        instance=replace(known.instance, tags=tags),
        created_id=known.created_id,
        created_name=known.created_name,
        intent_at=known.intent_at,
        ids_before=known.ids_before,
        site=known.site,
        cloud=replace(CLOUD_RULES, tags_in_create=False),
    )
