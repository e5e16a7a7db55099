"""Small posts mean the same by the short way and by the columnar path, alone and together."""

from __future__ import annotations

import io
import json
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from kembar_shared.chassis import audit
from kembar_shared.chassis.database import connect, reading
from kembar_shared.chassis.problems import IdempotencyConflict
from kembar_shared.chassis.verifying import Caller
from kembar_shared.measurement import ingest, service, small
from kembar_shared.measurement.settings import PACKAGES
from kembar_shared.measurement.store import tables
from kembar_shared.measurement.uploads import Declaration
from kembar_shared.measurement.writer import Writer
from kembar_water.app import domain_of
from kembar_water.settings import WaterSettings
from tests.databases import drop_postgresql

JSON = {"Content-Type": "application/json"}
CALLER = Caller("logger", frozenset({"measurements:write"}), ("CPM-*",))
POST = {
    "station": "CPM-01", "parameter": "bod", "time": "2026-01-05T10:00:00+07:00", "value": 6.5,
    "unit": "mg/L",
}  # fmt: skip
TABLES = (
    tables.SERIES, tables.FEED, tables.EVENT, tables.UPLOAD, tables.REJECTION, tables.MEASUREMENT,
    tables.REVISION, tables.CHANGE, tables.ROLLUP, tables.LATEST,
)  # fmt: skip
IDEMPOTENCY = sa.table("idempotency_key", *map(sa.column, ("client", "operation", "key", "status")))
# What differs from one time to the next.
VOLATILE = {"code", "recorded_at"}
# PostgreSQL gives no number twice, so an attempt that was taken back leaves a gap.
NUMBERS = {
    "event": {"id"}, "upload": {"id"}, "rejection": {"upload_id"}, "change": {"event_id"},
    "measurement": {"upload_id"}, "latest": {"upload_id"},
    "measurement_revision": {"upload_id", "replaced_by"},
}  # fmt: skip

stations = st.sampled_from(["CPM-01", "CPM-01", "CPM-02", "OTHER-1", "NOWHERE"])
times = st.sampled_from(
    [f"2026-01-0{day}T{hour}:00:00{zone}" for day in (4, 5) for hour in ("00", "07", "23")
     for zone in ("+07:00", "Z")]
    + ["2026-01-05T10:00:00", "2999-01-01T00:00:00Z", "2026-02-30T00:00:00Z",
       "1949-01-01T00:00:00Z"]
)  # fmt: skip
values = st.one_of(
    st.integers(0, 40).map(lambda n: n / 4),
    st.sampled_from(
        ["7.5", -999, "<0.5", "7,5", 1e400, 500, 5000, -3, "0.1234567890123456", True, None, "-0"]
    ),
)
members = st.fixed_dictionaries(
    {
        "station": stations,
        "parameter": st.sampled_from(["bod", "ph", "temp", "BOD", "nonsense"]),
        "time": times,
        "value": values,
        "unit": st.sampled_from(["mg/L", "mg/L", "pH", "degC", "µg/L"]),
    },
    optional={"qualifier": st.none(), "limit": st.none(), "note": st.just("by hand")},
)
plain = st.builds(
    lambda station, of, time, value: {
        "station": station, "parameter": of[0], "time": time, "value": value, "unit": of[1]
    },
    st.sampled_from(["CPM-01", "CPM-02"]),
    st.sampled_from([("bod", "mg/L"), ("ph", "pH"), ("temp", "degC")]),
    st.sampled_from([f"2026-01-0{d}T{h:02}:{m}:00+07:00" for d in (4, 5) for h in range(0, 24, 3)
                     for m in ("00", "10")]),
    st.integers(-8, 160).map(lambda n: n / 4),
)  # fmt: skip
sequences = st.lists(
    st.tuples(
        st.lists(st.one_of(plain, plain, plain, members), min_size=0, max_size=4),
        st.sampled_from([None, None, "logger-key-1", "logger-key-2"]),
    ),
    min_size=1,
    max_size=8,
)


