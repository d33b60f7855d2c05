"""The first form: one table of entries."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "entry",
        sa.Column("school_id", sa.String(64), primary_key=True),
        sa.Column("major_code", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("case_state", sa.String(32), nullable=False),
        sa.Column("plan", sa.Integer),
        sa.Column("until", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("suggested", sa.String(32), nullable=False),
        sa.Column("suggested_plan", sa.Integer),
        sa.Column("level", sa.String(64), nullable=False),
        sa.Column("undoes", sa.Integer),
        sa.Column("person", sa.String(255), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("moment", sa.String(32), nullable=False),
        sa.Column("snapshot_id", sa.String(32), nullable=False),
        sa.Column("policy_id", sa.String(255), nullable=False),
    )
