"""Files of evidence, in pieces, that no statement changes or deletes."""

import sqlalchemy as sa
from alembic import op

revision = "g006"
down_revision = "g005"
branch_labels = None
depends_on = None

TABLES = ("evidence_piece", "evidence_file")
EVENTS = ("UPDATE", "DELETE")
REFUSAL = "evidence is never changed"


def upgrade() -> None:
    op.create_table(
        "evidence_file",
        sa.Column("cooperation", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("ending", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("cooperation", "sha256", name="pk_evidence_file"),
    )
    op.create_table(
        "evidence_piece",
        sa.Column("cooperation", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("cooperation", "sha256", "number", name="pk_evidence_piece"),
        sa.ForeignKeyConstraint(
            ["cooperation", "sha256"],
            ["evidence_file.cooperation", "evidence_file.sha256"],
            name="fk_evidence_piece_file",
        ),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        op.execute(
            "CREATE FUNCTION kembar_keep_evidence() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
        )
    for table in TABLES:
        for event in EVENTS:
            head = f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table}"
            op.execute(
                f"{head} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
                if is_sqlite
                else f"{head} FOR EACH ROW EXECUTE FUNCTION kembar_keep_evidence()"
            )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION kembar_keep_evidence()")
