"""Stations, series, uploads, measurements with their revisions, rollups."""

import sqlalchemy as sa
from alembic import op

revision = "measurement_0001"
down_revision = None
branch_labels = ("measurement",)


def upgrade() -> None:
    op.create_table(
        "station",
        sa.Column("id", sa.Integer()),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("altitude_m", sa.Double()),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("water_class", sa.Text()),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_station"),
        sa.UniqueConstraint("code", name="uq_station_code"),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer()),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("parameter", sa.Text(), nullable=False),
        sa.Column("material", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("cadence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name="fk_series_station_id"),
    )
    op.create_table(
        "upload",
        sa.Column("id", sa.Integer()),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("stored", sa.Boolean(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("inserted", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("corrected", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("flagged", sa.Integer(), nullable=False),
        sa.Column("first_time_us", sa.BigInteger()),
        sa.Column("last_time_us", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_upload"),
        sa.UniqueConstraint("code", name="uq_upload_code"),
    )
    op.create_table(
        "rejection",
        sa.Column("upload_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "number", name="pk_rejection"),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.id"], name="fk_rejection_upload_id"),
    )
    op.create_table(
        "measurement",
        sa.Column("value", sa.Double()),
        sa.Column("qualifier", sa.Text()),
        sa.Column("limit_value", sa.Double()),
        sa.Column("period", sa.Text()),
        sa.Column("grain", sa.SmallInteger(), nullable=False),
        sa.Column("flag", sa.SmallInteger(), nullable=False),
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("sent_value", sa.Text()),
        sa.Column("sent_unit", sa.Text()),
        sa.Column("method", sa.Text()),
        sa.Column("depth_m", sa.Double()),
        sa.Column("note", sa.Text()),
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "time_us", name="pk_measurement"),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_measurement_series_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "measurement_revision",
        sa.Column("value", sa.Double()),
        sa.Column("qualifier", sa.Text()),
        sa.Column("limit_value", sa.Double()),
        sa.Column("period", sa.Text()),
        sa.Column("grain", sa.SmallInteger(), nullable=False),
        sa.Column("flag", sa.SmallInteger(), nullable=False),
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("sent_value", sa.Text()),
        sa.Column("sent_unit", sa.Text()),
        sa.Column("method", sa.Text()),
        sa.Column("depth_m", sa.Double()),
        sa.Column("note", sa.Text()),
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("replaced_by", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "time_us", "revision", name="pk_measurement_revision"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rollup",
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("grain", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("first_day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("total", sa.Double()),
        sa.Column("least", sa.Double()),
        sa.Column("greatest", sa.Double()),
        sa.Column("n_below", sa.Integer(), nullable=False),
        sa.Column("n_above", sa.Integer(), nullable=False),
        sa.Column("below_limit", sa.Double()),
        sa.PrimaryKeyConstraint("series_id", "grain", "first_day", name="pk_rollup"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "latest",
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Double()),
        sa.PrimaryKeyConstraint("series_id", name="pk_latest"),
    )
    op.create_index(
        "ux_series_identity",
        "series",
        ["station_id", "parameter", "material", "source"],
        unique=True,
    )


def downgrade() -> None:
    op.drop_table("latest")
    op.drop_table("rollup")
    op.drop_table("measurement_revision")
    op.drop_table("measurement")
    op.drop_table("rejection")
    op.drop_table("upload")
    op.drop_table("series")
    op.drop_table("station")
