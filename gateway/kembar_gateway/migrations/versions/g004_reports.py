"""Reports that are never changed once published, their signatures, and the partner's feed."""

import sqlalchemy as sa
from alembic import op

revision = "g004"
down_revision = "g003"
branch_labels = None
depends_on = None

# What no statement may do, whoever runs it: event, table and condition.
GUARDS = {
    "report_update": ("UPDATE", "report", "OLD.status = 'published'"),
    "report_delete": ("DELETE", "report", "OLD.status = 'published'"),
    "report_document": (
        "UPDATE",
        "report",
        "OLD.document <> NEW.document OR OLD.digest <> NEW.digest OR OLD.code <> NEW.code",
    ),
    "report_file_update": ("UPDATE", "report_file", "1 = 1"),
    "report_file_delete": ("DELETE", "report_file", "1 = 1"),
    "report_signature_update": ("UPDATE", "report_signature", "1 = 1"),
    "report_signature_delete": ("DELETE", "report_signature", "1 = 1"),
    "outcome_change_update": ("UPDATE", "outcome_change", "1 = 1"),
    "outcome_change_delete": ("DELETE", "outcome_change", "1 = 1"),
}
SEED = """
    INSERT INTO outcome_change (seq, at, kind, indicator, cooperation, detail)
    SELECT row_number() OVER (ORDER BY valid_from, id), valid_from, 'figure', indicator, NULL,
           {detail}
    FROM figure WHERE valid_to IS NULL
"""
SPELLED = {
    "sqlite": "json_object('jurisdiction', jurisdiction, 'period', period, 'unit', unit, "
    "'value', value, 'state', state, 'method', method, 'digest', digest, 'ended', json('false'))",
    "postgresql": "CAST(json_build_object('jurisdiction', jurisdiction, 'period', period, "
    "'unit', unit, 'value', value, 'state', state, 'method', method, 'digest', digest, "
    "'ended', false) AS text)",
}


def upgrade() -> None:
    op.create_table(
        "report",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("cooperation", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("supersedes", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True)),
        sa.Column("reviewed_by", sa.Text()),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.Column("published_by", sa.Text()),
        sa.PrimaryKeyConstraint("code", name="pk_report"),
        sa.UniqueConstraint("cooperation", "period", "number", name="uq_report_number"),
        sa.CheckConstraint(
            "status IN ('generated', 'reviewed', 'published')", name="ck_report_status"
        ),
    )
    op.create_table(
        "report_file",
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("report", "name", name="pk_report_file"),
        sa.ForeignKeyConstraint(["report"], ["report.code"], name="fk_report_file_report"),
    )
    op.create_table(
        "report_signature",
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("party", sa.Text()),
        sa.Column("protected", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("jwk", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("report", "kid", name="pk_report_signature"),
        sa.ForeignKeyConstraint(["report"], ["report.code"], name="fk_report_signature_report"),
    )
    op.create_table(
        "partner_key",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("cooperation", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("jwk", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("kid", name="pk_partner_key"),
    )
    op.create_table(
        "outcome_change",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text()),
        sa.Column("cooperation", sa.Text()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_outcome_change"),
    )
    op.create_table(
        "outcome_change_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outcome_change_head"),
    )
    kind = op.get_bind().dialect.name
    op.execute(SEED.format(detail=SPELLED[kind]))
    op.execute(
        "INSERT INTO outcome_change_head (id, seq) "
        "SELECT 1, coalesce(max(seq), 0) FROM outcome_change"
    )
    (_guard_sqlite if kind == "sqlite" else _guard_postgresql)()


def _guard_sqlite() -> None:
    for name, (event, table, condition) in GUARDS.items():
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition} "
            "BEGIN SELECT RAISE(ABORT, 'published reports are never changed'); END"
        )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION kembar_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'published reports are never changed'; END $$"
    )
    for name, (event, table, condition) in GUARDS.items():
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW "
            f"WHEN ({condition}) EXECUTE FUNCTION kembar_refuse_change()"
        )
    for table in ("report_file", "report_signature", "report", "outcome_change"):
        op.execute(
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} "
            "EXECUTE FUNCTION kembar_refuse_change()"
        )


def downgrade() -> None:
    tables = (
        "outcome_change_head",
        "outcome_change",
        "partner_key",
        "report_signature",
        "report_file",
        "report",
    )
    for table in tables:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION kembar_refuse_change()")
