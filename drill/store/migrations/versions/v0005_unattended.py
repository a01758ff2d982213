"""What a daemon has trouble with, beside its drills."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("daemon", sa.Column("trouble", sa.Text(), nullable=True))
