"""Volumes of waste through the front door."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

import kembar_waste.app
from kembar_shared.measurement import service
from kembar_waste.settings import WasteSettings
from tests.service.measurement.conftest import STATION

MASS = {"station": "CPM-01", "parameter": "collected", "time": "2026-01-05T00:00:00+07:00"}


SCOPES = "measurements:write measurements:read stations:write indicators:read"


@pytest.fixture
def waste(sqlite_url, serve, signing):
    chosen = WasteSettings(database_url=SecretStr(sqlite_url))
    client = serve(
        service.build(chosen, kembar_waste.app.domain(chosen), keys=signing.keys),
        token=signing.token(SCOPES),
    )
    assert client.post("/v1/stations", json=STATION).status_code == 201
    return client


def test_a_volume_with_its_density_is_kept_as_mass_and_as_sent(waste):
    sent = [MASS | {"value": 12.5, "unit": "m3@326"}]

    assert waste.post("/v1/uploads", json={"measurements": sent}).json()["inserted"] == 1
    (kept,) = waste.get("/v1/measurements").json()["items"]
    assert (kept["value"], kept["unit"]) == (4075.0, "kg")
    assert (kept["sent_value"], kept["sent_unit"]) == ("12.5", "m3@326")


def test_a_volume_without_density_is_refused_with_a_remedy_and_others_are_kept(waste):
    file = (
        "station,time,collected [m3@326],received [m3]\n"
        "CPM-01,2026-01-05T00:00:00+07:00,10,4\n"
    )  # fmt: skip
    headers = {"Content-Type": "text/csv", "Accept-Language": "id"}

    receipt = waste.post("/v1/uploads?layout=wide", content=file, headers=headers).json()
    assert (receipt["inserted"], receipt["rejected"]) == (1, 1)
    (refused,) = waste.get(receipt["rejections"], headers=headers).json()["items"]
    assert (refused["column"], refused["code"]) == ("received [m3]", "density-missing")
    assert "massa jenis dalam kg/m³ di belakangnya: m3@250" in refused["fix"]
    (units,) = {
        tuple((unit["unit"], unit["factor_unit"]) for unit in parameter["factor_units"])
        for parameter in waste.get("/v1/parameters").json()["items"]
        if parameter["unit"] == "kg"
    }
    assert units == (("m3", "kg/m3"), ("L", "kg/m3"))


def test_figures_say_what_was_converted_and_lead_to_the_densities(waste):
    def send(*measured):
        # Days of Bandung begin on the evening of the day before in UTC.
        rows = [
            MASS | {"parameter": "generated", "time": f"2026-01-{day:02}T23:30:00+07:00"}
            | {"value": value, "unit": unit, "period": "P1D"}
            for day, value, unit in measured
        ]  # fmt: skip
        assert waste.post("/v1/uploads", json={"measurements": rows}).status_code == 201

    def figure():
        items = waste.get("/v1/indicators").json()["items"]
        return {item["period"]: item for item in items if item["indicator"] == "waste.generated"}

    send(*((day, 1, "t") for day in range(1, 28)))
    weighed = figure()["2026-01"]
    assert (weighed["value"], weighed["detail"]["converted_share"]) == (27.0, 0.0)
    send((31, 8, "m3@250"), (30, "3000", "L＠500"))  # noqa: RUF001
    send((29, "<4", "m3@250"), (28, -1, "m3@250"), (1, 2, "kg"))
    mixed = figure()["2026-01"]
    detail = mixed["detail"]
    assert detail["converted_share"] == pytest.approx(3500 / 29502)
    assert detail["densities_kg_per_m3"] == [250.0, 500.0]
    assert detail["converted_note"]["id"].startswith("11,9 % dari massa")
    assert mixed["digest"] != weighed["digest"]
    asked = {name: mixed[name] for name in ("indicator", "jurisdiction", "period")}
    lineage = waste.get("/v1/lineage", params=asked).json()
    assert lineage["figure"]["detail"] == detail
    sent = {each["sent_unit"] for row in lineage["items"] for each in row["measurements"]}
    assert {"m3@250", "L＠500"} <= sent  # noqa: RUF001
    send((31, 3, "t"), (30, 4, "t"))
    again = figure()["2026-01"]
    assert again["detail"]["converted_share"] == 0.0
    assert (again["value"], again["digest"]) != (mixed["value"], mixed["digest"])

    # A day's volume beside its hours is not summed, so nothing of the sum was converted.
    rows = [
        MASS | {"parameter": "generated", "time": f"2026-01-28T{hour:02}:00:00+07:00"}
        | {"value": 100, "unit": "kg", "period": "PT1H"}
        for hour in range(24)
    ]  # fmt: skip
    assert waste.post("/v1/uploads", json={"measurements": rows}).status_code == 201
    send((28, 8, "m3@250"))
    beside = figure()["2026-01"]
    assert beside["value"] == pytest.approx(again["value"] + 2.4)
    assert beside["detail"]["converted_share"] == 0.0