def file_of(measurements):
    body = json.dumps({"measurements": measurements}).encode()
    return ingest.File(io.BytesIO(body), len(body), sha256(body).hexdigest(), "application/json")


class Side:
    """A database of its own, and one of the two ways into it."""

    def __init__(self, url):
        self.settings = WaterSettings(database_url=SecretStr(url))
        self.engine = connect(self.settings.database_url, timeout_s=10)
        audit.Trail(self.engine, self.settings)
        self.catalogue = domain_of(self.settings).catalogue
        self.writer = Writer(self.engine, self.catalogue)
        self.reader = small.Reader(self.catalogue)

    def empty(self):
        with self.engine.begin() as conn:
            for table in (IDEMPOTENCY, *reversed(TABLES), tables.STATION):
                if table is not tables.FEED:
                    conn.execute(sa.delete(table))
            conn.execute(sa.update(tables.FEED).values(seq=0))
            if conn.dialect.name == "postgresql":
                for table in ("series", "event", "station"):
                    conn.exec_driver_sql(f"ALTER SEQUENCE {table}_id_seq RESTART")
            for number, code in enumerate(("CPM-01", "CPM-02", "OTHER-1"), 1):
                conn.execute(
                    sa.insert(tables.STATION).values(
                        id=number, code=code, name=code, kind="river", latitude=0, longitude=0,
                        timezone="Asia/Jakarta", origin="synthetic", jurisdiction="", note="",
                        version=1, changed_at=sa.func.current_timestamp(),
                    )
                )  # fmt: skip

    def columnar(self, measurements, key):
        terms = ingest.Terms(Declaration(), key=key)
        try:
            received = ingest.receive(
                self.engine, self.catalogue, caller=CALLER, file=file_of(measurements), terms=terms
            )
        except IdempotencyConflict:
            return "conflict"
        return told(received.receipt, is_replayed=received.is_replayed)

    def together(self, sent):
        """Store what is plain in one group, then hand the rest to the columnar path, in order."""
        terms = [ingest.Terms(Declaration(), key=key) for _, key in sent]
        now = ingest.datetime.now(ingest.UTC)
        posts = [
            self.reader.read(CALLER, file_of(measurements), each, now=now)
            for (measurements, _), each in zip(sent, terms, strict=True)
        ]
        group = [post for post in posts if post is not None]
        receipts = iter(self.writer._store(group) if group else [])
        found = [None if post is None else next(receipts) for post in posts]
        return [
            self.columnar(*each) if receipt is None else told(receipt)
            for each, receipt in zip(sent, found, strict=True)
        ]

    def content(self):
        with reading(self.engine) as conn:
            found = {}
            events = conn.execute(sa.select(tables.EVENT.c.id).order_by(tables.EVENT.c.id))
            rank = {number: at for at, number in enumerate(events.scalars())}
            for table in (*TABLES, IDEMPOTENCY):
                columns = [c for c in table.c if c.name not in VOLATILE]
                numbers = NUMBERS.get(table.name, set())
                rows = [
                    tuple(
                        rank[row[n]] if n in numbers else without_last_digit(n, row[n]) for n in row
                    )
                    for row in conn.execute(sa.select(*columns)).mappings()
                ]
                found[table.name] = sorted(rows, key=repr)
            return found


def without_last_digit(name, value):
    """No database promises in which order it adds, and so the last digit of a sum."""
    return f"{value:.13g}" if name == "total" and value is not None else value


def told(receipt, *, is_replayed=False):
    return {n: v for n, v in receipt.items() if n not in {*VOLATILE, "id"}} | {
        "replayed": is_replayed
    }


@pytest.fixture
def sides(request, database_url, tmp_path, sqlite_templates, afterwards):
    """Give two empty databases of one kind."""
    if database_url.startswith("sqlite"):
        second = sqlite_templates.new(tmp_path / "second.sqlite", PACKAGES)
    else:
        second = request.getfixturevalue("postgres_templates").new(PACKAGES)
        afterwards.callback(drop_postgresql, second)
    both = Side(database_url), Side(second)
    yield both
    for side in both:
        side.engine.dispose()


