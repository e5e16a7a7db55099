"""Reading through the front door, on each database: filters, cursors, tags, exports."""

# ruff: noqa: ARG001, RUF001  fixtures by name, cells to the letter

from __future__ import annotations

import base64
import csv
import io
import json

import pytest

from tests.service.measurement.conftest import HEADER, STATION

GOOD = "CPM-01,bod,2026-01-05T10:00:00+07:00,6.5,mg/L,,"
LISTS = (
    "/v1/measurements",
    "/v1/measurements/latest",
    "/v1/rollups",
    "/v1/indicators",
    "/v1/indices",
)
ENDS = ("from", "to", "limit", "cursor")
FILTERS = {
    "/v1/measurements": ("station", "parameter", "material", "source", "as_of", "flag", *ENDS),
    "/v1/measurements/latest": ("station", "parameter", "limit", "cursor"),
    "/v1/rollups": ("station", "parameter", "period", *ENDS),
    "/v1/indicators": ENDS,
    "/v1/indices": ("station", "index", *ENDS),
}
INJECTIONS = (
    "'",
    '"',
    "' OR 1=1 --",
    "'; DROP TABLE station; --",
    "1; SELECT pg_sleep(9)",
    "%",
    "_",
    "\\",
    "\x00",
    "a\x00b",
    "\ufeff",
    "\U0001f600",
    "../../etc/passwd",
    "{{7*7}}",
    "${x}",
    "%s%n",
    "-1",
    "0",
    "1e9",
    "NaN",
    "9" * 40,
    "x" * 2000,
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31",
    "0001-01-01",
    "0000",
    "2026-02-30",
    "2026-01-05T10:00:00",
    "Infinity",
    "[]",
    "null",
)


