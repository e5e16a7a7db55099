"""Measurements as files, on each database."""

# ruff: noqa: ARG001, RUF001  fixtures by name, cells to the letter

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from kembar_shared.measurement import exports

HEADER = "station,parameter,time,value,unit,qualifier,limit,note,method,depth_m\n"
ROWS = [
    "CPM-01,bod,2026-01-05T10:00:00+07:00,6.5,mg/L,,,=1+1,,0.5",
    "CPM-01,bod,2026-01-05T11:00:00+07:00,<0.01,mg/L,,,＝cmd,,",
    "CPM-01,bod,2026-01-05T11:00:00.250+07:00,7,mg/L,,,-12.5,@x,",
    "CPM-02,cod,2026-01-05T10:00:00+07:00,1500,µg/L,,,,,",
]


@pytest.fixture
def stored(agent):
    body = (HEADER + "\n".join(ROWS) + "\n").encode()
    answer = agent.post("/v1/uploads", content=body, headers={"Content-Type": "text/csv"})
    assert answer.json()["inserted"] == 4


def read_csv(answer):
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_table_says_what_the_list_says(agent, stored):
    listed = agent.get("/v1/measurements").json()["items"]
    for answer in (
        agent.get("/v1/measurements", params={"format": "csv"}),
        agent.get("/v1/measurements", headers={"Accept": "text/csv"}),
    ):
        table = read_csv(answer)
        assert len(table) == len(listed)
        for row, item in zip(table, listed, strict=True):
            assert {row["station"], row["parameter"]} == {item["station"], item["parameter"]}
            assert float(row["value"] or "nan") == pytest.approx(
                float("nan") if item["value"] is None else item["value"], nan_ok=True
            )
            assert row["utc_offset"] == "UTC" + item["utc_offset"]
            assert row["upload"] == item["upload"]
            assert int(row["line"]) == item["line"]


def test_a_judgement_late_in_a_table_is_told(agent, water):
    rows = (
        f"CPM-01,bod,2026-01-0{n // 24 + 1}T{n % 24:02}:00:00+07:00,6.5,mg/L" for n in range(168)
    )
    body = "station,parameter,time,value,unit\n" + "\n".join(rows) + "\n"
    agent.post("/v1/uploads", content=body.encode(), headers={"Content-Type": "text/csv"})
    with water("measurements:review", "measurements:read", sub="r", client_id="r") as reviewer:
        judged = {"flag": 4, "reason": "Dry.", "stations": ["CPM-01"], "from": "2026-01-07"}
        assert reviewer.post("/v1/reviews", json=judged).status_code == 201

    listed = agent.get("/v1/measurements", params={"limit": 1000}).json()["items"]
    table = read_csv(agent.get("/v1/measurements", params={"format": "csv"}))

    assert [row["flag"] for row in table] == [str(item["flag"]) for item in listed]
    assert len(table) == 168
    assert "4" in {row["flag"] for row in table[120:]}


def test_no_cell_is_a_formula_and_numbers_stay_numbers(agent, stored):
    table = read_csv(agent.get("/v1/measurements", params={"format": "csv"}))

    assert [row["note"] for row in table] == ["'=1+1", "'＝cmd", "-12.5", ""]
    assert table[2]["method"] == "'@x"
    assert (table[3]["value"], table[3]["sent_value"], table[3]["sent_unit"]) == (
        "1.5", "1500", "µg/L",
    )  # fmt: skip


def test_parquet_is_typed(agent, stored):
    answer = agent.get("/v1/measurements", params={"format": "parquet"})

    frame = pl.read_parquet(answer.content)
    assert frame.schema == exports.SCHEMA
    assert frame["value"].to_list() == [6.5, None, 7.0, 1.5]
    assert frame["limit"].to_list()[1] == 0.01
    assert frame["time_local"][0].startswith("2026-01-05T10:00:00")
    assert frame["depth_m"].to_list() == [0.5, None, None, None]


def test_a_file_of_nothing_has_its_columns(agent):
    assert agent.get("/v1/measurements", params={"format": "csv"}).text.startswith("station,")
    frame = pl.read_parquet(agent.get("/v1/measurements", params={"format": "parquet"}).content)
    assert frame.height == 0
    assert frame.columns == exports.SCHEMA.names()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_of_several_parts_holds_everything_once_and_is_not_sent_again(agent, upload, kind):
    count, start = 2 * exports.PART + 5, datetime(2026, 1, 1, tzinfo=UTC)
    lines = [
        f"CPM-0{1 + n % 2},bod,{start + timedelta(minutes=n):%FT%TZ},{n},mg/L,,"
        for n in range(count)
    ]
    assert upload(*lines).json()["inserted"] == count
    answer = agent.get("/v1/measurements", params={"format": kind})
    frame = pl.read_csv(answer.content) if kind == "csv" else pl.read_parquet(answer.content)

    def ask_again():
        known = {"If-None-Match": answer.headers["etag"]}
        return agent.get("/v1/measurements", params={"format": kind}, headers=known)

    assert sorted(frame["value"].to_list()) == [float(n) for n in range(count)]
    assert ask_again().status_code == 304
    upload(lines[0].replace(",0,", ",0.5,"))
    assert ask_again().status_code == 200


def test_a_misspelt_filter_is_refused_not_passed_over(agent, stored):
    for path in ("measurements", "rollups", "indices", "indicators", "stations", "changes"):
        answer = agent.get(f"/v1/{path}", params={"statoin": "CPM-01"})
        assert answer.status_code == 400, path
        assert answer.json()["type"] == "urn:kembar:problem:bad-query"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_no_database_takes_is_refused_before_a_file_begins(agent, stored, kind):
    """PostgreSQL stores no U+0000 and does not let it be asked for either."""
    asked = [{"material": "\0"}, {"station": "\0"}, {"source": "a\0b"}]
    answers = [agent.get("/v1/measurements", params={"format": kind, **each}) for each in asked]

    for answer in answers:
        assert answer.status_code in {200, 400}
        assert answer.status_code == 400 or len(answer.content) > 0
