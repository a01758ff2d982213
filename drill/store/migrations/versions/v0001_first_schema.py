"""The first schema: drill, journal, step, check_result and target_hold, with their triggers.

What a migration says never changes: it does not look at ``drill.store.tables``, which goes on.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from drill.store import dialects

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OUTCOMES = (
    *("passed", "passed_late", "failed_restore", "failed_check", "inconclusive"),
    *("refused", "missed", "skipped", "aborted"),
)


def words(name: str, *, optional: bool = False) -> sa.Column[Any]:
    return sa.Column(name, AutoString(), nullable=optional)


def document(name: str, *, optional: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=optional)


def instant(name: str, *, optional: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UTCDateTime(), nullable=optional)


def whole(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def big(name: str, *, optional: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=optional)


def flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def one_of(table: str, column: str, *allowed: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in allowed)
    return sa.CheckConstraint(f'"{column}" IN ({listed})', name=op.f(f"ck_{table}_{column}"))


def holds(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def of_a_drill(table: str, *key: str) -> tuple[sa.Constraint, sa.Constraint]:
    return (
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["drill_id"], ["drill.id"], name=op.f(f"fk_{table}_drill_id_drill")
        ),
    )


def beginning_of_drill() -> list[sa.Column[Any]]:
    return [
        words("id"),
        words("plan_name"),
        words("plan_digest"),
        document("plan"),
        words("cloud"),
        words("source_id"),
        words("target_kind"),
        words("wanted_target_id", optional=True),
        words("trigger"),
        instant("scheduled_for"),
        instant("enlisted_at"),
        words("tool_version"),
        words("state"),
        instant("next_at"),
        instant("deadline_at", optional=True),
        whole("epoch"),
        words("leased_by", optional=True),
        instant("leased_until", optional=True),
        flag("is_seated"),
        flag("abort_requested"),
        whole("look_failures"),
        instant("failing_since", optional=True),
    ]


def rest_of_drill() -> list[sa.Column[Any]]:
    return [
        instant("started_at", optional=True),
        document("inventory", optional=True),
        document("choice", optional=True),
        words("target_id", optional=True),
        words("target_name", optional=True),
        document("copy", optional=True),
        flag("is_simulated"),
        instant("restore_intent_at", optional=True),
        instant("restore_accepted_at", optional=True),
        words("restore_job_id", optional=True),
        flag("restore_seen_running"),
        instant("ready_at", optional=True),
        instant("reachable_at", optional=True),
        instant("checked_at", optional=True),
        instant("teardown_began_at", optional=True),
        instant("teardown_intent_at", optional=True),
        instant("teardown_accepted_at", optional=True),
        words("teardown_job_id", optional=True),
        flag("teardown_seen_running"),
        words("finding", optional=True),
        words("outcome", optional=True),
        words("reason", optional=True),
        words("hint", optional=True),
        words("teardown"),
        words("teardown_reason", optional=True),
        instant("finished_at", optional=True),
        whole("level"),
        big("rta_microseconds", optional=True),
        big("rpa_microseconds", optional=True),
        big("rpa_claimed_microseconds", optional=True),
        document("request_ids"),
        document("refusals"),
    ]


def create_drill() -> None:
    op.create_table(
        "drill",
        *beginning_of_drill(),
        *rest_of_drill(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drill")),
        sa.UniqueConstraint(
            "plan_name", "scheduled_for", name=op.f("uq_drill_plan_name_scheduled_for")
        ),
        one_of("drill", "trigger", "command", "schedule"),
        one_of(
            *("drill", "state", "queued", "selecting", "admitting", "restoring", "checking"),
            *("tearing_down", "finished"),
        ),
        one_of("drill", "finding", *OUTCOMES),
        one_of("drill", "outcome", *OUTCOMES),
        one_of("drill", "teardown", "pending", "clean", "leaked", "not_needed"),
        holds("drill", "target_kind", "target_kind IN ('existing', 'new')"),
        holds("drill", "level", "level BETWEEN 0 AND 6"),
        holds("drill", "epoch", "epoch >= 0"),
        holds("drill", "has_outcome", "state <> 'finished' OR outcome IS NOT NULL"),
        holds("drill", "finished_at", "(outcome IS NULL) = (finished_at IS NULL)"),
        holds("drill", "lease", "leased_until IS NULL OR leased_by IS NOT NULL"),
    )
    op.create_index(op.f("ix_drill_state_next_at"), "drill", ["state", "next_at"])
    op.create_index(op.f("ix_drill_scheduled_for"), "drill", ["scheduled_for"])


def create_journal() -> None:
    op.create_table(
        "journal",
        words("drill_id"),
        whole("sequence"),
        instant("at"),
        words("kind"),
        words("act"),
        document("facts"),
        *of_a_drill("journal", "drill_id", "sequence"),
        one_of("journal", "kind", "state", "intent", "result", "observation", "fault"),
        holds("journal", "sequence", "sequence >= 1"),
    )


def create_step() -> None:
    op.create_table(
        "step",
        words("drill_id"),
        whole("position"),
        words("name"),
        instant("began_at"),
        instant("ended_at", optional=True),
        words("result", optional=True),
        *of_a_drill("step", "drill_id", "position"),
        one_of(
            *("step", "name", "queue", "select", "admit", "restore", "connect", "check"),
            "teardown",
        ),
        holds("step", "position", "position >= 1"),
    )


def create_check_result() -> None:
    op.create_table(
        "check_result",
        words("drill_id"),
        whole("position"),
        words("name"),
        words("kind"),
        words("answer"),
        words("reason"),
        words("expected", optional=True),
        words("observed", optional=True),
        big("row_count", optional=True),
        instant("newest_at", optional=True),
        instant("began_at"),
        big("duration_microseconds"),
        *of_a_drill("check_result", "drill_id", "position"),
        one_of("check_result", "answer", "passed", "failed", "no_data"),
        holds("check_result", "position", "position >= 1"),
    )


def create_target_hold() -> None:
    op.create_table(
        "target_hold",
        words("cloud"),
        words("target_id"),
        words("drill_id"),
        *of_a_drill("target_hold", "cloud", "target_id"),
    )


def create_triggers(dialect: str) -> None:
    statements = [
        *dialects.guard_functions(dialect),
        *dialects.never_again(
            dialect,
            "drill",
            message="a finished drill only ever goes back to teardown",
            keys=("id", "plan_name, scheduled_for"),
            fixed="id, plan_name, plan_digest, plan, scheduled_for, enlisted_at, tool_version",
            once="OLD.state = 'finished' AND NEW.state <> 'tearing_down'"
            " OR OLD.outcome IS NOT NULL AND COALESCE(NEW.outcome, '') <> OLD.outcome",
        ),
        *dialects.never_again(
            dialect,
            "step",
            message="a step that has ended never changes",
            keys=("drill_id, position",),
            fixed="drill_id, position, name",
            once="OLD.ended_at IS NOT NULL",
        ),
        *dialects.never_again(
            dialect,
            "journal",
            message="the journal is append-only",
            keys=("drill_id, sequence",),
        ),
        *dialects.never_again(
            dialect,
            "check_result",
            message="the answer of a check never changes",
            keys=("drill_id, position",),
        ),
    ]
    for statement in statements:
        op.execute(statement)


def upgrade() -> None:
    create_drill()
    create_journal()
    create_step()
    create_check_result()
    create_target_hold()
    create_triggers(op.get_bind().dialect.name)
