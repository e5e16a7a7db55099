"""What a day's sum is made of, and that every route tells the same of the day (ADR 29)."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from kembar_air.app import domain
from kembar_air.settings import AirSettings
from kembar_shared.chassis.database import connect, writing
from kembar_shared.measurement import service
from kembar_shared.measurement.resumming import Sums
from tests.service.measurement.conftest import STATION
from tests.service.measurement.recomputed import differences

CSV = {"Content-Type": "text/csv"}
HEADER = "station,parameter,time,value,unit,period\n"
SCOPES = "measurements:write measurements:read stations:write indicators:read"


@pytest.fixture
def air(database_url, serve, signing):
    return served(database_url, serve, signing)


def served(url, serve, signing):
    """Serve an air service with one station in Bandung."""
    settings = AirSettings(database_url=SecretStr(url))
    app = service.build(settings, domain(settings), keys=signing.keys)
    client = serve(app, token=signing.token(SCOPES))
    body = STATION | {"code": "BDG-01", "water_class": None}
    assert client.post("/v1/stations", json=body).status_code == 201
    return client


def send(client, rows):
    answer = client.post(
        "/v1/uploads",
        content=(HEADER + "\n".join(rows)).encode(),
        headers=CSV,
        params={"timezone": "Asia/Jakarta"},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def row(at, value, period, parameter="pm25"):
    return f"BDG-01,{parameter},{at:%Y-%m-%dT%H:%M:%S},{value},µg/m³,{period}"


def every(minutes, day, value, period, places=None):
    """Return values of a day, one each so many minutes."""
    start = datetime.fromisoformat(day)
    chosen = range(1440 // minutes) if places is None else places
    return [row(start + timedelta(minutes=minutes * n), value, period) for n in chosen]


def day_of(client, day, path="rollups"):
    query = {"rollups": {"period": "day"}, "indices": {"index": "mean_24h:pm25"}}[path]
    items = client.get(f"/v1/{path}", params=query).json()["items"]
    return next(item for item in items if item["period"] == day)


def test_a_day_is_made_of_one_length_of_time(air):
    send(
        air,
        [
            *every(60, "2024-01-01", 10, "PT1H"),
            row(datetime(2024, 1, 1, 12, 30), 99, "P1D"),  # noqa: DTZ001  local
            *every(60, "2024-01-02", 10, "PT1H", range(5)),
            row(datetime(2024, 1, 2, 12, 30), 30, "P1D"),  # noqa: DTZ001  local
            *every(60, "2024-01-03", 10, "PT1H"),
            *(row(datetime(2024, 1, 3, 4, m), 70, "PT1H") for m in (10, 20, 30)),  # noqa: DTZ001
        ],
    )

    hours, whole, repeated = (day_of(air, f"2024-01-0{n}") for n in (1, 2, 3))
    assert (hours["n"], hours["mean"], hours["left_out"]) == (24, 10.0, 1)
    assert (whole["n"], whole["mean"], whole["left_out"]) == (1, 30.0, 5)
    # Four values of one hour are one hour: (23 * 10 + (10 + 3 * 70) / 4) / 24.
    assert (repeated["n"], repeated["mean"], repeated["sum"]) == (27, 285 / 24, 450.0)
    assert [day_of(air, d, "indices")["value"] for d in ("2024-01-01", "2024-01-02")] == [10, 30]
    found = air.get(
        "/v1/lineage",
        params={"jurisdiction": "bandung", "indicator": "air.pm25_mean", "period": "2024-01"},
    ).json()
    assert [len(each["measurements"]) for each in found["items"]] == [24, 1, 27]
    assert [each["left_out"] for each in found["items"]] == [1, 5, 0]


def test_every_route_counts_the_same_hours(air):
    # 83 % of the day's time, but only twelve hours with more than 40 of their 60 minutes.
    poor = [n for n in range(144) if n < 72 or n % 6 < 4]
    days = [f"2024-04-{n:02}" for n in range(1, 31)]
    send(air, [each for day in days for each in every(10, day, 5, "PT10M", poor)])
    assert day_of(air, days[0])["coverage"] > 0.75

    index = day_of(air, days[0], "indices")
    assert (index["value"], index["state"], index["detail"]["hours"]) == (None, "insufficient", 12)
    figures = air.get("/v1/indicators").json()["items"]
    of_april = {f["indicator"]: f for f in figures if f["period"] == "2024-04"}
    assert {(f["n"], f["state"]) for f in of_april.values()} == {(0, "insufficient")}
    verdicts = air.get("/v1/compliance", params={"parameter": "pm25"}).json()["items"][0]
    assert {v["n"] for v in verdicts["verdicts"]} == {0}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_day_and_its_24th_hour_have_one_index(air):
    quarters = [n for n in range(96) if n < 72 or n % 4 < 2]
    send(
        air,
        [
            *every(15, "2024-05-01", 10, "PT15M", range(72)),
            *every(15, "2024-05-01", 230, "PT15M", [n for n in quarters if n >= 72]),
            *every(30, "2024-05-03", 56, "PT30M", range(24)),
            *every(60, "2024-05-03", 56, "PT1H", range(12, 24)),
            *every(15, "2024-05-05", 40, "PT15M", [n for n in quarters if n >= 72 or n % 4 < 3]),
        ],
    )

    of_hours = {
        item["time"]: item
        for item in air.get("/v1/indices", params={"cadence": "hour"}).json()["items"]
    }
    for day, mean, index in ((1, 10.0, 32), (3, 56.0, 102), (5, 40.0, 81)):
        query = {"index": "ispu", "from": f"2024-05-0{day}", "to": f"2024-05-0{day + 1}"}
        (of_day,) = air.get("/v1/indices", params=query).json()["items"]
        # 24:00 in Jakarta; of the first, hours with too few quarters end the day.
        last = of_hours[f"2024-05-0{day}T17:00:00Z"]
        for name in ("value", "category", "state", "critical", "parameters", "missing"):
            assert (day, name, of_day[name]) == (day, name, last[name])
        assert (of_day["value"], of_day["state"]) == (index, "ok")
        kept = day_of(air, f"2024-05-0{day}", "indices")
        assert (kept["value"], kept["detail"]["hours"]) == (mean, 24 if day == 3 else 18)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_mean_tells_what_of_its_hours_is_below_detection(air):
    halves = [n for n in range(24) if n % 4 < 2]
    send(
        air,
        [
            *every(15, "2024-05-01", "<8", "PT15M", halves),
            *every(15, "2024-05-01", 40, "PT15M", [n for n in range(72) if n not in halves]),
            *every(15, "2024-05-01", "<20", "PT15M", range(72, 74)),
        ],
    )
    quarters = day_of(air, "2024-05-01", "indices")
    # Six hours of 22 and twelve of 40; the six may be off by 2.
    assert (quarters["value"], quarters["state"]) == (34.0, "ok")
    assert quarters["detail"] == {
        "hours": 18, "mean": 34.0, "n": 12, "n_below": 6, "below_limit": 8.0,
        "doubt": pytest.approx(6 * 2 / 18), "expected": 24,
    }  # fmt: skip

    send(
        air,
        [
            *every(60, "2024-05-11", 10, "PT1H", range(23)),
            *every(60, "2024-05-11", "<6", "PT1H", [23]),
        ],
    )
    whole = day_of(air, "2024-05-11", "indices")["detail"]
    assert (whole["n"], whole["n_below"], whole["below_limit"]) == (23, 1, 6.0)
    assert (whole["mean"], whole["doubt"]) == (pytest.approx(233 / 24, abs=1e-6), 3 / 24)


def test_sums_of_an_older_rule_are_computed_anew(air, database_url):
    send(air, every(60, "2024-01-01", 10, "PT1H"))
    send(air, [row(datetime(2024, 1, 1, 12, 30), 99, "P1D")])  # noqa: DTZ001  local
    engine = connect(SecretStr(database_url), timeout_s=10)
    with writing(engine) as conn:
        conn.execute(text("UPDATE rollup SET total = 339, n = 25, mean_total = 1, left_out = 0"))
        conn.execute(text("UPDATE computed_head SET rules = '' WHERE id = 5"))
    assert differences(engine, ["BDG-01"]) != []

    Sums(engine).renew()
    assert differences(engine, ["BDG-01"]) == []
    with writing(engine) as conn:
        conn.execute(text("UPDATE rollup SET n = 25"))
    Sums(engine).renew()
    assert differences(engine, ["BDG-01"]) != []  # done once, not each time
    engine.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_figures_rest_on_has_one_digest_everywhere(air, postgres_url, serve, signing):
    chance = random.Random(5)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    rows = [
        row(start + timedelta(hours=n), round(chance.uniform(0, 90), 3), "PT1H", parameter)
        for n in range(24 * 31)
        for parameter in ("pm25", "no2", "so2")
    ]
    rows += [row(start, 12.5, "P1Y"), row(start + timedelta(minutes=1), 11.5, "P1M")]
    other = served(postgres_url, serve, signing)
    send(air, rows)
    for _ in range(3):
        chance.shuffle(rows)
    # Some rows at a time, so that days are summed up by the database.
    for begin in range(0, len(rows), 800):
        send(other, rows[begin : begin + 800])

    def told(client):
        figures = client.get("/v1/indicators").json()["items"]
        return {(f["indicator"], f["period"]): (f["value"], f["digest"]) for f in figures}

    before = told(air)
    assert before == told(other)
    # A year's total says nothing of January.
    send(air, [row(start, 13.5, "P1Y")])
    after = told(air)
    assert before["air.pm25_mean", "2024-01"] == after["air.pm25_mean", "2024-01"]
    assert before["air.pm25_mean", "2024"] != after["air.pm25_mean", "2024"]
