"""The stock with which a facility's year opens, through the front door."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pydantic import SecretStr

import kembar_waste.app
from kembar_shared.chassis.database import connect, reading
from kembar_shared.measurement import indexing, service, store
from kembar_waste.settings import WasteSettings
from tests.service.measurement.conftest import STATION

HEADER = "station,parameter,time,value,unit\n"
YEAR = [date(2025, 1, 1) + timedelta(days=n) for n in range(365)]


@pytest.fixture
def settings(sqlite_url):
    return WasteSettings(database_url=SecretStr(sqlite_url))


@pytest.fixture
def waste(settings, serve, signing):
    client = serve(
        service.build(settings, kembar_waste.app.domain(settings), keys=signing.keys),
        token=signing.token("measurements:write measurements:read stations:write"),
    )
    assert client.post("/v1/stations", json=STATION).status_code == 201
    return client


def send(client, *measured):
    lines = [f"CPM-01,{code},{day}T00:00:00+07:00,{t},t\n" for code, day, t in measured]
    headers = {"Content-Type": "text/csv"}
    sent = client.post("/v1/uploads", content=HEADER + "".join(lines), headers=headers)
    assert sent.status_code == 201


def balances(client, **asked):
    items = client.get("/v1/indices", params={"index": "mass_balance"} | asked).json()["items"]
    return {item["period"]: item for item in items}


def from_scratch(settings):
    """Return values and digests as they are made of all days at once."""
    engine = connect(SecretStr(settings.database_url.get_secret_value()), timeout_s=10)
    with reading(engine) as conn:
        (station,) = store.stations.read(conn)
        due = indexing.Due(
            {station["code"]: station["id"]},
            frozenset({station["timezone"]}),
            date(2020, 1, 1),
            date(2030, 1, 1),
        )
        made = indexing.compute(conn, kembar_waste.app.domain(settings), due)
    engine.dispose()
    return made.sort("period", "grain").select("value", "digest").rows()


def test_a_year_opens_with_the_last_stock_of_the_year_before(waste, settings):
    flows = [(code, day, t) for day in YEAR for code, t in (("received", 10), ("recycled", 9))]
    send(waste, *flows, ("stock", date(2025, 12, 31), 372))

    def opened(stock):
        if stock is not None:
            send(waste, ("stock", date(2024, 12, 31), stock))
        return balances(waste)["2025"]

    unknown = opened(None)
    assert (unknown["state"], unknown["missing"]) == ("insufficient", ["stock"])
    assert unknown["detail"]["reason"] == "no_opening_stock"
    found = opened(7)
    assert (found["value"], found["category"], found["state"]) == (0.0, "balanced", "ok")
    assert found["detail"]["stock_change_t"] == 365.0
    assert (found["detail"]["last_stock_on"], found["detail"]["last_stock_t"]) == ("2024-12-31", 7)
    corrected = opened(372)
    assert corrected["detail"]["leak_t"] == 365.0
    assert corrected["digest"] != found["digest"]

    send(waste, ("stock", date(2025, 1, 31), 403))
    kept = balances(waste)
    assert (kept["2025-01"]["state"], kept["2025-01"]["value"]) == ("ok", 0.0)
    made = [(item["value"], item["digest"]) for _, item in sorted(kept.items())]
    assert sorted(made, key=str) == sorted(from_scratch(settings), key=str)
