"""Index values that are kept and computed anew where something happened; rules that change."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from kembar_air.app import domain as air_domain
from kembar_air.settings import AirSettings
from kembar_shared.chassis.database import connect, reading, serving
from kembar_shared.measurement import indexing, service, store
from kembar_water.app import domain_of
from kembar_water.settings import WaterSettings
from tests.service.measurement.conftest import STATION

SAMPLE = {"ph": 7.1, "bod": 5, "cod": 30, "do": 4.5, "tss": 60, "temp": 26}
UNITS = {"ph": "pH", "temp": "degC"}
OTHER = """
[[limit]]
standard = "pp-22-2021-vi"
parameter = "bod"
class = "II"
valid_from = 2021-02-02
most = 6
"""


@pytest.fixture
def sample(upload):
    """Return a function: station, local day -> the values of a sample there are sent."""

    def send(station, day, **values):
        rows = [
            f"{station},{name},{day}T09:00:00+07:00,{value},{UNITS.get(name, 'mg/L')},,"
            for name, value in (SAMPLE | values).items()
        ]
        assert upload(*rows).status_code == 201

    return send


@pytest.fixture
def engine(water, database_url):  # noqa: ARG001  its tables are made first
    engine = connect(SecretStr(database_url), timeout_s=10)
    yield engine
    engine.dispose()


def kept(engine):
    """Return every index value that is kept, in order."""
    with reading(engine) as conn:
        order = "station_id, first_day, index_code, grain"
        rows = conn.execute(text(f"SELECT * FROM computed_index ORDER BY {order}"))
        return [tuple(row) for row in rows]


def recomputed(engine, domain):
    """Return the same from scratch: every station and day at once."""
    found = []
    with reading(engine) as conn:
        for station in store.stations.read(conn):
            due = indexing.Due(
                {station["code"]: station["id"]},
                frozenset({station["timezone"]}),
                date(2000, 1, 1),
                date(2030, 1, 1),
            )
            values = indexing.compute(conn, domain, due)
            found += values.select("station", "period", "index", "value", "digest").rows()
    return found


def pages(client, path, limit, **query):
    items, cursor = [], None
    while True:
        asked = {"limit": limit, **query} | ({"cursor": cursor} if cursor else {})
        page = client.get(path, params=asked).json()
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


def test_only_what_an_event_touched_is_computed_anew(agent, sample, engine):
    domain = domain_of(WaterSettings())
    for month in (1, 3, 12):
        sample("CPM-01", f"2023-{month:02}-10")
    sample("CPM-02", "2024-02-29", bod=1)
    before = agent.get("/v1/indices").json()["items"]
    sample("CPM-01", "2023-03-10", bod=50)
    sample("CPM-02", "2024-05-01")
    after = agent.get("/v1/indices").json()["items"]

    def named(items):
        return {(i["station"], i["period"], i["index"]): (i["value"], i["digest"]) for i in items}

    index = "pollution_index"
    old, new = named(before), named(after)
    assert new["CPM-01", "2023-03-10", index][0] > old["CPM-01", "2023-03-10", index][0]
    assert new["CPM-01", "2023-01-10", index][0] == old["CPM-01", "2023-01-10", index][0]
    assert new["CPM-02", "2024-02-29", index][0] == old["CPM-02", "2024-02-29", index][0]
    assert ("CPM-02", "2024-05-01", index) in new
    fresh = {
        (station, str(day), name): (value, digest)
        for station, day, name, value, digest in recomputed(engine, domain)
        if name == index
    }
    assert {key: value for key, value in new.items() if key[2] == index} == fresh


@pytest.fixture
def air(database_url, serve, signing):
    """Serve an air service with a station on each side of the equator's noon."""
    settings = AirSettings(database_url=SecretStr(database_url))
    app = service.build(settings, air_domain(settings), keys=signing.keys)
    scopes = "measurements:write measurements:read stations:write"
    client = serve(app, token=signing.token(scopes))
    for code, zone in (("BDG-01", "Asia/Jakarta"), ("AKL-01", "Pacific/Auckland")):
        body = STATION | {"code": code, "timezone": zone, "water_class": None}
        assert client.post("/v1/stations", json=body).status_code == 201
    return client


