"""A file may hold more series than a statement takes values."""

from __future__ import annotations

import polars as pl
import pytest

from kembar_shared.chassis.database import connect, writing
from kembar_shared.measurement.store import newest, series

MANY = 66_000


@pytest.fixture
def engine(database_url):
    engine = connect(database_url, timeout_s=60)
    yield engine
    engine.dispose()


def test_more_series_are_held_than_a_statement_takes_values(engine):
    with writing(engine) as conn:
        series.hold(conn, list(range(MANY)))


def test_the_newest_values_of_more_series_are_found_anew(engine):
    numbers = pl.int_range(MANY, dtype=pl.Int32, eager=True)
    spans = pl.DataFrame({"series_id": numbers, "last_us": pl.repeat(-1, MANY, eager=True)})

    with writing(engine) as conn:
        newest.renew(conn, spans)
        assert conn.exec_driver_sql("SELECT count(*) FROM latest").scalar_one() == 0
