"""Partitions of `measurement` on PostgreSQL: made when needed, in nobody's way."""

from __future__ import annotations

import threading
import time
from datetime import UTC, date, datetime

import polars as pl
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from kembar_shared.chassis.database import connect, reading, writing
from kembar_shared.measurement import service, store
from kembar_water.app import domain_of
from kembar_water.settings import WaterSettings

ROW = "{station},bod,{time},{value},mg/L,,"
NAMES = """
    SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'measurement'::regclass
    ORDER BY 1
"""


@pytest.fixture
def database_url(postgres_url):
    """Run on PostgreSQL alone; SQLite has no partitions."""
    return postgres_url


@pytest.fixture
def engine(water, postgres_url):  # noqa: ARG001  its database is made first
    """Reach the database of the service that runs, once its job has made the months ahead."""
    engine = connect(postgres_url, timeout_s=10)
    ahead = store.partitions.ahead(datetime.now(UTC).date(), 3)
    deadline = time.monotonic() + 10
    while True:
        with reading(engine) as conn:
            if not store.partitions.missing(conn, ahead):
                break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield engine
    engine.dispose()


def row(time, value=1, station="CPM-01"):
    return ROW.format(station=station, time=time, value=value)


def names(engine):
    with reading(engine) as conn:
        return [*conn.execute(sa.text(NAMES)).scalars()]


def where(engine):
    """Return the partition of each measurement, by time."""
    wanted = sa.text("SELECT tableoid::regclass::text FROM measurement ORDER BY time_us")
    with reading(engine) as conn:
        return [*conn.execute(wanted).scalars()]


def us(*day):
    return int(datetime(*day, tzinfo=UTC).timestamp()) * 1_000_000


def lay_in_rest(engine, *times_us):
    """Store measurements as if their partitions had been forgotten."""
    with writing(engine) as conn:
        series = conn.execute(sa.text("SELECT max(id) FROM series")).scalar()
        for time_us in times_us:
            conn.execute(
                sa.text(
                    "INSERT INTO measurement (series_id, time_us, value, upload_id, line, revision,"
                    " span, flag) SELECT :series, :at, 7, max(id), 2, 1, 1440, 1 FROM upload"
                ),
                {"series": series, "at": time_us},
            )


def test_an_upload_finds_its_months_made(engine, upload):
    before = names(engine)
    # The months of partitions are those of UTC: six hours into February in Jakarta it is January.
    sent = upload(
        row("2021-01-31T23:00:00+07:00"),
        row("2021-02-01T06:00:00+07:00"),
        row("2021-02-01T07:00:00+07:00"),
    )

    assert sent.status_code == 201
    assert {*names(engine)} - {*before} == {"measurement_2021_01", "measurement_2021_02"}
    assert where(engine) == ["measurement_2021_01"] * 2 + ["measurement_2021_02"]


def test_old_years_have_one_partition_each(engine, upload):
    upload(
        row("1987-03-01T00:00:00Z"),
        row("1987-11-30T00:00:00Z"),
        row("2009-12-31T23:59:59Z"),
        row("2010-01-01T00:00:00Z"),
    )

    assert where(engine) == ["measurement_1987"] * 2 + ["measurement_2009", "measurement_2010_01"]


def test_the_day_of_an_instant_before_1970_is_found():
    times = pl.Series([us(1969, 12, 31) + 86_399_999_999, us(1950, 1, 1), us(2024, 2, 29)])

    assert sorted(store.partitions.days_of(times)) == [
        date(1950, 1, 1), date(1969, 12, 1), date(2024, 2, 1)
    ]  # fmt: skip


def test_what_lay_without_a_partition_moves_into_its_own(engine, agent, upload):
    upload(row("2021-01-31T12:00:00Z"))
    lay_in_rest(engine, us(2022, 3, 1), us(2022, 3, 31) + 86_399_999_999, us(2022, 4, 1))
    before = agent.get("/v1/measurements").json()["items"]
    assert where(engine)[1:] == ["measurement_rest"] * 3

    upload(row("2022-03-15T00:00:00Z", station="CPM-02"))

    assert where(engine)[1:] == ["measurement_2022_03"] * 3 + ["measurement_rest"]
    after = agent.get("/v1/measurements", params={"station": "CPM-01"}).json()["items"]
    assert after == before


@pytest.fixture
def start_again(postgres_url, serve, signing):
    """Start another process of the same service, which does its jobs at once."""

    def start():
        settings = WaterSettings(database_url=SecretStr(postgres_url))
        serve(service.build(settings, domain_of(settings), keys=signing.keys))

    return start


def eventually_where(engine, expected):
    deadline = time.monotonic() + 15
    while where(engine) != expected:
        assert time.monotonic() < deadline, where(engine)
        time.sleep(0.1)


