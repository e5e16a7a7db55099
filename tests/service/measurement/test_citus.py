"""What a Citus cluster asks of tables and statements, held where there is none.

Citus spreads the tables of `models.DISTRIBUTED` by `series_id`. The statements are those that the
service really issues on PostgreSQL while a story is told.
"""

from __future__ import annotations

import itertools
import re

import psycopg
import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from kembar_shared.chassis.database import connect, reading
from kembar_shared.chassis.migrations.versions import c002_audit
from kembar_shared.measurement import models, quality
from kembar_shared.measurement.migrations.versions import measurement_0001_kernel as kernel
from kembar_shared.measurement.migrations.versions import measurement_0002_indices as indices
from kembar_shared.measurement.migrations.versions import measurement_0003_checks as checks
from kembar_water.app import domain_of
from kembar_water.settings import WaterSettings

MIGRATIONS = (kernel, indices, checks)
ROW = "CPM-{:02},bod,2026-01-{:02}T10:00:00+07:00,{},mg/L,,"
POST = {
    "station": "CPM-02", "parameter": "bod", "time": "2026-01-09T10:00:00+07:00", "value": 2.5,
    "unit": "mg/L",
}  # fmt: skip
SPREAD = re.compile(rf"(?<![\w.])(?:{'|'.join(models.DISTRIBUTED)})(?![\w.(])")
UNIQUE_KEYS = """
    SELECT c.relname, array_agg(a.attname::text) FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
    WHERE i.indisunique AND c.relname = ANY (:tables) GROUP BY c.relname, i.indexrelid
"""
TRIGGERS = """
    SELECT tgname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
    WHERE NOT tgisinternal AND c.relname = ANY (:tables)
"""
FOREIGN_KEYS = """
    SELECT conname FROM pg_constraint JOIN pg_class c ON c.oid = conrelid
    WHERE contype = 'f' AND c.relname = ANY (:tables)
"""


@pytest.fixture
def database_url(cluster_url):
    """Run on what takes itself for a cluster alone."""
    return cluster_url


@pytest.fixture
def statements(agent, water, upload, cluster_url):
    """Tell a story of all that the service does; return its statements, blanks made equal."""
    found = []
    execute = psycopg.Cursor.execute

    def note(cursor, query, *args, **options):
        found.append(" ".join(str(query).split()))
        return execute(cursor, query, *args, **options)

    with pytest.MonkeyPatch.context() as patched:
        # The driver's own: not every statement goes through SQLAlchemy.
        patched.setattr(psycopg.Cursor, "execute", note)
        first = upload(*(ROW.format(s, d, d) for s in (1, 2) for d in (1, 2, 3))).json()
        upload(ROW.format(1, 1, 1), ROW.format(1, 2, 9), ROW.format(1, 5, 5))
        upload(ROW.format(1, 2, 2), reinstate=True)
        upload(ROW.format(1, 6, "<2"), ROW.format(2, 4, 25000))
        upload(ROW.format(2, 1, 1).replace("bod", "cod"))
        with water("measurements:review", "measurements:read", sub="r", client_id="r") as reviewer:
            judged = {"flag": 4, "reason": "Dry.", "stations": ["CPM-01"], "to": "2026-01-02"}
            assert reviewer.post("/v1/reviews", json=judged).status_code == 201
            reviewer.get("/v1/reviews")
        reason = {"reason": "By mistake."}
        assert agent.post(f"/v1/uploads/{first['id']}/retraction", json=reason).status_code == 201
        for path in (
            "measurements", "measurements/latest", "rollups", "changes", "indicators", "indices",
            "compliance",
        ):  # fmt: skip
            assert agent.get(f"/v1/{path}").status_code == 200
        agent.get("/v1/measurements", params={"as_of": first["received_at"]})
        agent.get("/v1/measurements", params={"format": "csv"})
        agent.get("/metrics")
        engine = connect(cluster_url, timeout_s=10)
        quality.run(engine, domain_of(WaterSettings()).catalogue, rules="own")
        engine.dispose()
        agent.get("/v1/findings")
        of = {"jurisdiction": "bandung", "indicator": "water.pollution_index", "period": "2026-01"}
        assert agent.get("/v1/lineage", params=of).status_code == 200
        assert agent.get(f"/v1/uploads/{first['id']}/figures").status_code == 200
        posted = agent.post("/v1/uploads", json={"measurements": [POST]})
        assert posted.status_code == 201
    return [s for s in dict.fromkeys(found) if SPREAD.search(s)]


def test_what_is_spread_stands_alike_in_models_and_migration():
    spread, whole = (
        tuple(itertools.chain.from_iterable(getattr(m, name) for m in MIGRATIONS))
        for name in ("DISTRIBUTED", "REFERENCE")
    )
    assert spread == models.DISTRIBUTED
    tables = {t for t in models.SQLModel.metadata.tables if not t.startswith("gateway")}
    own = {m.__tablename__ for m in vars(models).values() if hasattr(m, "__table__")}
    assert own <= tables
    assert {*spread} | {*whole} == own | {"idempotency_key"}


