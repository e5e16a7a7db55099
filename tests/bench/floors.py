"""The least that storing a file can cost: read and check it, and put its rows under a unique key.

No HTTP, no identity, no receipt, no sums, no history. What a floor is not charged for: sorting
out repeated rows, and packing columns into the form that the database's driver takes.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import numpy as np
import polars as pl
import psycopg

from tests.bench.workload import COLUMNS, PARAMETERS, Network

_SQLITE = """
pragma journal_mode=wal; pragma synchronous=full; pragma cache_size=-262144;
create table floor(station int, parameter int, time int, value real, qualifier int,
    primary key(station, parameter, time)) without rowid;
"""
_POSTGRESQL = """
create table floor(station int not null, parameter smallint not null, time timestamptz not null,
    value double precision not null, qualifier smallint, primary key(station, parameter, time))
"""
_EPOCH_2000_US = 946_684_800_000_000
_ROW = np.dtype(
    [
        ("columns", ">i2"),
        ("station_n", ">i4"), ("station", ">i4"),
        ("parameter_n", ">i4"), ("parameter", ">i2"),
        ("us_n", ">i4"), ("us", ">i8"),
        ("value_n", ">i4"), ("value", ">f8"),
        ("qualifier_n", ">i4"), ("qualifier", ">i2"),
    ]
)  # fmt: skip


def read(content: bytes, network: Network) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the good rows as numbers, and the refused ones with their line and what failed."""
    text = pl.read_csv(content, columns=list(COLUMNS), infer_schema=False).with_row_index("line", 2)
    stations = {code: i for i, code in enumerate(network.codes)}
    units = {f"{code},{unit}": i for i, (code, unit, *_) in enumerate(PARAMETERS)}
    measured = pl.concat_str("parameter", pl.lit(","), "unit")
    instant = pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%S%:z", time_unit="us", strict=False)
    rows = text.with_columns(
        station_id=pl.col("station").replace_strict(stations, default=None, return_dtype=pl.Int32),
        parameter_id=measured.replace_strict(units, default=None, return_dtype=pl.Int16),
        us=instant.dt.timestamp("us"),
        number=pl.col("value").cast(pl.Float64, strict=False),
    )
    failed = pl.coalesce(
        pl.when(pl.col("station_id").is_null()).then(pl.lit("station")),
        pl.when(pl.col("parameter_id").is_null()).then(pl.lit("parameter or unit")),
        pl.when(pl.col("us").is_null()).then(pl.lit("time")),
        pl.when(~pl.col("number").is_finite().fill_null(value=False)).then(pl.lit("value")),
    )
    rows = rows.with_columns(failed=failed)
    good = rows.filter(pl.col("failed").is_null())
    return good.select("station_id", "parameter_id", "us", value="number"), rows.filter(
        pl.col("failed").is_not_null()
    )


def sqlite(content: bytes, network: Network, folder: Path, distinct: int) -> float:
    """Read *content* and insert it into a natural key, durably; return the seconds it took."""
    file = folder / "floor.sqlite"
    conn = sqlite3.connect(file, isolation_level=None)
    try:
        conn.executescript(_SQLITE)
        began = time.perf_counter()
        good, _ = read(content, network)
        read_s = time.perf_counter() - began
        columns = [series.to_list() for series in _once(good)]
        began = time.perf_counter()
        conn.execute("begin immediate")
        conn.executemany("insert into floor values (?, ?, ?, ?, 1)", zip(*columns, strict=True))
        conn.execute("commit")
        took_s = read_s + time.perf_counter() - began
        (count,) = conn.execute("select count(*) from floor").fetchone()
        assert count == distinct, count
    finally:
        conn.close()
        file.unlink()
    return took_s


def postgresql(content: bytes, network: Network, url: str, distinct: int) -> float:
    """Read *content* and COPY it into a unique key, durably; return the seconds it took."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("drop table if exists floor")
        conn.execute(_POSTGRESQL)
        conn.execute("checkpoint")
        began = time.perf_counter()
        good, _ = read(content, network)
        read_s = time.perf_counter() - began
        packed = memoryview(_packed(_once(good)))
        began = time.perf_counter()
        with conn.cursor() as cursor, cursor.copy("copy floor from stdin (format binary)") as copy:
            for at in range(0, len(packed), 1 << 20):
                copy.write(packed[at : at + (1 << 20)])
        took_s = read_s + time.perf_counter() - began
        row = conn.execute("select count(*) from floor").fetchone()
        assert row == (distinct,), row
        conn.execute("drop table floor")
    return took_s


def _once(good: pl.DataFrame) -> pl.DataFrame:
    return good.unique(["station_id", "parameter_id", "us"], keep="first", maintain_order=True)


def _packed(rows: pl.DataFrame) -> bytes:
    packed = np.empty(rows.height, _ROW)
    packed["columns"] = 5
    for name, size in (("station", 4), ("parameter", 2), ("us", 8), ("value", 8)):
        packed[f"{name}_n"] = size
    packed["qualifier_n"] = 2
    packed["qualifier"] = 1
    packed["station"] = rows["station_id"]
    packed["parameter"] = rows["parameter_id"]
    packed["us"] = rows["us"].to_numpy() - _EPOCH_2000_US
    packed["value"] = rows["value"]
    return b"PGCOPY\n\xff\r\n\0" + bytes(8) + packed.tobytes() + b"\xff\xff"
