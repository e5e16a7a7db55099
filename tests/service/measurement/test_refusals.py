"""Requests that cannot be understood are refused with their place, and never break the service."""

from __future__ import annotations

import csv
import io

import pytest

HEADER = "station,parameter,time,value,unit\n"
GOOD = "CPM-01,bod,2026-01-05T10:00:00+07:00,6.5,mg/L\n"
ROW = {"station": "CPM-01", "parameter": "bod", "time": "2026-01-05T10:00:00Z", "value": 6.5,
       "unit": "mg/L"}  # fmt: skip


@pytest.mark.parametrize("path", ["measurements", "rollups", "indicators", "indices"])
@pytest.mark.parametrize("text", ["x", "2023-02-30", "'; DROP TABLE station; --", "9999-99"])
def test_a_period_that_cannot_be_read_is_a_bad_query(agent, path, text):
    answer = agent.get(f"/v1/{path}", params={"from": text})

    assert (answer.status_code, answer.json()["errors"][0]["place"]) == (400, "query.from")


@pytest.mark.parametrize("zone", ["Mars/X", "../../etc/passwd", "", "Asia", "\x00"])
def test_an_unknown_zone_is_a_bad_query(upload, zone):
    assert upload(GOOD.strip(), timezone=zone).status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        "2023-01-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1700000000",
        "0.5",
        "20230101T000000Z",
    ],
)
def test_an_as_of_that_is_no_instant_is_a_bad_query(agent, text):
    answer = agent.get("/v1/measurements", params={"as_of": text})

    assert (answer.status_code, answer.json()["errors"][0]["place"]) == (400, "query.as_of")


@pytest.mark.parametrize("query", ["al-or-nothing=1", "mode=all-or-nothing&mode=accept-valid"])
def test_a_mistyped_declaration_is_not_passed_over(agent, query):
    answer = agent.post(
        f"/v1/uploads?{query}", content=HEADER + GOOD, headers={"Content-Type": "text/csv"}
    )

    assert answer.status_code == 400
    assert agent.get("/v1/measurements").json()["items"] == []


def test_another_charset_is_not_read_as_utf8(agent):
    headers = {"Content-Type": "text/csv; charset=utf-16"}

    assert agent.post("/v1/uploads", content=HEADER + GOOD, headers=headers).status_code == 415


def test_an_odd_json_row_does_not_lose_its_neighbours(agent):
    rows = [ROW, 7, ROW | {"bogus": 1, "time": "2026-01-06T10:00:00Z"}]
    receipt = agent.post("/v1/uploads", json={"measurements": rows}).json()

    assert (receipt["received"], receipt["inserted"], receipt["rejected"]) == (3, 1, 2)
    refused = agent.get(receipt["rejections"]).json()["items"]
    assert [(r["line"], r["code"]) for r in refused] == [(2, "not-json"), (3, "unknown-column")]


@pytest.mark.parametrize("cursor", ["CPM-01", "eyJjIjoiXHVkODAwIn0"])
@pytest.mark.parametrize("path", ["stations", "measurements", "rollups", "indicators", "indices"])
def test_a_cursor_of_nobody_is_refused(agent, path, cursor):
    answer = agent.get(f"/v1/{path}", params={"cursor": cursor})

    assert (answer.status_code, answer.json()["type"]) == (400, "urn:kembar:problem:bad-cursor")


def test_every_refused_row_is_in_the_table_to_mend(agent):
    rows = "".join(f"CPM-01,bod,yesterday {n},6.5,mg/L\n" for n in range(2500))
    receipt = agent.post(
        "/v1/uploads", content=HEADER + rows + GOOD, headers={"Content-Type": "text/csv"}
    ).json()

    answer = agent.get(receipt["rejections"], params={"format": "csv"})
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert [int(row["line"]) for row in table] == list(range(2, 2502))
    assert {row["code"] for row in table} == {"time-unreadable"}
    again = agent.get(
        receipt["rejections"],
        params={"format": "csv"},
        headers={"If-None-Match": answer.headers["etag"]},
    )
    assert again.status_code == 304


def test_a_file_without_a_row_is_said_to_be_unreadable(agent):
    for content in (b"", b"\x89PNG\r\n\x1a\n", b"place,when\n1,2\n"):
        answer = agent.post(
            "/v1/uploads", content=content, headers={"Content-Type": "text/csv"}
        ).json()
        assert answer["type"] == "urn:kembar:problem:file-unreadable"
        assert answer["errors"][0]["fix"]