def hours(client, station, first, count, value=40.0, parameter="o3"):
    """Send hours one after the other, each a little higher."""
    rows = [
        f"{station},{parameter},{first + timedelta(hours=n):%Y-%m-%dT%H:%M:%SZ},{value + n},µg/m³"
        for n in range(count)
    ]
    body = "station,parameter,time,value,unit\n" + "\n".join(rows)
    answer = client.post("/v1/uploads", content=body.encode(), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 201, answer.text


def test_a_mean_that_runs_over_midnight_is_computed_anew_on_the_next_day(air, database_url):
    # In Auckland a night of 25 hours lies between.
    first = datetime(2024, 4, 5, tzinfo=UTC)
    for station in ("BDG-01", "AKL-01"):
        hours(air, station, first, 72)
    air.get("/v1/indices")
    hours(air, "BDG-01", datetime(2024, 4, 6, 16, tzinfo=UTC), 1, value=500.0)
    hours(air, "AKL-01", datetime(2024, 4, 6, 11, tzinfo=UTC), 2, value=700.0)

    items = air.get("/v1/indices", params={"limit": 1000}).json()["items"]
    kept = {(i["station"], i["period"], i["index"]): (i["value"], i["digest"]) for i in items}
    engine = connect(SecretStr(database_url), timeout_s=10)
    fresh = {
        (station, str(day), index): (value, digest)
        for station, day, index, value, digest in recomputed(engine, air_domain(AirSettings()))
    }
    engine.dispose()
    assert kept == fresh
    assert kept["BDG-01", "2024-04-07", "max_8h:o3"][0] > 100


def test_days_without_any_hour_that_counts_keep_nobody_from_an_answer(air):
    hours(air, "BDG-01", datetime(2024, 1, 4, 17, tzinfo=UTC), 24, parameter="pm25")
    body = "station,parameter,time,value,unit,period\nAKL-01,pm25,2024-02-01,12,µg/m³,P1D\n"
    sent = air.post(
        "/v1/uploads", content=body.encode(), params={"timezone": "Pacific/Auckland"},
        headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    assert sent.status_code == 201, sent.text
    hours(air, "BDG-01", datetime(2024, 3, 9, tzinfo=UTC), 24, parameter="pm25")
    one = "station,parameter,time,value,unit\nBDG-01,pm25,2024-02-20T00:00:00Z,900,µg/m³\n"
    taken = air.post(
        "/v1/uploads", content=one.encode(), headers={"Content-Type": "text/csv"}
    ).json()
    assert air.get("/v1/indices").status_code == 200
    taken_back = air.post(f"/v1/uploads/{taken['id']}/retraction", json={"reason": "Broken."})
    assert taken_back.status_code == 201

    items = air.get("/v1/indices", params={"index": "ispu"}).json()["items"]
    numbers = {(i["station"], i["period"]) for i in items if i["value"] is not None}
    assert {("BDG-01", "2024-01-05"), ("AKL-01", "2024-02-01")} <= numbers
    assert air.get("/v1/compliance").status_code == 200
    of_hours = pages(air, "/v1/indices", 5, cadence="hour", station="BDG-01")
    assert {i["time"][:7] for i in of_hours if i["value"] is not None} == {"2024-01", "2024-03"}
    assert {i["detail"]["standard"] for i in of_hours} == {"p14-2020"}


def test_the_index_of_each_hour_is_that_of_the_24_hours_that_end_there(air):
    hours(air, "BDG-01", datetime(2024, 4, 5, tzinfo=UTC), 50, value=10.0, parameter="pm25")

    query = {"cadence": "hour", "station": "BDG-01"}
    items = pages(air, "/v1/indices", 7, **query)
    numbers = {i["time"]: i["value"] for i in items if i["value"] is not None}
    assert min(numbers) == "2024-04-05T18:00:00Z"
    # Hours 26 to 49 are 36 to 59: a mean of 47.5.
    assert numbers["2024-04-07T02:00:00Z"] == 90
    assert len({i["time"] for i in items}) == len(items)
    assert pages(air, "/v1/indices", 1000, index="ispu", **query) == items
    assert pages(air, "/v1/indices", 1000, index="max_8h:o3", **query) == []
    narrowed = pages(air, "/v1/indices", 1000, **query, **{"from": "2024-04-07"})
    assert {i["time"]: i["value"] for i in narrowed}.items() <= {
        i["time"]: i["value"] for i in items
    }.items()


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_pages_of_indices_hold_each_value_once(agent, sample, limit):
    for day in (3, 5, 9):
        sample("CPM-01", f"2023-01-{day:02}")
        sample("CPM-02", f"2023-01-{day:02}")

    index = "pollution_index"
    found = pages(agent, "/v1/indices", limit, index=index, **{"from": "2023-01-05"})
    assert [(i["station"], i["period"]) for i in found] == [
        (station, f"2023-01-{day:02}") for station in ("CPM-01", "CPM-02") for day in (5, 9)
    ]


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_pages_of_verdicts_hold_each_place_parameter_and_year_once(agent, sample, limit):
    sample("CPM-01", "2022-06-01")
    sample("CPM-01", "2023-06-01", bod=1)
    sample("CPM-02", "2023-06-01")

    found = pages(agent, "/v1/compliance", limit)
    keys = [(i["place"], i["parameter"], i["period"]) for i in found]
    assert keys == sorted(set(keys))
    assert {("CPM-01", "bod", "2022"), ("CPM-01", "bod", "2023"), ("CPM-02", "bod", "2023")} <= {
        *keys
    }
    assert {i["period"] for i in pages(agent, "/v1/compliance", limit, to="2023")} == {"2022"}


def test_verdicts_of_several_authorities_stand_side_by_side(agent, sample):
    sample("CPM-01", "2023-06-01", bod=4)

    (bod,) = agent.get("/v1/compliance", params={"parameter": "bod"}).json()["items"]
    by_standard = {(v["standard"], v["class"]): v for v in bod["verdicts"]}
    assert by_standard["pp-22-2021-vi", "II"]["verdict"] == "not_met"
    assert by_standard["pp-22-2021-vi", "II"]["exceeded_on"] == ["2023-06-01"]
    assert {v["authority"] for v in bod["verdicts"]} >= {"id", "jp"}
    for language, words in (("id", "tidak memenuhi"), ("ja", "不適合"), ("en", "not met")):
        said = agent.get("/v1/compliance", headers={"Accept-Language": language}).json()["items"]
        of_bod = next(item for item in said if item["parameter"] == "bod")["verdicts"]
        assert {v["words"].get("verdict") for v in of_bod if v["verdict"] == "not_met"} == {words}
        (index,) = (
            item
            for item in agent.get("/v1/indices", headers={"Accept-Language": language}).json()[
                "items"
            ]
            if item["index"] == "pollution_index"
        )
        assert index["words"].keys() == {"state", "category"}
    only = agent.get("/v1/compliance", params={"parameter": "bod", "standard": "jp"}).json()
    assert {v["authority"] for v in only["items"][0]["verdicts"]} == {"jp"}


def adopted(settings):
    engine = serving(settings)
    service.adopt(settings, domain_of(settings), engine)
    engine.dispose()


def test_other_rules_keep_the_figures_of_the_old_ones_and_say_which_moved(
    agent, water, sample, serve, signing, database_url, tmp_path
):
    for month in range(1, 13):
        for station in ("CPM-01", "CPM-02"):
            sample(station, f"2023-{month:02}-10")
    asked = {"from": "2023", "to": "2024"}
    before = {
        (i["indicator"], i["period"]): i
        for i in agent.get("/v1/indicators", params=asked).json()["items"]
    }
    mark = agent.get("/v1/changes", params={"limit": 10_000}).json()["next"]
    amendment = tmp_path / "standards.toml"
    amendment.write_text(OTHER)
    settings = WaterSettings(database_url=SecretStr(database_url), standards_file=amendment)
    adopted(settings)
    other = serve(service.build(settings, domain_of(settings), keys=signing.keys))

    headers = dict(agent.headers)
    after = {
        (i["indicator"], i["period"]): i
        for i in other.get("/v1/indicators", params=asked, headers=headers).json()["items"]
    }
    key = ("water.pollution_index", "2023")
    old, new = before[key], after[key]
    assert new["value"] < old["value"]
    assert new["method"].startswith(old["method"] + "+")
    told = other.get("/v1/changes", params={"cursor": mark}, headers=headers).json()["items"]
    rules = {(i["figure"]["indicator"], i["figure"]["period"]): i["figure"] for i in told}
    assert {i["change"] for i in told} == {"rules"}
    assert rules[key]["before"] == {name: old[name] for name in ("value", "state", "method")}
    assert rules[key]["after"] == {name: new[name] for name in ("value", "state", "method")}
    past = other.get(
        "/v1/indicators", params=asked | {"method": old["method"]}, headers=headers
    ).json()["items"]
    assert {(i["indicator"], i["period"]): i for i in past} == {
        place: figure for place, figure in before.items() if figure["method"] == old["method"]
    }
    with water("measurements:read", stations=["CPM-01"], sub="n", client_id="n") as narrowed:
        seen = narrowed.get("/v1/changes", params={"cursor": mark}).json()["items"]
    assert seen == []
