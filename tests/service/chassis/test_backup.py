"""Backups of databases with columns of every kind: exact, whole, and between both databases."""

from __future__ import annotations

import json
import math
import shutil
import string
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kembar_shared.chassis import backup, migrate
from kembar_shared.chassis.backup import Refused
from kembar_shared.chassis.database import connect, create_if_absent, reading, writing
from kembar_shared.chassis.problems import DatabaseUnavailable

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "deep1"
down_revision = None
branch_labels = ("deep_wells",)
depends_on = None


def upgrade():
    # "a_probe" is named before what it refers to, and "Well" needs quotes.
    op.create_table(
        "Well",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("depth_m", sa.Double()),
        sa.Column("size_bytes", sa.BigInteger()),
        sa.Column("open", sa.Boolean()),
        sa.Column("dug_at", sa.DateTime(timezone=True)),
        sa.Column("seen_on", sa.Date()),
        sa.Column("seal", sa.LargeBinary()),
        sa.Column("order", sa.Text()),
        sa.Column("certain_m", sa.Double(), sa.Computed("coalesce(depth_m, 0)", persisted=True)),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "a_probe",
        sa.Column("code", sa.Text(), primary_key=True),
        sa.Column("well_id", sa.Integer(), sa.ForeignKey("Well.id"), nullable=False),
    )
    op.create_table("kind", sa.Column("code", sa.Text(), nullable=False))
    op.execute("INSERT INTO kind VALUES ('deep'), ('shallow')")
