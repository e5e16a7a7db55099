"""Stations, series, events, measurements with their revisions, rollups, figures."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "measurement_0001"
down_revision = None
branch_labels = ("measurement",)

DISTRIBUTED = ("measurement", "measurement_revision", "rollup", "latest", "change")
REFERENCE = (
    "station", "series", "feed", "event", "upload", "rejection", "review",
    "computed_figure", "computed_head", "idempotency_key",
)  # fmt: skip


def upgrade() -> None:
    catalogue()
    events()
    measurements()
    sums()
    heads()
    if op.get_bind().dialect.name == "postgresql":
        partition()
        distribute()


def key(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), autoincrement=False, nullable=False)


def catalogue() -> None:
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
    op.create_index(
        "ux_series_identity",
        "series",
        ["station_id", "parameter", "material", "source"],
        unique=True,
    )


def events() -> None:
    op.create_table(
        "feed",
        key("id"),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feed"),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Integer()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger()),
        sa.Column("recorded_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.UniqueConstraint("seq", name="uq_event_seq"),
    )
    op.create_table(
        "upload",
        key("id"),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
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
        key("upload_id"),
        key("number"),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "number", name="pk_rejection"),
    )
    op.create_table(
        "review",
        key("id"),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("flag", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
        sa.UniqueConstraint("code", name="uq_review_code"),
    )


def reading() -> list[sa.Column]:
    """Return the columns of a value; those of fixed width first, so that none is padded."""
    return [
        sa.Column("time_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("limit_value", sa.Double()),
        key("series_id"),
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("judged_by", sa.Integer()),
        sa.Column("span", sa.SmallInteger(), nullable=False),
        sa.Column("flag", sa.SmallInteger(), nullable=False),
        sa.Column("qualifier", sa.Text()),
        sa.Column("sent", sa.Text()),
        sa.Column("extra", sa.Text()),
    ]


def measurements() -> None:
    op.create_table(
        "measurement",
        *reading(),
        sa.PrimaryKeyConstraint("series_id", "time_us", name="pk_measurement"),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (time_us)",
    )
    op.create_table(
        "measurement_revision",
        *reading(),
        sa.Column("replaced_by", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "time_us", "revision", name="pk_measurement_revision"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "change",
        key("series_id"),
        key("event_id"),
        sa.Column("first_us", sa.BigInteger(), nullable=False),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "event_id", name="pk_change"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_change_event_id", "change", ["event_id"])


def sums() -> None:
    op.create_table(
        "rollup",
        key("series_id"),
        sa.Column("grain", sa.SmallInteger(), autoincrement=False, nullable=False),
        key("first_day"),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("total", sa.Double()),
        sa.Column("least", sa.Double()),
        sa.Column("greatest", sa.Double()),
        sa.Column("n_below", sa.Integer(), nullable=False),
        sa.Column("n_above", sa.Integer(), nullable=False),
        sa.Column("below_limit", sa.Double()),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("covered_min", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "grain", "first_day", name="pk_rollup"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "latest",
        *reading(),
        sa.PrimaryKeyConstraint("series_id", name="pk_latest"),
    )
    op.create_table(
        "computed_figure",
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("numerator", sa.Double()),
        sa.Column("denominator", sa.Double()),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Double(), nullable=False),
        sa.Column("coverage", sa.Double()),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("stations", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "indicator", "period", name="pk_computed_figure"),
    )
    op.create_table(
        "computed_head",
        key("id"),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_computed_head"),
    )


def heads() -> None:
    """Begin to count: no event yet, and no figure."""
    instant = sa.column("recorded_at", sa.DateTime(timezone=True))
    feed = sa.table("feed", sa.column("id"), sa.column("seq"), instant)
    never = datetime(1970, 1, 1, tzinfo=UTC)
    op.execute(sa.insert(feed).values(id=1, seq=0, recorded_at=never))
    op.execute("INSERT INTO computed_head (id, seq, rules) VALUES (1, 0, '')")


def partition() -> None:
    """Keep what no month has a partition for; the months are made as they come."""
    op.execute("CREATE TABLE measurement_rest PARTITION OF measurement DEFAULT")
    # Whole reads of a span of time skip the blocks of others.
    op.create_index("ix_measurement_time_us", "measurement", ["time_us"], postgresql_using="brin")


def distribute() -> None:
    """Spread the measurements over the nodes of a Citus cluster, if this is one."""
    bind = op.get_bind()
    if bind.scalar(sa.text("SELECT count(*) FROM pg_extension WHERE extname = 'citus'")) == 0:
        return
    for table in REFERENCE:
        bind.execute(sa.text("SELECT create_reference_table(:t)"), {"t": table})
    for table in DISTRIBUTED:
        together = "none" if table == DISTRIBUTED[0] else DISTRIBUTED[0]
        bind.execute(
            sa.text("SELECT create_distributed_table(:t, 'series_id', colocate_with => :c)"),
            {"t": table, "c": together},
        )


def downgrade() -> None:
    for table in (*reversed(DISTRIBUTED), *reversed(REFERENCE[:-1])):
        op.drop_table(table)