@settings(
    max_examples=60 if os.environ.get("KEMBAR_SOAK") == "1" else 25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(sent=sequences)
def test_both_ways_store_and_answer_the_same(sides, sent):
    short, usual = sides
    for side in sides:
        side.empty()
    answers = [short.together([each])[0] for each in sent]
    expected = [usual.columnar(*each) for each in sent]

    assert answers == expected
    assert short.content() == usual.content()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sent=st.lists(st.tuples(st.lists(plain, min_size=1, max_size=3), st.none()), max_size=8))
def test_a_group_stores_what_its_posts_one_by_one_would(sides, sent):
    group, usual = sides
    for side in sides:
        side.empty()
    # Posts that do not meet commute, so the group may store them in any order.
    seen = set()
    apart = []
    for measurements, key in sent:
        own = {(m["station"], m["parameter"], m["time"]) for m in measurements}
        if len(own) == len(measurements) and not own & seen:
            seen |= own
            apart.append((measurements, key))
    group.together(apart)
    for each in apart:
        usual.columnar(*each)

    def without_series_numbers(side):
        with reading(side.engine) as conn:
            return [
                sorted(tuple(row) for row in conn.execute(sa.text(query)))
                for query in (
                    "SELECT st.code, s.parameter, m.time_us, m.value, e.seq, m.line, m.flag "
                    "FROM measurement m JOIN event e ON e.id = m.upload_id "
                    "JOIN series s ON s.id = m.series_id "
                    "JOIN station st ON st.id = s.station_id",
                    "SELECT st.code, s.parameter, r.first_day, r.n, r.total, r.least, "
                    "r.greatest, r.slots, r.covered_min FROM rollup r "
                    "JOIN series s ON s.id = r.series_id "
                    "JOIN station st ON st.id = s.station_id",
                    "SELECT st.code, s.parameter, l.time_us, l.value, e.seq FROM latest l "
                    "JOIN event e ON e.id = l.upload_id "
                    "JOIN series s ON s.id = l.series_id JOIN station st ON st.id = s.station_id",
                    "SELECT seq, received, inserted, flagged FROM event e JOIN upload u "
                    "ON u.id = e.id",
                )
            ]

    assert without_series_numbers(group) == without_series_numbers(usual)


def test_a_plain_post_takes_the_short_way(sides):
    side, _ = sides
    side.empty()
    terms = ingest.Terms(Declaration())
    now = ingest.datetime.now(ingest.UTC)

    assert side.reader.read(CALLER, file_of([POST]), terms, now=now) is not None
    for odd in ({"value": "<1"}, {"unit": "µg/L"}, {"time": "2026-01-05"}, {"station": "X"}):
        assert side.reader.read(CALLER, file_of([POST | odd]), terms, now=now) is None
    assert side.reader.read(CALLER, file_of([POST, POST]), terms, now=now) is None
    assert side.reader.read(CALLER, file_of([]), terms, now=now) is None
    trial = replace(terms, dry_run=True)
    assert side.reader.read(CALLER, file_of([POST]), trial, now=now) is None


def test_a_thousand_measurements_mean_the_same_both_ways(sides):
    short, usual = sides
    parameters = (("bod", "mg/L"), ("ph", "pH"), ("temp", "degC"))
    for side in sides:
        side.empty()
        side.columnar([POST | {"time": "2025-12-31T23:50:00+07:00"}], None)
    halves = [
        [
            {
                "station": f"CPM-0{1 + n % 2}", "parameter": of, "unit": unit,
                "time": f"2026-01-{1 + n // 96:02}T{n // 4 % 24:02}:{n % 4 * 15:02}:00+07:00",
                "value": n * 7 % 400 / 4,
            }
            for n in range(first, first + 500)
            for of, unit in parameters[:2]
        ]
        for first in (0, 250)
    ]  # fmt: skip

    # Of the second, every other measurement is there already.
    answers = [short.together([(half, None)]) for half in halves]

    assert answers == [[usual.columnar(half, None)] for half in halves]
    assert [answer["inserted"] for (answer,) in answers] == [1000, 500]
    assert short.content() == usual.content()