def cursor_of(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def times(agent, **query):
    return [m["time"] for m in agent.get("/v1/measurements", params=query).json()["items"]]


@pytest.fixture
def stored(upload):
    rows = [
        f"CPM-0{s},{p},2026-01-0{d}T00:00:00Z,{d},mg/L,,"
        for s in (1, 2)
        for p in ("bod", "cod")
        for d in (4, 5, 6)
    ]
    assert upload(*rows).json()["inserted"] == 12


def test_filters_narrow(agent, stored):
    def count(**query):
        return len(times(agent, **query))

    assert count() == 12
    assert count(station="CPM-01") == 6
    assert count(station=["CPM-01", "CPM-02"], parameter="bod") == 6
    assert count(station="nowhere") == 0
    assert count(flag=9) == 0
    ends = {"from": "2026-01-05T00:00:00Z", "to": "2026-01-06T00:00:00Z"}
    assert times(agent, station="CPM-01", parameter="bod", **ends) == ["2026-01-05T00:00:00Z"]
    assert count(**{"from": "2026-01-05T07:00:00+07:00", "to": "2026-01-05T00:00:01Z"}) == 4


@pytest.fixture
def two_calendars(water, agent):
    """Store an hourly value at Bandung and at Kawasaki for the days around 6 January, UTC."""
    kawasaki = STATION | {"code": "KWS-01", "timezone": "Asia/Tokyo"}
    with water("stations:write") as operator:
        assert operator.post("/v1/stations", json=kawasaki).status_code == 201
    rows = [
        f"{station},bod,2026-01-0{day}T{hour:02}:00:00Z,{hour},mg/L,,"
        for station in ("CPM-01", "KWS-01")
        for day in (4, 5, 6)
        for hour in range(24)
    ]
    body = HEADER + "\n".join(rows) + "\n"
    kind = {"Content-Type": "text/csv"}
    assert agent.post("/v1/uploads", content=body, headers=kind).json()["inserted"] == 144


@pytest.mark.parametrize(
    ("ends", "jakarta", "tokyo"),
    [
        (("2026-01-05", "2026-01-06"), ("01-04T17", "01-05T16"), ("01-04T15", "01-05T14")),
        (("2026-01-06", None), ("01-05T17", "01-06T23"), ("01-05T15", "01-06T23")),
        ((None, "2026-01-05"), ("01-04T00", "01-04T16"), ("01-04T00", "01-04T14")),
        (
            ("2026-01-05", "2026-01-05T00:00:00Z"),
            ("01-04T17", "01-04T23"), ("01-04T15", "01-04T23"),
        ),
        (("2026-01", "2026-02"), ("01-04T00", "01-06T23"), ("01-04T00", "01-06T23")),
    ],
)  # fmt: skip
def test_a_day_is_that_of_each_stations_calendar(agent, two_calendars, ends, jakarta, tokyo):
    query = {name: end for name, end in zip(("from", "to"), ends, strict=True) if end}
    expected = {"CPM-01": jakarta, "KWS-01": tokyo}

    found = agent.get("/v1/measurements", params=query).json()["items"]
    answer = agent.get("/v1/measurements", params=query | {"format": "csv"})
    table = list(csv.DictReader(io.StringIO(answer.text)))
    for items in (found, table):
        hours = {code: [m["time"] for m in items if m["station"] == code] for code in expected}
        outermost = {code: (each[0][5:13], each[-1][5:13]) for code, each in hours.items()}
        assert outermost == expected
    alone = [
        m
        for code in expected
        for m in agent.get("/v1/measurements", params=query | {"station": code}).json()["items"]
    ]
    assert found == alone
    pages, cursor = [], None
    while True:
        asked = query | {"limit": 7} | ({"cursor": cursor} if cursor else {})
        page = agent.get("/v1/measurements", params=asked).json()
        pages += page["items"]
        if (cursor := page["next"]) is None:
            break
    assert pages == found


def test_a_day_of_measurements_is_a_day_of_sums(agent, two_calendars):
    query = {"from": "2026-01-05", "to": "2026-01-06"}

    sums = agent.get("/v1/rollups", params=query).json()["items"]
    rows = agent.get("/v1/measurements", params=query).json()["items"]
    assert {s["station"]: (s["n"], s["sum"]) for s in sums} == {
        code: (24, sum(m["value"] for m in rows if m["station"] == code))
        for code in ("CPM-01", "KWS-01")
    }


def test_a_day_that_is_judged_is_that_of_each_stations_calendar(agent, water, two_calendars):
    judged = {"flag": 4, "reason": "Dry.", "from": "2026-01-05", "to": "2026-01-06"}
    with water("measurements:review", sub="r", client_id="r") as reviewer:
        answer = reviewer.post("/v1/reviews", json=judged)

    assert (answer.status_code, answer.json()["judged"]) == (201, 48)
    assert answer.json()["selection"]["from_day"] == "2026-01-05"
    days = agent.get("/v1/rollups").json()["items"]
    assert {(d["station"], d["period"]): d["n"] for d in days if d["period"] == "2026-01-05"} == {}


def test_pages_of_one_walk_everything_once(agent, stored):
    for path in ("/v1/measurements", "/v1/measurements/latest", "/v1/indices", "/v1/indicators"):
        whole = agent.get(path).json()["items"]
        walked, cursor = [], None
        while True:
            query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
            answer = agent.get(path, params=query).json()
            walked += answer["items"]
            if (cursor := answer["next"]) is None:
                break
        assert walked == whole


@pytest.mark.parametrize("path", LISTS)
def test_no_filter_takes_statements(agent, stored, path):
    whole = len(agent.get(path).json()["items"])
    for name in FILTERS[path]:
        for text in INJECTIONS:
            answer = agent.get(path, params={name: text})
            assert answer.status_code < 500, (name, text, answer.text)
            if answer.status_code == 200:
                assert len(answer.json()["items"]) <= whole


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "forged",
    [
        "x",
        "!!",
        "é",
        cursor_of([]),
        cursor_of(7),
        cursor_of(None),
        cursor_of({}),
        cursor_of({"s": "1", "t": 1}),
        cursor_of({"s": 1.5, "t": 1, "b": 1, "n": 1.5}),
        cursor_of({"s": True, "t": 1, "b": 1, "n": True}),
        cursor_of({"s": 2**70, "t": 1, "b": 1, "n": 2**70}),
        "x" * 400,
    ],
)
def test_a_forged_cursor_is_refused(agent, path, forged):
    answer = agent.get(path, params={"cursor": forged})

    assert answer.status_code == 400
    assert answer.json()["type"].endswith("bad-cursor")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("number", [-1, -(2**61), 2**61, 2**33])
def test_a_cursor_to_nowhere_is_harmless(agent, stored, path, number):
    forged = cursor_of(dict.fromkeys(("s", "t", "b", "n"), number))

    assert agent.get(path, params={"cursor": forged, "limit": 2}).status_code in {200, 400}


def test_what_did_not_change_is_not_sent_again(agent, stored, upload):
    paths = (*LISTS, "/v1/stations", "/v1/stations/CPM-01", "/v1/parameters", "/v1/standards")
    tags = {path: agent.get(path).headers["ETag"] for path in paths}
    for path, tag in tags.items():
        assert agent.get(path, headers={"If-None-Match": tag}).status_code == 304
    upload(GOOD)

    changed = agent.get("/v1/measurements", headers={"If-None-Match": tags["/v1/measurements"]})
    assert changed.status_code == 200