def test_every_unique_key_of_a_spread_table_holds_its_series(water, postgres_url):  # noqa: ARG001  its tables are made first
    engine = connect(postgres_url, timeout_s=10)
    with reading(engine) as conn:
        asked = {"tables": [*models.DISTRIBUTED]}
        keys = conn.execute(sa.text(UNIQUE_KEYS), asked).all()
        triggers = conn.execute(sa.text(TRIGGERS), asked).all()
        foreign_keys = conn.execute(sa.text(FOREIGN_KEYS), asked).all()
    engine.dispose()

    assert {table for table, _ in keys} == {*models.DISTRIBUTED}
    assert [table for table, columns in keys if "series_id" not in columns] == []
    assert (triggers, foreign_keys) == ([], [])


@pytest.mark.parametrize("schema", [()])
@pytest.mark.parametrize("is_cluster", [True, False])
def test_the_migration_spreads_tables_on_a_cluster_alone(postgres_url, is_cluster):
    """A schema stands before the catalogue, with an extension's name and its two functions."""
    engine = connect(postgres_url, timeout_s=10)
    with engine.begin() as conn:
        conn.exec_driver_sql("CREATE SCHEMA told")
        conn.exec_driver_sql("SET LOCAL search_path = told, public, pg_catalog")
        conn.exec_driver_sql("CREATE TABLE pg_extension (extname TEXT)")
        conn.exec_driver_sql("CREATE TABLE calls (place SERIAL, name TEXT, by TEXT, beside TEXT)")
        conn.exec_driver_sql(
            "CREATE FUNCTION create_reference_table(t text) RETURNS void LANGUAGE sql AS "
            "'INSERT INTO told.calls (name) VALUES (t)'"
        )
        conn.exec_driver_sql(
            "CREATE FUNCTION create_distributed_table(t text, c text, colocate_with text) "
            "RETURNS void LANGUAGE sql AS 'INSERT INTO told.calls (name, by, beside) "
            "VALUES (t, c, colocate_with)'"
        )
        if is_cluster:
            conn.exec_driver_sql("INSERT INTO pg_extension VALUES ('citus')")
        with Operations.context(MigrationContext.configure(conn)):
            for migration in MIGRATIONS:
                migration.distribute()
            c002_audit.replicate()
        calls = conn.exec_driver_sql("SELECT name, by, beside FROM calls ORDER BY place").all()
        conn.rollback()
    engine.dispose()

    spread = [call for call in calls if call.by is not None]
    whole = [table for migration in MIGRATIONS for table in migration.REFERENCE]
    number = len(whole) + len(models.DISTRIBUTED) + len(c002_audit.TABLES)
    assert len(calls) == (number if is_cluster else 0)
    assert {call.by for call in spread} <= {"series_id"}
    if is_cluster:
        assert [call.name for call in spread] == [*models.DISTRIBUTED]
        assert [call.beside for call in spread] == ["none"] + ["measurement"] * (len(spread) - 1)


def test_no_statement_asks_what_no_cluster_does(statements):
    refused = re.compile(
        r"FOR UPDATE|FOR SHARE|TABLESAMPLE|WITH RECURSIVE|GROUPING SETS|ROLLUP \(|CUBE|"
        r"CREATE TRIGGER|SET series_id|WHERE CURRENT OF"
    )

    assert len(statements) > 15
    assert [s for s in statements if refused.search(s)] == []


def test_what_is_spread_is_joined_by_its_series(statements):
    """Each SELECT, part of a union or not, names as many equal series as it joins such tables."""
    lonely = [
        part
        for statement in statements
        for part in re.split(r"UNION ALL", statement)
        if len(re.findall(rf"(?:FROM|JOIN) {SPREAD.pattern}", part)) > 1
        and len(re.findall(r"series_id = \w+\.(?:series_id|id)", part)) == 0
    ]

    assert lonely == []


def test_what_conflicts_is_told_by_its_series(statements):
    conflicts = [s for s in statements if "ON CONFLICT" in s]

    assert conflicts
    assert all("ON CONFLICT (series_id" in s for s in conflicts)


def test_no_subquery_looks_each_row_up_by_itself(statements):
    """Citus cannot merge a LIMIT or a GROUP BY inside a LATERAL that a list of values drives.

    Source: citusdata/citus pull request 5753, "Start erroring out for unsupported lateral
    subqueries".
    """
    refused = re.compile(r"LATERAL|EXISTS|= ?\(SELECT (?:max|min)\(")

    assert [s for s in statements if refused.search(s)] == []


def test_no_temporary_table_stands_outside_of_a_join_with_what_is_spread(statements):
    """What is staged would have to be spread as well, or be looked up by an inner join.

    Source: citusdata/citus pull request 6512.
    """
    assert [s for s in statements if re.search(rf"LEFT JOIN {SPREAD.pattern}", s)] == []
