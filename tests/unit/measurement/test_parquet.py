"""Parquet: typed columns come out as the text that was meant, and claims are added up first."""

from __future__ import annotations

import io
import random
from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.measurement import uploads

PARQUET = "application/vnd.apache.parquet"
FRAME = pl.DataFrame(
    {
        "station": ["A", "B"],
        "parameter": ["bod", "bod"],
        "time": ["2026-01-05T10:00:00+07:00"] * 2,
        "value": [6.5, None],
        "unit": ["mg/L", "mg/L"],
    }
)


def written(frame, **how):
    out = io.BytesIO()
    frame.write_parquet(out, **how)
    return out.getvalue()


def read(content, **declared):
    declaration = uploads.Declaration(**declared)
    return list(uploads.read(io.BytesIO(content), PARQUET, declaration))


def refusal(content, **declared):
    with pytest.raises(uploads.FileRefused) as refused:
        read(content, **declared)
    return refused.value


def test_rows_are_counted_from_one():
    (table,) = read(written(FRAME))

    assert table.cells.select("line", "station", "value").rows() == [
        (1, "A", "6.5"),
        (2, "B", None),
    ]
    assert table.raws(pl.Series([2])).rows() == [(2, "B,bod,2026-01-05T10:00:00+07:00,,mg/L")]


NOON = datetime(2026, 1, 5, 12)  # noqa: DTZ001  a column without a zone


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pl.Series([NOON, None]), "2026-01-05T12:00:00"),
        (pl.Series([NOON, None]).dt.replace_time_zone("Asia/Jakarta"), "2026-01-05T12:00:00+07:00"),
        (pl.Series([NOON, None]).dt.replace_time_zone("UTC"), "2026-01-05T12:00:00+00:00"),
        (pl.Series([NOON, None], dtype=pl.Datetime("ns")) + pl.duration(nanoseconds=7),
         "2026-01-05T12:00:00.000000007"),
        (pl.Series([NOON, None]) + pl.duration(milliseconds=250), "2026-01-05T12:00:00.250"),
        (pl.Series([date(2026, 1, 5), None]), "2026-01-05"),
        (pl.Series(["x", None], dtype=pl.Categorical), "x"),
        (pl.Series([True, None]), "true"),
        (pl.Series([7, None], dtype=pl.UInt8), "7"),
        (pl.Series([0.1, None], dtype=pl.Float32), "0.1"),
        (pl.Series(["1.10", None]).cast(pl.Decimal(10, 2)), "1.10"),
    ],
)  # fmt: skip
def test_types_become_text(column, text):
    values = FRAME.with_columns(time=pl.Series([NOON, None])).select(time=column)["time"]
    frame = FRAME.with_columns(values)
    (table,) = read(written(frame))

    assert table.cells["time"].to_list() == [text, None]


def test_what_is_declared_holds_for_types_too():
    frame = FRAME.with_columns(time=pl.Series([NOON, None]))
    (table,) = read(written(frame), decimal="comma", dates="dmy")

    assert table.cells.select("time", "value").row(0) == ("05/01/2026T12:00:00", "6,5")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_every_number_survives(numbers):
    frame = pl.DataFrame({"value": numbers}).join(FRAME.head(1).drop("value"), how="cross")
    (table,) = read(written(frame))

    assert [float(text) for text in table.cells["value"]] == numbers


@pytest.mark.parametrize("column", [pl.Series([[1], [2]]), pl.Series([{"a": 1}] * 2),
                                    pl.Series([b"a", b"b"])])  # fmt: skip
def test_nested_columns_are_refused_by_name(column):
    refused = refusal(written(FRAME.with_columns(value=column)))

    assert (refused.code, refused.column) == ("column-type", "value")


def test_row_groups_come_in_chunks():
    frame = pl.concat([FRAME] * 125_000)
    tables = read(written(frame, row_group_size=30_000))

    lines = pl.concat([table.cells["line"] for table in tables])
    assert lines.equals(pl.Series("line", range(1, 250_001)))
    assert max(table.height for table in tables) <= uploads.CHUNK_ROWS


def test_limits_hold_before_anything_is_unpacked():
    many = written(pl.concat([FRAME] * 50_000))
    long = written(FRAME.with_columns(unit=pl.lit("x" * 4_000_000)), statistics=False)

    assert refusal(many, rows=99_999).code == "too-many-rows"
    assert refusal(long, decoded_bytes=3_000_000).code == "too-large-unpacked"


def test_what_is_no_parquet_is_refused():
    content = written(FRAME)
    rng = random.Random(1)
    for _ in range(150):
        broken = bytearray(content[: rng.randrange(4, len(content) + 1)] or content)
        for _ in range(3):
            broken[rng.randrange(4, len(broken))] = rng.randrange(256)
        try:
            read(bytes(broken))
        except uploads.FileRefused as refused:
            assert refused.code  # noqa: PT017  a refusal is as good as a table

    assert refusal(b"PAR1").code == "not-parquet"
    assert refusal(b"").code == "empty-file"


@given(st.floats(min_value=1e-90, max_value=1e90))
@settings(max_examples=50, deadline=None)
def test_any_double_reads_back_the_same(check, number):
    frame = FRAME.head(1).with_columns(value=pl.lit(number))

    part = check(written(frame), PARQUET)

    assert part.errors["code"].to_list() == []
    assert part.good["value"].to_list() == [number]


@pytest.mark.parametrize(
    "value",
    [
        pl.lit("0.30000000000000004"),
        pl.lit("12345678901.2345678").str.to_decimal(scale=7),
        pl.lit(12345678901234567),
    ],
)
def test_what_is_no_double_has_no_more_digits_than_survive(check, value):
    part = check(written(FRAME.head(1).with_columns(value=value)), PARQUET)

    assert part.errors["code"].to_list() == ["too-many-digits"]