def test_what_was_known_then_is_asked_in_any_offset(agent, upload):
    known = upload(GOOD).json()["received_at"]
    upload(GOOD.replace("6.5", "7.5"))

    (then,) = agent.get("/v1/measurements", params={"as_of": known.replace("Z", "+00:00")}).json()[
        "items"
    ]
    assert (then["value"], then["revision"]) == (6.5, 1)
    assert (
        agent.get("/v1/measurements", params={"as_of": "2020-01-01T00:00:00+09:00"}).json()["items"]
        == []
    )
    assert agent.get("/v1/measurements", params={"as_of": "2026-01-01T00:00:00"}).status_code == 400


def test_a_receipt_reads_as_it_was_sent(agent, upload):
    receipt = upload(GOOD, "XX" + GOOD).json()

    read = agent.get(f"/v1/uploads/{receipt['id']}").json()
    assert {name: read[name] for name in read} == {name: receipt[name] for name in read}
    assert agent.get("/v1/uploads/nothing").status_code == 404
    assert agent.get("/v1/uploads/nothing/rejections").status_code == 404


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t=", "\r="])
def test_an_exported_cell_is_no_formula(agent, start):
    evil = f"{start}cmd|' /C calc'!A0"
    row = {
        "station": evil,
        "parameter": evil,
        "time": evil,
        "value": evil,
        "unit": evil,
        "note": evil,
    }
    answer = agent.post("/v1/uploads", json={"measurements": [row]})
    text = agent.get(answer.json()["receipt"]["rejections"], params={"format": "csv"}).text

    cells = [cell for line in csv.reader(io.StringIO(text, newline="")) for cell in line]
    assert len(cells) > 14
    assert not [
        c
        for c in cells
        if c.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    ]


def test_an_exported_number_stays_a_number(agent, upload):
    receipt = upload(GOOD, GOOD.replace("6.5", "-999")).json()
    text = agent.get(receipt["rejections"], params={"format": "csv"}).text

    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["value"], row["line"]) == ("-999", "3")


@pytest.mark.parametrize(
    "note",
    [
        "",
        " ",
        'quo"te',
        '"',
        '""',
        "comma, semicolon;",
        "line\nend",
        "return\rend",
        "back\\slash",
        "\\.",
        "\\N",
        "NULL",
        "null",
        "\ttab\t.",
        "日本語",
        "\U0001f600",
        "' OR 1=1",
        "{x}",
        "%s",
    ],
)
def test_text_is_kept_to_the_letter(agent, note):
    row = {
        "station": "CPM-01",
        "parameter": "bod",
        "time": "2026-01-05T10:00:00Z",
        "value": 1.5,
        "unit": "mg/L",
        "note": note,
        "method": note,
    }
    answer = agent.post("/v1/uploads", json={"measurements": [row]})

    assert answer.status_code == 201
    (kept,) = agent.get("/v1/measurements").json()["items"]
    assert kept["note"] == kept["method"] == (note.strip() or None)


@pytest.mark.parametrize(
    "zone", ["Factory", "localtime", "posix/Asia/Jakarta", "Asia", "../UTC", "WIB", "\x00", ""]
)
def test_a_zone_that_is_none_is_refused(upload, zone):
    assert upload(GOOD, timezone=zone).status_code == 400


@pytest.mark.parametrize(
    "value", ["1e-7", "123456789012345", "0.1", "1e22", "0.000123456789012345", "1.5e-99"]
)
def test_a_value_is_read_back_as_sent(agent, upload, value):
    upload(GOOD.replace("6.5", value))

    (kept,) = agent.get("/v1/measurements").json()["items"]
    assert kept["value"] == float(value)


def test_what_a_station_is_stands_beside_everything_it_says(agent, upload):
    upload(
        *(
            f"CPM-01,{parameter},2026-01-05T10:00:00+07:00,{value},{unit},,"
            for parameter, value, unit in (
                ("bod", 2, "mg/L"), ("cod", 9, "mg/L"), ("tss", 20, "mg/L"), ("ph", 7, "pH"),
            )
        )
    )  # fmt: skip

    for path in ("measurements", "measurements/latest", "rollups", "indices", "indicators"):
        items = agent.get(f"/v1/{path}").json()["items"]
        assert items, path
        assert {item["origin"] for item in items} == {"synthetic"}, path
