"""Days, months and years through the front door, on each database."""

# ruff: noqa: ARG001  fixtures by name, cells to the letter

from __future__ import annotations

import math
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from statistics import fmean

import pytest

from kembar_shared.measurement.periods import Period
from kembar_shared.measurement.vocabulary import Grain

GRAINS = {"day": 10, "month": 7, "year": 4}


@pytest.fixture
def stations(water):
    """Register a station at +07:00, one at +09:00 and one where clocks are changed."""
    from tests.service.measurement.conftest import STATION  # noqa: PLC0415

    with water("stations:write") as operator:
        for code, zone in (
            ("W", "Asia/Jakarta"),
            ("E", "Asia/Tokyo"),
            ("L", "America/Los_Angeles"),
        ):
            operator.post("/v1/stations", json=STATION | {"code": code, "timezone": zone})


def rollups(agent, period, **query):
    answer = agent.get("/v1/rollups", params={"period": period, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


@pytest.mark.parametrize(
    ("station", "instant", "day"),
    [
        ("W", "2025-12-31T16:59:59Z", "2025-12-31"),
        ("W", "2025-12-31T16:59:59.999999Z", "2025-12-31"),
        ("W", "2025-12-31T17:00:00Z", "2026-01-01"),
        ("E", "2025-12-31T14:59:59Z", "2025-12-31"),
        ("E", "2025-12-31T15:00:00Z", "2026-01-01"),
        ("W", "2024-02-28T17:00:00Z", "2024-02-29"),
        ("W", "2024-02-29T17:00:00Z", "2024-03-01"),
        ("E", "2024-02-29T14:59:59Z", "2024-02-29"),
        ("L", "2025-03-10T06:59:59Z", "2025-03-09"),
        ("L", "2025-11-03T07:59:59Z", "2025-11-02"),
    ],
)
def test_a_day_is_the_stations(agent, stations, upload, station, instant, day):
    upload(f"{station},bod,{instant},1,mg/L,,")

    for period, length in GRAINS.items():
        (answer,) = rollups(agent, period)
        assert (answer["period"], answer["n"]) == (day[:length], 1)


def test_a_month_with_too_few_values_gives_no_number(agent, water):
    """A year of monthly samples is due twelve of them."""
    months = [f"CPM-01,bod,2025-{m:02}-05T10:00:00+07:00,{m},mg/L,," for m in range(1, 13)]
    header = "station,parameter,time,value,unit,qualifier,limit\n"

    def send(rows):
        agent.post(
            "/v1/uploads", content=header + "\n".join(rows), headers={"Content-Type": "text/csv"}
        )
        (answer,) = rollups(agent, "year")
        return answer

    few, enough = send(months[:8]), send(months[8:9])
    assert (few["n"], few["expected"], few["state"]) == (8, 12, "insufficient")
    assert [few[name] for name in ("mean", "min", "max", "sum")] == [None] * 4
    assert (enough["state"], enough["mean"], enough["sum"]) == ("ok", 5.0, 45.0)


def test_a_yearly_total_appears_in_the_year_only(agent):
    header = "station,parameter,time,value,unit,period\n"
    row = "CPM-01,bod,2025-01-01T00:00:00+07:00,5,mg/L,P1Y\n"
    csv = {"Content-Type": "text/csv"}
    agent.post("/v1/uploads", content=header + row, headers=csv)
    yearly = [len(rollups(agent, period)) for period in GRAINS]
    agent.post("/v1/uploads", content=header + row.replace("P1Y", "P1M"), headers=csv)
    monthly = [len(rollups(agent, period)) for period in GRAINS]

    assert yearly == [0, 0, 1]
    assert monthly == [0, 1, 1]


def test_impossible_values_are_kept_and_not_counted(agent, upload):
    upload("CPM-01,ph,2026-01-05T10:00:00+07:00,99,pH,,")
    upload(
        "CPM-01,ph,2026-01-06T10:00:00+07:00,7,pH,,", "CPM-01,ph,2026-01-06T11:00:00+07:00,-3,pH,,"
    )

    assert [m["flag"] for m in agent.get("/v1/measurements").json()["items"]] == [4, 1, 4]
    assert [(d["period"], d["n"], d["sum"]) for d in rollups(agent, "day")] == [
        ("2026-01-06", 1, 7.0)
    ]
    (newest,) = agent.get("/v1/measurements/latest").json()["items"]
    assert newest["value"] == 7.0


def test_a_correction_to_the_impossible_takes_the_day_away(agent, upload):
    row = "CPM-01,ph,2026-01-05T10:00:00+07:00,7,pH,,"
    upload(row)
    upload(row.replace(",7,", ",99,"))

    assert rollups(agent, "day") == []
    assert agent.get("/v1/measurements/latest").json()["items"] == []


def test_part_of_a_month_is_never_given_for_the_whole(agent, upload):
    upload(*(f"CPM-01,bod,2026-01-{d:02}T10:00:00+07:00,{d},mg/L,," for d in (5, 25)))

    for query in (
        {},
        {"from": "2026-01-20"},
        {"to": "2026-01-20"},
        {"from": "2026-01-20", "to": "2026-01-21"},
    ):
        assert [(m["n"], m["mean"]) for m in rollups(agent, "month", **query)] == [(2, 15.0)]
    assert rollups(agent, "month", to="2026-01") == []
    assert rollups(agent, "month", **{"from": "2026-02"}) == []
    assert [d["period"] for d in rollups(agent, "day", **{"from": "2026-01-06"})] == ["2026-01-25"]


def naive(measurements, length):
    """Recompute sums from single measurements, as one would by hand."""
    groups = defaultdict(list)
    for m in measurements:
        if m["flag"] in {1, 2}:
            groups[m["station"], m["parameter"], m["time_local"][:length]].append(m)
    grain = {10: Grain.DAY, 7: Grain.MONTH, 4: Grain.YEAR}[length]
    answers = {}
    for key, group in groups.items():
        values = [m["value"] for m in group if m["value"] is not None]
        days = defaultdict(list)
        for m in group:
            days[m["time_local"][:10]].append(m["value"])
        period = Period.parse(key[2])
        months = (period.following.year - period.first.year) * 12
        months += period.following.month - period.first.month
        assert period.grain is grain
        expected = max(1, months)
        dates = len({m["time_local"][:10] for m in group})
        sampled = len({m["time_local"][:7] for m in group})
        few = sampled / expected < 0.75 or (grain is Grain.YEAR and dates < 2)
        answers[key] = (
            len(values),
            few,
            sum(values) if values else None,
            len(values) < len(group),
            days.values(),
            values,
        )
    return answers


@pytest.mark.parametrize("seed", [1, 2])
def test_rollups_equal_a_naive_recomputation(agent, stations, upload, seed):
    chance = random.Random(seed)
    start = datetime(2023, 12, 30, tzinfo=UTC)
    instants = [
        start + timedelta(hours=7 * n, seconds=chance.choice([-1, 0, 0, 1])) for n in range(80)
    ]
    instants += [datetime(2024, m, 15, tzinfo=UTC) for m in range(2, 13)]
    for _ in range(6):
        rows = {}
        for _ in range(60):
            at, station = chance.choice(instants), chance.choice("WEL")
            parameter, unit = chance.choice([("bod", "mg/L"), ("ph", "pH")])
            value = chance.choice(
                ["<0.5", "99", "-2", *(str(round(chance.uniform(0, 14), 3)) for _ in range(12))]
            )
            rows[at, station, parameter] = (
                f"{station},{parameter},{at.isoformat()},{value},{unit},,"
            )
        assert upload(*rows.values(), reinstate=True).status_code == 201

    stored = agent.get("/v1/measurements").json()["items"]
    assert any(m["revision"] > 1 for m in stored)
    for period, length in GRAINS.items():
        wanted = naive(stored, length)
        answers = {(r["station"], r["parameter"], r["period"]): r for r in rollups(agent, period)}
        assert answers.keys() == wanted.keys()
        for key, (n, few, total, censored, days, values) in wanted.items():
            got = answers[key]
            assert got["n"] == n
            if few:
                assert got["state"] == "insufficient"
            elif censored:
                assert got["state"] == ("cannot_assess" if n else "below_limit")
            if few or censored:
                assert {got[name] for name in ("mean", "min", "max", "sum")} == {None}
            else:
                assert got["state"] == "ok"
                assert math.isclose(got["sum"], total, abs_tol=1e-9)
                # Several samples of a day are one day's.
                assert math.isclose(got["mean"], fmean(map(fmean, days)), abs_tol=1e-9)
                assert (got["min"], got["max"]) == (min(values), max(values))


def test_pages_of_one_walk_every_rollup_once(agent, stations, upload):
    rows = [
        f"{s},bod,2024-{m:02}-{d:02}T00:00:00Z,{d},mg/L,,"
        for s in "WEL"
        for m in (1, 2)
        for d in (3, 9)
    ]
    upload(*rows)
    header = "station,parameter,time,value,unit,period\n"
    for period in ("P1M", "P1Y"):
        agent.post(
            "/v1/uploads",
            content=header + f"W,bod,2024-01-01T00:00:00+07:00,{len(period)},mg/L,{period}\n",
            headers={"Content-Type": "text/csv"},
        )

    for period in GRAINS:
        walked, cursor = [], None
        while True:
            query = {"period": period, "limit": 1} | ({"cursor": cursor} if cursor else {})
            answer = agent.get("/v1/rollups", params=query).json()
            walked += answer["items"]
            if (cursor := answer["next"]) is None:
                break
        assert walked == rollups(agent, period)
        assert len({(r["station"], r["period"]) for r in walked}) == len(walked)


def test_the_last_days_of_the_calendar_are_only_days(agent, upload):
    upload("CPM-01,bod,2026-01-05T10:00:00+07:00,1,mg/L,,")

    for ends in ({"to": "9999-12-31"}, {"from": "0001-01-01"}, {"from": "9999", "to": "0001"}):
        for period in GRAINS:
            rollups(agent, period, **ends)
    assert date(9999, 12, 31) > date(2026, 1, 5)
