"""Every way to make one fact wrong, with the rule that must refuse it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from drill.guard.facts import Role
from drill.recovery.values import BackupKind, BackupPoint, Engine, TimePoint
from tests.guard.facts_that_hold import (
    BLANK,
    CLOUD,
    DRILL,
    NOW,
    SOURCE,
    TARGET,
    a_backup,
    changed,
)

Change = Callable[[Any], Any]


def fact(path: str, new: Any) -> Change:
    """Change one fact to a value, or by a function of the facts (None: does not apply)."""

    def change(facts: Any) -> Any:
        value = new(facts) if callable(new) else new
        return changed(facts, path, value)

    return change


def only_if(holds: Callable[[Any], bool], change: Change) -> Change:
    return lambda facts: change(facts) if holds(facts) else None


def is_engine(*engines: Engine) -> Callable[[Any], bool]:
    return lambda facts: facts.inventory.source.engine in engines


def has_backup(facts: Any) -> bool:
    return isinstance(facts.choice.point, BackupPoint)


def has_instant(facts: Any) -> bool:
    return isinstance(facts.choice.point, TimePoint)


def chosen(**new: Any) -> Change:
    """Change the chosen backup, here and in the list."""

    def change(facts: Any) -> Any:
        backup = replace(facts.choice.point.backup, **new)
        listed = tuple(backup if one.id == backup.id else one for one in facts.inventory.backups)
        facts = changed(facts, "choice.point.backup", backup)
        return changed(facts, "inventory.backups", listed)

    return only_if(has_backup, change)


def listed(**new: Any) -> Change:
    """Change the backup in the list alone: what was read again differs from what was chosen."""

    def change(facts: Any) -> Any:
        there = tuple(
            replace(one, **new) if one.id == facts.choice.point.backup.id else one
            for one in facts.inventory.backups
        )
        return changed(facts, "inventory.backups", there)

    return only_if(has_backup, change)


def mapped(database_map: dict[str, str]) -> Change:
    def change(facts: Any) -> Any:
        facts = changed(facts, "database_map", database_map)
        return (
            replace(facts, restore_all_databases=False)
            if hasattr(facts, "restore_all_databases")
            else facts
        )

    return only_if(is_engine(Engine.SQLSERVER), change)


def baseline(**new: Any) -> Callable[[str], Change]:
    def at(path: str) -> Change:
        def change(facts: Any) -> Any:
            return changed(
                facts,
                path,
                tuple(
                    replace(one, **new) if one.name == "drill-baseline" else one
                    for one in (facts.blank.backups if facts.blank else facts.target_backups)
                ),
            )

        return change

    return at


def own(facts: Any) -> bool:
    """Tell whether the target comes back by its own baseline."""
    return facts.blank is None


def by_blank(facts: Any) -> bool:
    return facts.blank is not None


BLANK_CHANGES: list[tuple[str, Change]] = [
    (rule, only_if(by_blank, change))
    for rule, change in [
        ("blank-is-known", fact("blank.instance", None)),
        ("blank-is-known", fact("blank.instance.id", "another-in03")),
        ("blank-is-known", fact("blank.configured_id", "another-in03")),
        ("blank-is-on-the-allow-list", fact("site.blanks", frozenset())),
        ("blank-is-on-the-allow-list", fact("site.blanks", frozenset({("lab", BLANK)}))),
        ("blank-is-on-the-allow-list", fact("blank.instance.id", "another-in03")),
        ("blank-carries-the-blank-tag", fact("blank.instance.tags", {})),
        ("blank-carries-the-blank-tag", fact("blank.instance.tags", {"drill-blank": "Yes"})),
        ("blank-is-not-a-source", fact("site.plan_sources", frozenset({("x", BLANK.upper())}))),
        ("blank-is-not-protected", fact("site.protected", frozenset({("x", BLANK)}))),
        (
            "blank-is-no-target",
            fact("blank.instance.tags", {"drill-blank": "yes", "drill-scratch": "yes"}),
        ),
        (
            "blank-is-no-target",
            fact("site.allow_list", frozenset({(CLOUD, TARGET), ("x", BLANK)})),
        ),
        ("blank-is-no-target", fact("blank.configured_id", TARGET)),
        ("baseline-is-of-the-blank", baseline(instance_id=SOURCE)("blank.backups")),
        ("baseline-is-of-the-blank", baseline(instance_id=TARGET)("blank.backups")),
        ("blank-fits-the-target", fact("blank.instance.cloud", "lab")),
        ("blank-fits-the-target", fact("blank.instance.version", "99")),
        ("blank-fits-the-target", fact("blank.instance.volume_gb", 9999)),
        ("blank-fits-the-target", fact("blank.instance.volume_gb", None)),
        ("blank-fits-the-target", fact("blank.instance.vpc_id", "vpc-9")),
        ("blank-fits-the-target", fact("cloud.restore_to_existing", frozenset())),
        ("blank-fits-the-target", fact("blank.instance.engine", Engine.SQLSERVER)),
        ("blank-fits-the-target", baseline(min_volume_gb=9999)("blank.backups")),
        ("baseline-exists-once", fact("blank.backups", ())),
        ("baseline-exists-once", fact("baseline_name", "another")),
        ("baseline-is-manual", baseline(kind=BackupKind.AUTO)("blank.backups")),
        ("baseline-is-complete", baseline(status="BUILDING")("blank.backups")),
        ("baseline-is-complete", baseline(ended_at=None)("blank.backups")),
    ]
]


def scratch_changes(target: str, backups: str) -> list[tuple[str, Change]]:
    """The wrong facts about an existing target, of a restore and of a reset alike."""
    listed_twice: Change = lambda facts: changed(  # noqa: E731
        facts, backups, (*facts.target_backups, a_backup(name="drill-baseline", instance_id=TARGET))
    )
    return [
        ("drill-id-is-usable", lambda f: replace(f, drill_id="", target_held_by="")),
        ("drill-id-is-usable", lambda f: replace(f, drill_id="a b", target_held_by="a b")),
        ("target-is-known", fact(target, None)),
        ("target-is-on-the-allow-list", fact("site.allow_list", frozenset())),
        ("target-is-on-the-allow-list", fact("site.allow_list", frozenset({("lab", TARGET)}))),
        ("target-is-on-the-allow-list", fact(f"{target}.id", "another-in03")),
        ("target-carries-the-scratch-tag", fact(f"{target}.tags", {})),
        ("target-carries-the-scratch-tag", fact(f"{target}.tags", {"drill-scratch": "no"})),
        ("target-carries-the-scratch-tag", fact(f"{target}.tags", {"drill-scratch": "YES"})),
        ("target-is-not-a-source", fact("site.plan_sources", frozenset({(CLOUD, TARGET)}))),
        ("target-is-not-a-source", fact("site.plan_sources", frozenset({("lab", TARGET)}))),
        ("target-is-not-protected", fact("site.protected", frozenset({(CLOUD, TARGET)}))),
        ("target-is-not-protected", fact("site.protected", frozenset({("x", TARGET.upper())}))),
        ("target-is-no-blank", fact("site.blanks", frozenset({("x", TARGET), (CLOUD, BLANK)}))),
        (
            "target-is-no-blank",
            fact(f"{target}.tags", {"drill-scratch": "yes", "drill-blank": "no"}),
        ),
        ("target-is-held-by-this-drill", fact("target_held_by", None)),
        ("target-is-held-by-this-drill", fact("target_held_by", "another-drill")),
        ("target-is-active", fact(f"{target}.status", "BACKING UP")),
        ("target-is-active", fact(f"{target}.status", "active")),
        ("target-is-no-replica", fact(f"{target}.replica_of", SOURCE)),
        (
            "cloud-restores-to-current",
            only_if(own, fact("cloud.restore_to_current", frozenset())),
        ),
        ("baseline-exists-once", fact("baseline_name", None)),
        ("baseline-exists-once", fact("baseline_name", "")),
        ("baseline-exists-once", fact("baseline_name", "another")),
        ("baseline-exists-once", only_if(own, fact(backups, ()))),
        ("baseline-exists-once", only_if(own, listed_twice)),
        ("baseline-is-of-the-target", only_if(own, baseline(instance_id=SOURCE)(backups))),
        ("baseline-is-manual", only_if(own, baseline(kind=BackupKind.AUTO)(backups))),
        ("baseline-is-complete", only_if(own, baseline(status="BUILDING")(backups))),
        ("baseline-is-complete", only_if(own, baseline(ended_at=None)(backups))),
        *BLANK_CHANGES,
    ]


SQLSERVER = is_engine(Engine.SQLSERVER)
POINT_CHANGES: list[tuple[str, Change]] = [
    ("facts-are-fresh", fact("inventory.taken_at", NOW - timedelta(seconds=60, milliseconds=1))),
    ("facts-are-fresh", fact("inventory.taken_at", NOW + timedelta(seconds=5, milliseconds=1))),
    (
        "point-is-not-in-the-future",
        only_if(
            has_instant,
            fact(
                "choice.point.restore_time",
                lambda f: f.inventory.taken_at + timedelta(milliseconds=1),
            ),
        ),
    ),
    ("point-is-not-in-the-future", chosen(ended_at=NOW + timedelta(seconds=66))),
    ("instant-is-in-a-window", only_if(has_instant, fact("inventory.windows", ()))),
    (
        "instant-is-in-a-window",
        only_if(has_instant, fact("choice.point.restore_time", NOW - timedelta(days=3))),
    ),
    (
        "instant-is-whole",
        only_if(
            has_instant,
            fact(
                "choice.point.restore_time",
                lambda f: f.choice.point.restore_time - timedelta(microseconds=1),
            ),
        ),
    ),
    ("backup-is-of-the-source", chosen(instance_id="another-in03")),
    ("backup-is-of-the-source", listed(instance_id="another-in03")),
    ("backup-is-listed", only_if(has_backup, fact("inventory.backups", ()))),
    ("backup-is-complete", chosen(status="BUILDING")),
    ("backup-is-complete", chosen(ended_at=None)),
    ("backup-is-complete", listed(status="DELETING")),
    ("backup-is-full", chosen(kind=BackupKind.INCREMENTAL)),
    ("backup-is-full", listed(kind=BackupKind.FRAGMENT)),
    ("backup-matches-the-source", chosen(version="9.5")),
    (
        "backup-matches-the-source",
        only_if(is_engine(Engine.POSTGRESQL), chosen(engine=Engine.MYSQL)),
    ),
]
DATABASE_CHANGES: list[tuple[str, Change]] = [
    (
        "database-map-is-for-sql-server",
        only_if(lambda f: not SQLSERVER(f), fact("database_map", {"sales": "s2"})),
    ),
    ("database-map-names-something", mapped({})),
    ("mapped-databases-are-known", mapped({"payroll": ""})),
    ("mapped-databases-are-known", mapped({"SALES": "s2"})),
    (
        "mapped-databases-are-known",
        only_if(
            lambda f: (
                bool(f.database_map) and not (has_backup(f) and f.choice.point.backup.databases)
            ),
            fact("source_databases", frozenset()),
        ),
    ),
    ("new-names-are-well-formed", mapped({"sales": "a b"})),
    ("new-names-are-well-formed", mapped({"sales": "x" * 65})),
    ("new-names-are-well-formed", mapped({"sales": "verkäufe"})),
    ("new-names-are-well-formed", mapped({"sales": "s1,"})),
    ("new-names-are-well-formed", mapped({"sales": "s1, s2"})),
    (
        "new-names-are-single",
        only_if(
            lambda f: any("," in new for new in (f.database_map or {}).values()),
            fact("cloud.database_name_lists", False),
        ),
    ),
    ("new-names-are-not-reserved", mapped({"sales": "xMasterx"})),
    ("new-names-are-not-reserved", mapped({"sales": "s1,RdsAdmin_2"})),
    ("new-names-differ-from-the-old", mapped({"sales": "sales"})),
    ("new-names-differ-from-the-old", mapped({"sales": "SALES"})),
    ("new-names-are-free-on-the-source", mapped({"sales": "STOCK"})),
    ("new-names-are-free-on-the-source", mapped({"sales": "sales,hr"})),
    ("names-are-unique", mapped({"sales": "s1", "Stock": "S1"})),
    ("names-are-unique", mapped({"sales": "s1,s2,s1"})),
    ("names-are-unique", mapped({"sales": "", "Stock": "sales,x"})),
]
DELETION_CHANGES: list[tuple[str, Change]] = [
    ("drill-id-is-usable", fact("drill_id", "")),
    ("instance-is-known", fact("instance", None)),
    ("instance-is-the-created-one", fact("instance.id", "another-in03")),
    ("instance-is-the-created-one", fact("created_id", None)),
    ("instance-has-our-name", fact("instance.name", "orders")),
    ("instance-has-our-name", fact("created_name", "drill-other")),
    ("instance-has-our-name", fact("created_name", None)),
    ("instance-has-our-name", fact("drill_id", "another")),
    ("intent-is-known", fact("intent_at", None)),
    ("instance-is-younger-than-the-intent", fact("instance.created_at", None)),
    (
        "instance-is-younger-than-the-intent",
        fact("instance.created_at", lambda f: f.intent_at - timedelta(seconds=61)),
    ),
    ("account-before-is-known", fact("ids_before", frozenset())),
    ("instance-was-not-there-before", fact("ids_before", frozenset({"new-in03"}))),
    ("instance-was-not-there-before", fact("ids_before", frozenset({"NEW-in03"}))),
    ("instance-is-not-protected", fact("site.protected", frozenset({(CLOUD, "new-in03")}))),
    ("instance-is-not-a-source", fact("site.plan_sources", frozenset({("b", "new-in03")}))),
    ("instance-is-not-set-aside", fact("site.allow_list", frozenset({(CLOUD, "new-in03")}))),
    (
        "instance-is-not-set-aside",
        fact("instance.tags", {"drill-id": DRILL, "drill-scratch": "no"}),
    ),
    ("instance-is-not-set-aside", fact("site.blanks", frozenset({("x", "new-in03")}))),
    (
        "instance-is-not-set-aside",
        fact("instance.tags", {"drill-id": DRILL, "drill-blank": "yes"}),
    ),
]

NOBODY = frozenset[tuple[str, str]]()
SETTING_ASIDE_CHANGES: list[tuple[str, Change]] = [
    ("target-is-known", fact("target", None)),
    (
        "instance-is-set-aside",
        lambda f: replace(f, site=replace(f.site, allow_list=NOBODY, blanks=NOBODY)),
    ),
    ("instance-is-set-aside", fact("target.cloud", "lab")),
    ("instance-is-set-aside", fact("target.id", "another-in03")),
    ("instance-has-one-role", fact("role", lambda f: other_role(f))),
    (
        "instance-has-one-role",
        fact("target.tags", {"drill-scratch": "yes", "drill-blank": "yes"}),
    ),
    ("target-is-not-a-source", fact("site.plan_sources", frozenset({("x", TARGET), ("x", BLANK)}))),
    ("target-is-not-protected", fact("site.protected", frozenset({("x", TARGET), ("x", BLANK)}))),
    ("target-is-active", fact("target.status", "RESTORING")),
    ("target-is-active", fact("target.status", "FAILED")),
    ("target-is-no-replica", fact("target.replica_of", SOURCE)),
    ("instance-was-not-made-by-a-drill", fact("target.name", "drill-20260308-020000-0000abcd")),
    (
        "instance-was-not-made-by-a-drill",
        lambda f: changed(f, "target.tags", {**f.target.tags, "drill-id": "x"}),
    ),
    ("instance-is-held-by-nobody", fact("held_by", DRILL)),
    ("instance-was-just-seen-empty", fact("seen_empty", False)),
    ("instance-was-just-seen-empty", fact("seen_empty", None)),
    ("instance-was-just-seen-empty", fact("seen_at", None)),
    ("instance-was-just-seen-empty", fact("seen_at", NOW - timedelta(seconds=61))),
    ("instance-was-just-seen-empty", fact("seen_at", NOW + timedelta(seconds=1))),
]


def other_role(facts: Any) -> Role:
    return Role.BLANK if facts.role is Role.TARGET else Role.TARGET


BACKUP_CHANGES: list[tuple[str, Change]] = [
    *SETTING_ASIDE_CHANGES,
    ("instance-carries-its-tag", fact("target.tags", {})),
    ("instance-carries-its-tag", fact("target.tags", {"drill-scratch": "no"})),
    ("baseline-name-is-valid", fact("baseline_name", "1st")),
    ("baseline-name-is-valid", fact("baseline_name", "a" * 65)),
    ("baseline-name-is-valid", fact("baseline_name", "../empty")),
    (
        "baseline-is-missing",
        lambda f: replace(f, backups=(*f.backups, a_backup(name="drill-baseline"))),
    ),
    ("baseline-is-its-own", fact("blank_id", BLANK)),
    (
        "baseline-is-of-use",
        only_if(lambda f: f.role is Role.TARGET, fact("cloud.restore_to_current", frozenset())),
    ),
]

CHANGES: dict[str, list[tuple[str, Change]]] = {
    "restore": [
        *scratch_changes("inventory.target", "inventory.target_backups"),
        ("target-is-not-the-source", fact("inventory.target.id", SOURCE)),
        ("target-is-not-the-source", fact("inventory.target.id", SOURCE.upper())),
        ("target-is-in-the-cloud-of-the-source", fact("inventory.target.cloud", "lab")),
        ("cloud-restores-to-existing", fact("cloud.restore_to_existing", frozenset())),
        (
            "target-has-the-same-engine",
            fact(
                "inventory.target.engine",
                lambda f: Engine.MYSQL if not is_engine(Engine.MYSQL)(f) else Engine.MARIADB,
            ),
        ),
        (
            "target-has-the-same-version",
            only_if(lambda f: not SQLSERVER(f), fact("inventory.target.version", "99")),
        ),
        (
            "target-has-the-minor-version",
            only_if(is_engine(Engine.MYSQL), fact("inventory.target.complete_version", None)),
        ),
        (
            "target-has-the-minor-version",
            only_if(is_engine(Engine.MYSQL), fact("inventory.target.complete_version", "5.7.1")),
        ),
        (
            "target-is-in-the-version-table",
            only_if(SQLSERVER, fact("inventory.target.version", "2016_SE")),
        ),
        ("target-volume-is-large-enough", fact("inventory.target.volume_gb", None)),
        ("target-volume-is-large-enough", fact("inventory.source.volume_gb", None)),
        (
            "target-volume-is-large-enough",
            fact("inventory.target.volume_gb", lambda f: f.inventory.source.volume_gb - 1),
        ),
        ("target-volume-is-large-enough", chosen(min_volume_gb=9999)),
        (
            "target-has-the-same-time-zone",
            only_if(SQLSERVER, fact("inventory.target.time_zone", "UTC+08:00")),
        ),
        (
            "target-has-the-same-time-zone",
            only_if(
                SQLSERVER,
                lambda f: changed(
                    changed(f, "inventory.target.time_zone", None),
                    "inventory.source.time_zone",
                    None,
                ),
            ),
        ),
        ("target-is-in-the-same-vpc", fact("inventory.target.vpc_id", "vpc-9")),
        (
            "target-is-in-the-same-vpc",
            lambda f: changed(
                changed(f, "inventory.target.vpc_id", None), "inventory.source.vpc_id", None
            ),
        ),
        (
            "databases-are-all-or-some",
            only_if(lambda f: f.database_map is not None, fact("restore_all_databases", True)),
        ),
        *POINT_CHANGES,
        *DATABASE_CHANGES,
        (
            "names-are-free-on-the-target",
            only_if(
                lambda f: f.database_map == {"sales": "sales_copy"},
                fact("target_databases", frozenset({"Sales_Copy"})),
            ),
        ),
        (
            "names-are-free-on-the-target",
            only_if(
                lambda f: "hr" in (f.database_map or {}),
                fact("target_databases", frozenset({"HR"})),
            ),
        ),
    ],
    "create": [
        ("drill-id-is-usable", fact("drill_id", "")),
        ("drill-id-is-usable", fact("drill_id", "../prod")),
        ("new-name-is-valid", fact("drill_id", "x" * 59)),
        ("new-name-is-valid", fact("drill_id", "ä")),
        ("new-name-is-free", fact("inventory.instance_names", frozenset({f"Drill-{DRILL}"}))),
        ("inventory-lists-the-account", fact("inventory.instance_ids", frozenset())),
        (
            "new-instances-are-below-the-limit",
            fact("new_instances_now", lambda f: f.site.new_instances_at_most),
        ),
        ("new-instances-are-below-the-limit", fact("new_instances_now", -1)),
        ("new-volume-is-large-enough", fact("inventory.source.volume_gb", None)),
        (
            "new-volume-is-large-enough",
            fact("volume_gb", lambda f: f.inventory.source.volume_gb - 10),
        ),
        ("new-volume-is-large-enough", chosen(min_volume_gb=9999)),
        ("new-volume-is-in-steps", fact("volume_gb", 4005)),
        ("new-volume-is-in-steps", fact("volume_gb", 0)),
        ("new-version-is-that-of-the-source", fact("version", "99")),
        (
            "new-time-zone-is-known",
            only_if(SQLSERVER, fact("inventory.source.time_zone", None)),
        ),
        *[
            ("new-instance-is-described", fact(name, value))
            for name in ("flavor", "volume_type", "availability_zone", "vpc_id", "subnet_id")
            for value in ("", " ")
        ],
        *POINT_CHANGES,
        *DATABASE_CHANGES,
    ],
    "reset": scratch_changes("target", "target_backups"),
    "deletion": [
        *DELETION_CHANGES,
        ("instance-carries-our-tag", fact("instance.tags", {})),
        ("instance-carries-our-tag", fact("instance.tags", {"drill-id": "another"})),
    ],
    "setting aside": SETTING_ASIDE_CHANGES,
    "backup": BACKUP_CHANGES,
    "tagging": [
        *DELETION_CHANGES,
        ("cloud-takes-no-tags-on-creation", fact("cloud.tags_in_create", True)),
        ("instance-carries-no-other-tag", fact("instance.tags", {"drill-id": "another"})),
    ],
}