"""
COLUMNS = ("id", "name", "depth_m", "size_bytes", "open", "dug_at", "seen_on", "seal", "order")
WELL = sa.table("Well", *map(sa.column, COLUMNS))
PROBE = sa.table("a_probe", sa.column("code"), sa.column("well_id"))
INSTANT = datetime(2023, 4, 4, 1, 2, 3, 456789, tzinfo=UTC)
TYPES = {"open": sa.Boolean(), "dug_at": sa.DateTime(timezone=True), "seen_on": sa.Date()}
TYPED = sa.table("Well", *(sa.column(name, TYPES.get(name)) for name in COLUMNS))

text = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
        st.sampled_from("\\\n\r\t\"',.;NnÅé\u200b\ufeff😀"),
    ),
    max_size=30,
) | st.sampled_from(["", "\\N", "\\.", "a\n\\.\nb", "NULL", " ", '"', "\\", "\r\n"])
instant = st.datetimes(timezones=st.just(UTC)).filter(lambda at: at.year >= 1000)
well = st.fixed_dictionaries(
    {
        "name": text,
        # SQLite keeps neither NaN nor the sign of zero.
        "depth_m": st.none() | st.floats(allow_nan=False).map(lambda number: number + 0.0),
        "size_bytes": st.none() | st.integers(-(2**63), 2**63 - 1),
        "open": st.none() | st.booleans(),
        "dug_at": st.none() | instant,
        "seen_on": st.none() | st.dates(date(1000, 1, 1)),
        "seal": st.none() | st.binary(max_size=20),
        "order": st.none() | text,
    }
)


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    versions = folder / "deep_wells" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "deep_wells" / "__init__.py").write_text("")
    (versions / "deep1.py").write_text(REVISION)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield ["kembar_shared.chassis", "deep_wells"]


@pytest.fixture
def databases(postgres_server, tmp_path):
    """Return a function: kind -> the engine of a new database of that kind."""
    engines, names = [], []

    def make(kind):
        if kind == "sqlite":
            url = f"sqlite:///{tmp_path}/{len(engines)}.sqlite"
        else:
            names.append(
                f"kembar_backup_{tmp_path.name.rpartition('-')[2]}_{id(engines)}_{len(engines)}"
            )
            url = f"{postgres_server.rpartition('/')[0]}/{names[-1]}"
        engines.append(connect(url, timeout_s=20))
        return engines[-1]

    yield make
    for engine in engines:
        engine.dispose()
    with psycopg.connect(postgres_server, autocommit=True) as conn:
        for name in names:
            conn.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


KINDS = ["sqlite", "postgresql"]
both_ways = pytest.mark.parametrize(
    ("source", "target"), [(one, other) for one in KINDS for other in KINDS]
)


def save(engine, folder, **files):
    return backup.create(engine, folder, service="well", files=files, told=lambda _: None)


def load(engine, packages, folder, *, files=None, told=lambda _: None, **more):
    return backup.restore(
        engine, packages, folder, service="well", files=files or {}, told=told, **more
    )


def wells(engine):
    with reading(engine) as conn:
        found = conn.execute(sa.select(TYPED).order_by(sa.text("id"))).mappings().all()
    return [
        {
            **row,
            "dug_at": row["dug_at"] and row["dug_at"].replace(tzinfo=UTC),
            "seal": None if row["seal"] is None else bytes(row["seal"]),
        }
        for row in found
    ]


def dig(engine, *several):
    with writing(engine) as conn:
        for one in several:
            conn.execute(sa.insert(TYPED), one)


def made(databases, kind, packages):
    engine = databases(kind)
    migrate.upgrade(engine, packages)
    return engine


def refusal(of, *arguments, **more):
    with pytest.raises(Refused) as raised:
        of(*arguments, **more)
    return raised.value.reason


@both_ways
def test_any_rows_come_back_exactly(databases, packages, tmp_path, source, target):
    origin, copy = made(databases, source, packages), made(databases, target, packages)

    @settings(
        max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.lists(well, max_size=8))
    def round_trip(several):
        for engine in (origin, copy):
            with writing(engine) as conn:
                conn.execute(sa.delete(WELL))
                conn.execute(sa.text("DELETE FROM kind"))
                conn.execute(sa.text("DELETE FROM audit_head"))
        dig(origin, *({"id": number, **one} for number, one in enumerate(several, 1)))
        shutil.rmtree(tmp_path / "backup", ignore_errors=True)
        save(origin, tmp_path / "backup")
        load(copy, packages, tmp_path / "backup")
        assert wells(copy) == wells(origin)
        assert [row["name"] for row in wells(copy)] == [one["name"] for one in several]
        assert [row["dug_at"] for row in wells(copy)] == [one["dug_at"] for one in several]
        assert [row["depth_m"] for row in wells(copy)] == [one["depth_m"] for one in several]

    round_trip()


@both_ways
def test_the_copy_is_whole_and_goes_on_counting(databases, packages, tmp_path, source, target):
    origin, copy = made(databases, source, packages), databases(target)
    dig(origin, *({"id": number, "name": f"well {number}"} for number in range(1, 6001)))
    with writing(origin) as conn:
        conn.execute(sa.insert(PROBE), [{"code": code, "well_id": 7} for code in "bÅaZ_"])
        conn.execute(sa.text("INSERT INTO kind VALUES ('new')"))
    steps = []

    manifest, _ = save(origin, tmp_path / "backup")
    load(copy, packages, tmp_path / "backup", told=steps.append)
    dig(copy, {"name": "next"})

    assert {name: entry.rows for name, entry in manifest.tables.items()} == {
        "Well": 6000, "a_probe": 5, "kind": 3, "idempotency_key": 0, "audit_entry": 0,
        "audit_head": 1, "job_lease": 0
    }  # fmt: skip
    assert migrate.is_current(copy, packages)
    assert wells(copy)[-1]["id"] == 6001
    assert {(step.doing, step.table) for step in steps if step.rows == step.total} == {
        (doing, table)
        for doing in ("load", "verify")
        for table in ("Well", "a_probe", "kind", "audit_head")
    }
    with reading(copy) as conn:
        assert set(conn.execute(sa.text("SELECT code FROM kind")).scalars()) == {
            "deep", "shallow", "new"
        }  # fmt: skip


def test_two_backups_of_equal_databases_are_equal(databases, packages, tmp_path):
    origin, copy = made(databases, "sqlite", packages), databases("postgresql")
    dig(
        origin,
        *({"id": number, "name": f"{number % 7}", "dug_at": INSTANT} for number in range(1, 500)),
    )

    first, _ = save(origin, tmp_path / "one")
    load(copy, packages, tmp_path / "one")
    second, _ = save(copy, tmp_path / "two")

    assert first.tables["Well"].parts == second.tables["Well"].parts
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o700
    files = [file for file in (tmp_path / "one").rglob("*") if file.is_file()]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def digging(engine, first, stop, acknowledged):
    """Write two wells and the probe of one, together or not at all, again and again."""
    number = first
    while not stop.is_set():
        pair = [{"id": number + half, "name": str(number)} for half in (0, 1)]
        with writing(engine) as conn:
            conn.execute(sa.insert(WELL), pair)
            conn.execute(sa.insert(PROBE), {"code": str(number), "well_id": number})
        acknowledged.append(number)
        number += 2


def test_a_backup_is_one_instant_while_others_write(databases, packages, tmp_path, database_url):
    origin = connect(database_url, timeout_s=20)
    migrate.upgrade(origin, packages)
    stop, acknowledged = threading.Event(), []
    with ThreadPoolExecutor(4) as pool:
        diggers = [
            pool.submit(digging, origin, 1 + number * 10**6, stop, acknowledged)
            for number in range(4)
        ]
        try:
            while len(acknowledged) < 100 and not any(digger.done() for digger in diggers):
                stop.wait(0.01)
            before = set(acknowledged)
            save(origin, tmp_path / "backup")
        finally:
            stop.set()
    origin.dispose()
    copies = [databases(kind) for kind in KINDS]
    for copy in copies:
        load(copy, packages, tmp_path / "backup")

    assert [digger.result() for digger in diggers] == [None] * 4
    for copy in copies:
        found = [row["id"] for row in wells(copy)]
        with reading(copy) as conn:
            probed = set(conn.execute(sa.select(PROBE.c.well_id)).scalars())
        assert before <= probed
        assert sorted(found) == sorted([*probed, *(number + 1 for number in probed)])


@both_ways
def test_a_backup_of_an_older_release_is_restored_and_then_upgraded(
    databases, tmp_path, monkeypatch, source, target
):
    package = f"old_wells_{source}_{target}"
    versions = tmp_path / package / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / package / "__init__.py").write_text("")
    (versions / "old1.py").write_text(
        REVISION.replace("deep1", "old1").replace("deep_wells", package)
    )
    monkeypatch.syspath_prepend(tmp_path)
    packages = ["kembar_shared.chassis", package]
    origin, copy = made(databases, source, packages), databases(target)
    dig(origin, {"id": 1, "name": "one"})
    save(origin, tmp_path / "backup")
    (versions / "old2.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n\n"
        'revision, down_revision, branch_labels, depends_on = "old2", "old1", None, None\n\n\n'
        'def upgrade():\n    op.add_column("Well", sa.Column("later", sa.Text()))\n'
    )

    load(copy, packages, tmp_path / "backup")

    assert not migrate.is_current(copy, packages)
    assert [row["name"] for row in wells(copy)] == ["one"]
    migrate.upgrade(copy, packages)
    assert migrate.is_current(copy, packages)


def _cut(folder):
    file = next((folder / "tables" / "Well").iterdir())
    file.write_bytes(file.read_bytes()[:-9])


def _flip(folder):
    file = next((folder / "tables" / "Well").iterdir())
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _lose(folder):
    next((folder / "tables" / "Well").iterdir()).unlink()


def _forget(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["tables"]["Well"]["parts"].clear()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _garble(folder):
    (folder / "manifest.json").write_text((folder / "manifest.json").read_text()[:-20])


def _secret(folder):
    (folder / "files" / "keys.json").write_text("other")


@pytest.mark.parametrize("harm", [_cut, _flip, _lose, _forget, _garble, _secret])
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_backup_restores_nothing(databases, packages, tmp_path, kind, harm):
    origin = made(databases, "sqlite", packages)
    dig(origin, {"id": 1, "name": "one"})
    (tmp_path / "keys").write_text("secret")
    save(origin, tmp_path / "backup", **{"keys.json": tmp_path / "keys"})
    harm(tmp_path / "backup")
    copy = databases(kind)

    assert refusal(load, copy, packages, tmp_path / "backup") == "damaged"
    _assert_untouched(copy)


def test_an_unfinished_backup_is_none(databases, packages, tmp_path):
    save(made(databases, "sqlite", packages), tmp_path / "backup")
    (tmp_path / "backup" / "manifest.json").unlink()

    assert refusal(load, databases("sqlite"), packages, tmp_path / "backup") == "incomplete"
    assert refusal(load, databases("sqlite"), packages, tmp_path / "nowhere") == "incomplete"


@pytest.mark.parametrize("member", ["format", "revisions"])
def test_a_backup_of_a_newer_release_is_refused(databases, packages, tmp_path, member):
    save(made(databases, "sqlite", packages), tmp_path / "backup")
    file = tmp_path / "backup" / "manifest.json"
    newer = {"format": 2, "revisions": ["from-tomorrow"], "release": "9.9"}
    file.write_text(json.dumps(json.loads(file.read_text()) | {member: newer[member]}))

    assert refusal(load, databases("sqlite"), packages, tmp_path / "backup") == "newer"


@pytest.mark.parametrize("kind", KINDS)
def test_a_place_with_rows_is_left_alone(databases, packages, tmp_path, kind):
    origin, other = made(databases, "sqlite", packages), made(databases, kind, packages)
    save(origin, tmp_path / "backup")
    dig(other, {"id": 5, "name": "theirs"})

    assert refusal(load, other, packages, tmp_path / "backup") == "not-empty"
    assert [row["name"] for row in wells(other)] == ["theirs"]
    assert refusal(save, origin, tmp_path / "backup") == "folder-in-use"


def test_a_database_that_is_not_there_is_not_made(databases, tmp_path):
    engine = databases("sqlite")

    assert refusal(save, engine, tmp_path / "backup") == "no-database"
    assert not (tmp_path / "0.sqlite").exists()
    with pytest.raises(DatabaseUnavailable):
        save(databases("postgresql"), tmp_path / "backup")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_told_to_stop_leaves_nothing(databases, packages, tmp_path, kind):
    origin, copy = made(databases, "sqlite", packages), databases(kind)
    dig(origin, {"id": 1, "name": "one"})
    (tmp_path / "keys").write_text("secret")
    kept = {"keys.json": tmp_path / "new" / "keys"}
    save(origin, tmp_path / "backup", **{"keys.json": tmp_path / "keys"})

    reason = refusal(
        load, copy, packages, tmp_path / "backup", files=kept, may_commit=lambda: False
    )
    assert reason == "not-committed"
    _assert_untouched(copy)
    assert not (tmp_path / "new").exists()
    load(copy, packages, tmp_path / "backup", files=kept)
    assert kept["keys.json"].read_text() == "secret"
    assert kept["keys.json"].stat().st_mode & 0o777 == 0o600


def test_another_secret_is_never_overwritten(databases, packages, tmp_path):
    (tmp_path / "keys").write_text("secret")
    (tmp_path / "other").write_text("theirs")
    save(made(databases, "sqlite", packages), tmp_path / "backup", keys=tmp_path / "keys")

    arguments = databases("sqlite"), packages, tmp_path / "backup"
    assert refusal(load, *arguments, files={"keys": tmp_path / "other"}) == "file-in-use"
    assert (tmp_path / "other").read_text() == "theirs"


def test_what_a_database_cannot_hold_is_said(databases, packages, tmp_path):
    origin, copy = made(databases, "sqlite", packages), databases("postgresql")
    dig(origin, {"id": 1, "name": "a\0b"})
    save(origin, tmp_path / "backup")

    assert refusal(load, copy, packages, tmp_path / "backup") == "unfit"
    _assert_untouched(copy)


def test_rows_that_a_database_alters_are_noticed(databases, packages, tmp_path):
    origin, copy = made(databases, "postgresql", packages), databases("sqlite")
    dig(
        origin,
        {"id": 1, "name": "one", "depth_m": 1.5},
        {"id": 2, "name": "two", "depth_m": math.nan},
    )
    save(origin, tmp_path / "backup")

    assert refusal(load, copy, packages, tmp_path / "backup") == "unequal"
    _assert_untouched(copy)


@both_ways
@pytest.mark.parametrize("left", [0, 10])
def test_a_number_given_out_is_not_given_out_again(
    databases, packages, tmp_path, source, target, left
):
    origin, copy = made(databases, source, packages), databases(target)
    dig(origin, *({"name": name} for name in string.ascii_letters))
    with writing(origin) as conn:
        conn.execute(sa.delete(WELL).where(WELL.c.id > left))
    save(origin, tmp_path / "backup")
    load(copy, packages, tmp_path / "backup")
    dig(copy, {"name": "next"})

    assert wells(copy)[-1]["id"] == 53


def test_a_partitioned_table_is_one_table(databases, packages, tmp_path):
    origin, copy = databases("postgresql"), databases("postgresql")
    partitioned = (
        "CREATE TABLE flow (well integer, at bigint, PRIMARY KEY (well, at))"
        " PARTITION BY RANGE (at)"
    )

    def make_room(conn, table, frame):
        if table == "flow":
            for first in sorted({at // 100 * 100 for at in frame["at"]}):
                conn.exec_driver_sql(
                    f"CREATE TABLE IF NOT EXISTS flow_{first} PARTITION OF flow"
                    f" FOR VALUES FROM ({first}) TO ({first + 100})"
                )

    migrate.upgrade(origin, packages)
    migrate.upgrade(copy, packages)
    for engine in (origin, copy):
        with writing(engine) as conn:
            conn.exec_driver_sql(partitioned)
    with writing(origin) as conn:
        for first in (0, 100):
            conn.exec_driver_sql(
                f"CREATE TABLE flow_{first} PARTITION OF flow"
                f" FOR VALUES FROM ({first}) TO ({first + 100})"
            )
        conn.exec_driver_sql("INSERT INTO flow SELECT 1, n FROM generate_series(0, 199) AS n")
    with writing(copy) as conn:
        conn.exec_driver_sql("DELETE FROM kind")
        conn.exec_driver_sql("DELETE FROM audit_head")

    manifest, _ = save(origin, tmp_path / "backup")
    assert refusal(load, copy, packages, tmp_path / "backup") == "unfit"
    load(copy, packages, tmp_path / "backup", make_room=make_room)

    assert manifest.tables["flow"].rows == 200
    assert not [name for name in manifest.tables if name.startswith("flow_")]
    with reading(copy) as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM flow_100").scalar() == 100


def _assert_untouched(engine):
    create_if_absent(engine)
    with writing(engine) as conn:
        assert sa.inspect(conn).get_table_names() == []
