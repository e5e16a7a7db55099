"""The environment as metrics, on each database: nothing stale, and nothing said to be real."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.service.measurement.conftest import STATION

SAMPLE = {"bod": 9, "cod": 60, "tss": 80, "do": 3, "ph": 7}
UNIT = {"ph": "pH"}


@pytest.fixture
def scrape(agent):
    """Return a function: name of a metric -> its samples, labels as a set -> value."""

    def read(name):
        answer = agent.get("/metrics")
        assert answer.status_code == 200
        return {
            frozenset(sample.labels.items()): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
            if sample.name == name
        }

    return read


def labels(**named):
    return frozenset(named.items())


def sampled(upload, ago, station="CPM-01", **values):
    at = (datetime.now(UTC) - ago).isoformat(timespec="seconds")
    rows = [
        f"{station},{name},{at},{value},{UNIT.get(name, 'mg/L')},,"
        for name, value in (SAMPLE | values).items()
    ]
    assert upload(*rows).json()["inserted"] == len(rows)


@pytest.fixture
def indices(agent):
    """Return a function: the values of the Pollution Index per sample at a station, in order."""

    def read(station="CPM-01"):
        query = {"station": station, "limit": 100, "index": "pollution_index"}
        items = agent.get("/v1/indices", params=query).json()["items"]
        return [(item["index"], item["value"]) for item in items]

    return read


def test_a_measurement_says_how_real_it_is(scrape, upload):
    sampled(upload, timedelta(days=1))

    series = {"station": "CPM-01", "material": "", "source": "", "origin": "synthetic"}
    found = scrape("kembar_measurement_latest")
    assert len(found) == len(SAMPLE)
    assert found[labels(**series, parameter="bod", unit="mg/L")] == 9
    assert labels(**series, parameter="bod") in scrape(
        "kembar_measurement_latest_timestamp_seconds"
    )


def test_the_newest_index_of_a_station_is_shown(scrape, upload, indices):
    sampled(upload, timedelta(days=40))
    indices()
    first = scrape("kembar_index")
    sampled(upload, timedelta(days=10), bod=30)
    sampled(upload, timedelta(days=20), "CPM-02")
    ((name, old), (_, new)) = indices()
    ((_, other),) = indices("CPM-02")
    both = scrape("kembar_index")

    of = {"index": name, "jurisdiction": "bandung", "origin": "synthetic"}
    assert old != new
    assert first == {labels(**of, station="CPM-01"): old}
    assert both == {labels(**of, station="CPM-01"): new, labels(**of, station="CPM-02"): other}


def test_an_index_without_a_number_is_not_shown_as_one(scrape, upload, indices):
    at = (datetime.now(UTC) - timedelta(days=3)).isoformat(timespec="seconds")
    upload(f"CPM-01,bod,{at},9,mg/L,,")

    assert [value for _, value in indices()] in ([None], [])
    assert scrape("kembar_index") == {}


def test_a_stale_index_disappears_with_its_measurements(scrape, upload, indices):
    sampled(upload, timedelta(days=200))

    assert [value is not None for _, value in indices()] == [True]
    for name in ("", "_timestamp_seconds", "_state", "_category"):
        assert scrape(f"kembar_index{name}") == {}
    assert scrape("kembar_measurement_latest") == {}
    assert len(scrape("kembar_measurement_latest_timestamp_seconds")) == len(SAMPLE)
    assert {dict(each)["state"] for each in scrape("kembar_measurement_latest_state")} == {
        "no_data"
    }


def test_a_judgement_takes_an_index_back(scrape, upload, water, indices):
    sampled(upload, timedelta(days=10))
    assert len(indices()) == len(scrape("kembar_index")) == 1
    with water("measurements:review", sub="r", client_id="r") as reviewer:
        judged = {"flag": 4, "reason": "The bottle was warm.", "stations": ["CPM-01"]}
        assert reviewer.post("/v1/reviews", json=judged).status_code == 201

    assert [value for _, value in indices()] in ([None], [])
    assert scrape("kembar_index") == {}
    assert scrape("kembar_measurement_latest") == {}


def test_what_changed_since_the_last_scrape_is_shown_anew(scrape, upload, water):
    at = datetime.now(UTC) - timedelta(hours=5)
    old, new = (f"{at + timedelta(hours=h):%Y-%m-%dT%H:%M:%SZ}" for h in (0, 1))
    upload(f"CPM-01,bod,{old},9,mg/L,,", f"CPM-02,cod,{old},,mg/L,<,2")
    first = scrape("kembar_measurement_latest")
    states = {
        (dict(each)["parameter"], dict(each)["state"])
        for each in scrape("kembar_measurement_latest_state")
    }
    upload(f"CPM-01,bod,{new},11,mg/L,,")
    second = scrape("kembar_measurement_latest")
    with water("measurements:review", sub="r", client_id="r") as reviewer:
        judged = {"flag": 4, "reason": "Wrong bottle.", "stations": ["CPM-01"], "from": new}
        assert reviewer.post("/v1/reviews", json=judged).status_code == 201
    third = scrape("kembar_measurement_latest")

    of = {"station": "CPM-01", "parameter": "bod", "material": "", "source": "", "unit": "mg/L"}
    assert states == {("bod", "ok"), ("cod", "below_limit")}
    assert first == {labels(**of, origin="synthetic"): 9}
    assert second == {labels(**of, origin="synthetic"): 11}
    assert third == first


def test_an_index_says_its_state_its_day_and_its_category(scrape, upload, indices):
    sampled(upload, timedelta(days=10))
    indices()

    of = {
        "index": "pollution_index",
        "station": "CPM-01",
        "jurisdiction": "bandung",
        "origin": "synthetic",
    }
    ((began, at),) = scrape("kembar_index_timestamp_seconds").items()
    assert began == labels(**of)
    assert 10 <= (datetime.now(UTC).timestamp() - at) / 86_400 <= 11.1
    assert scrape("kembar_index_state") == {labels(**of, state="ok"): 1}
    assert scrape("kembar_index_category") == {labels(**of, category="cemar_ringan"): 1}
    assert scrape("kembar_computation_behind_events")[labels(what="indices")] == 0


def test_a_figure_says_how_real_it_is(scrape, upload, agent, water):
    with water("stations:write") as operator:
        real = STATION | {"code": "REAL-01", "origin": "real", "jurisdiction": "kawasaki"}
        assert operator.post("/v1/stations", json=real).status_code == 201
    for station in ("CPM-01", "REAL-01"):
        sampled(upload, timedelta(days=10), station)
    items = agent.get("/v1/indicators").json()["items"]

    states = {
        (name["figure"], name["jurisdiction"], name["origin"])
        for name in map(dict, scrape("kembar_figure_state"))
    }
    assert states == {(f["indicator"], f["jurisdiction"], f["origin"]) for f in items}
    assert {origin for *_, origin in states} == {"synthetic", "real"}
    numbered = {dict(each)["origin"] for each in scrape("kembar_indicator")}
    assert numbered == {f["origin"] for f in items if f["value"] is not None}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_while_the_database_is_away_the_process_is_still_watched(
    scrape, upload, sqlite_url, tmp_path
):
    sampled(upload, timedelta(days=1))
    before = scrape("kembar_measurement_latest")
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    file.parent.rename(tmp_path / "away")
    away = [
        scrape(name) for name in ("kembar_database_up", "kembar_measurement_latest", "kembar_index")
    ]
    (tmp_path / "away").rename(file.parent)

    assert away == [{frozenset(): 0}, {}, {}]
    assert scrape("kembar_database_up") == {frozenset(): 1}
    assert scrape("kembar_measurement_latest") == before
    assert scrape("kembar_database_size_bytes")[frozenset()] > 100_000
    assert scrape("kembar_database_connections")[labels(state="most")] == 20