def test_sixteen_at_once_are_each_stored_once(agent):
    stamps = [f"2026-01-0{d}T{h:02}:{m:02}:00+07:00" for d in (1, 2) for h in range(24)
              for m in (0, 20, 40)]  # fmt: skip

    def send(number):
        body = {"measurements": [POST | {"time": stamps[number // 2], "value": number // 2 / 4}]}
        headers = {"Idempotency-Key": f"logger-{number // 2:04}"}
        return agent.post("/v1/uploads", json=body, headers=headers)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, range(2 * len(stamps))))

    assert {answer.status_code for answer in answers} == {200, 201}
    receipts = {answer.json()["id"] for answer in answers}
    assert len(receipts) == len(stamps)
    assert sum(a.json()["inserted"] for a in answers if not a.json()["replayed"]) == len(stamps)
    stored = agent.get("/v1/measurements", params={"limit": 1000}).json()["items"]
    assert sorted(m["value"] for m in stored) == [n / 4 for n in range(len(stamps))]
    days = agent.get("/v1/rollups", params={"period": "day"}).json()["items"]
    assert [day["n"] for day in days] == [72, 72]
    changes = agent.get("/v1/changes", params={"limit": 1000}).json()["items"]
    assert len(changes) == len(stamps)


def test_twelve_sends_of_one_post_make_one_row(agent):
    def send(_):
        return agent.post("/v1/uploads", json={"measurements": [POST]}).json()

    with ThreadPoolExecutor(12) as pool:
        receipts = list(pool.map(send, range(12)))

    assert sorted(r["inserted"] for r in receipts) == [0] * 11 + [1]
    assert sorted(r["unchanged"] for r in receipts) == [0] + [1] * 11
    assert len(agent.get("/v1/measurements").json()["items"]) == 1


def test_a_key_means_one_request(agent):
    def send(value, key="logger-key-1"):
        body = {"measurements": [POST | {"value": value}]}
        return agent.post("/v1/uploads", json=body, headers={"Idempotency-Key": key})

    first, again, other, odd = send(1), send(1), send(2), send(1, "short")

    assert (first.status_code, first.json()["replayed"]) == (201, False)
    assert (again.status_code, again.json()["replayed"]) == (200, True)
    assert again.json()["id"] == first.json()["id"]
    assert (other.status_code, odd.status_code) == (409, 400)


def test_a_group_that_fails_keeps_nothing_and_the_next_one_is_stored(sides):
    side, _ = sides
    side.empty()
    # The first of a month makes room for the others.
    side.columnar([POST | {"time": "2026-01-04T10:00:00+07:00"}], None)
    with side.engine.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE latest RENAME TO away")
    now = ingest.datetime.now(ingest.UTC)
    post = side.reader.read(CALLER, file_of([POST]), ingest.Terms(Declaration()), now=now)
    with pytest.raises((sqlite3.Error, psycopg.Error)):
        side.writer._store([post])
    with side.engine.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE away RENAME TO latest")

    assert len(side.content()["upload"]) == 1
    assert side.writer._store([post])[0]["inserted"] == 1


def test_who_waits_while_the_database_is_locked_is_told_so(signing, serve, sqlite_url):
    side = Side(sqlite_url)
    side.empty()
    chosen = side.settings.model_copy(update={"database_timeout_s": 1})
    app = service.build(chosen, domain_of(chosen), keys=signing.keys)
    client = serve(app, token=signing.token("measurements:write measurements:read"))

    def send(number):
        stamp = f"2026-01-05T10:00:{number:02}+07:00"
        return client.post("/v1/uploads", json={"measurements": [POST | {"time": stamp}]})

    with side.engine.connect() as conn, ThreadPoolExecutor(8) as pool:
        conn.exec_driver_sql("SELECT 1")
        refused = list(pool.map(send, range(8)))
    stored = [send(number) for number in range(8)]

    assert {answer.status_code for answer in refused} == {503}
    assert {answer.headers["Retry-After"] is not None for answer in refused} == {True}
    assert {answer.status_code for answer in stored} == {201}