def test_the_job_moves_what_lay_without_a_partition(engine, agent, upload, start_again):
    upload(row("2021-01-31T12:00:00Z"))
    lay_in_rest(engine, us(1969, 12, 31) + 86_399_999_999, us(2022, 3, 1), us(2022, 4, 1) - 1)
    before = agent.get("/v1/measurements").json()["items"]

    start_again()

    eventually_where(
        engine,
        ["measurement_1969", "measurement_2021_01", "measurement_2022_03", "measurement_2022_03"],
    )
    assert agent.get("/v1/measurements").json()["items"] == before


def test_the_job_waits_for_a_reader_and_lets_others_pass(engine, agent, upload, start_again):
    """As a backup reads: one transaction that has seen every partition and goes on."""
    upload(row("2021-01-31T12:00:00Z"))
    lay_in_rest(engine, us(2022, 3, 1))
    with reading(engine) as conn:
        assert conn.execute(sa.text("SELECT count(*) FROM measurement")).scalar() == 2
        start_again()
        for _ in range(20):
            began = time.monotonic()
            assert len(agent.get("/v1/measurements").json()["items"]) == 2
            assert time.monotonic() - began < 2
            time.sleep(0.05)
        assert conn.execute(sa.text("SELECT count(*) FROM measurement_rest")).scalar() == 1

    eventually_where(engine, ["measurement_2021_01", "measurement_2022_03"])


def test_one_run_of_the_job_fills_so_many_months_newest_first(engine, upload, start_again):
    upload(row("2021-01-31T12:00:00Z"))
    lay_in_rest(engine, *(us(2022, month, 5) for month in range(1, 13)), us(2023, 1, 5))

    start_again()

    later = [f"measurement_2022_{month:02}" for month in range(2, 13)]
    eventually_where(
        engine, ["measurement_2021_01", "measurement_rest", *later, "measurement_2023_01"]
    )


def test_a_correction_reaches_what_lies_without_a_partition(engine, agent, upload):
    upload(row("2021-01-31T12:00:00Z"))
    lay_in_rest(engine, us(2022, 3, 1))

    receipt = upload(row("2022-03-01T00:00:00Z", 8)).json()

    assert (receipt["inserted"], receipt["corrected"]) == (0, 1)
    assert [m["value"] for m in agent.get("/v1/measurements").json()["items"]] == [1, 8]


def test_many_who_need_the_same_month_make_it_once(engine, upload):
    answers = []

    def send(n):
        station = f"CPM-{n % 2 + 1:02}"
        answers.append(upload(row(f"2021-05-01T00:{n:02}:00Z", n, station)).status_code)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [201] * 8
    assert names(engine).count("measurement_2021_05") == 1
    assert where(engine) == ["measurement_2021_05"] * 8


def test_an_upload_may_span_every_year(engine, agent, upload):
    months = [(y, m) for y in range(1950, 2026) for m in (1, 12)]

    receipt = upload(*(row(f"{y}-{m:02}-15T00:00:00Z", n) for n, (y, m) in enumerate(months)))

    assert receipt.json()["inserted"] == len(months)
    assert "measurement_rest" not in where(engine)
    values = [m["value"] for m in agent.get("/v1/measurements").json()["items"]]
    assert values == [*range(len(months))]


def test_a_reader_in_the_middle_holds_no_upload_up_for_long(engine, agent, upload):
    """As a backup reads: one transaction that has seen every partition and goes on."""
    upload(row("2021-01-31T12:00:00Z"))
    with reading(engine) as conn:
        assert conn.execute(sa.text("SELECT count(*) FROM measurement")).scalar() == 1
        began = time.monotonic()
        sent = upload(row("2021-06-01T00:00:00Z"))
        took_s = time.monotonic() - began
        others = agent.get("/v1/measurements").json()["items"]

        assert conn.execute(sa.text("SELECT count(*) FROM measurement")).scalar() == 1
    assert sent.status_code == 201
    assert took_s < 2
    assert len(others) == 2


def test_an_upload_in_the_middle_holds_no_reader_up(engine, agent, upload):
    """A month is being made, not yet committed; whoever reads other months goes on."""
    upload(row("2021-01-31T12:00:00Z"))
    with writing(engine) as conn:
        store.partitions.make(conn, store.partitions.missing(conn, [date(2021, 7, 1)]))
        began = time.monotonic()
        # In UTC, as the partitions are: at the station the day begins in the month before.
        january = {"from": "2021-01-01T00:00:00Z", "to": "2021-02-01T00:00:00Z"}
        answer = agent.get("/v1/measurements", params=january)

        assert time.monotonic() - began < 2
    assert [m["value"] for m in answer.json()["items"]] == [1]
