"""When teardown ended, apart from the verdict: a proof is as old as its verdict."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("drill", "drill_line"):  # older drills: their end is all that is known
        op.add_column(table, sa.Column("torn_down_at", UTCDateTime(), nullable=True))
