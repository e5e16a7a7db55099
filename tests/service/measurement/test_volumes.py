"""Volumes of waste through the front door."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

import kembar_waste.app
from kembar_shared.measurement import service
from kembar_waste.settings import WasteSettings
from tests.service.measurement.conftest import STATION

MASS = {"station": "CPM-01", "parameter": "collected", "time": "2026-01-05T00:00:00+07:00"}


@pytest.fixture
def waste(sqlite_url, serve, signing):
    chosen = WasteSettings(database_url=SecretStr(sqlite_url))
    client = serve(
        service.build(chosen, kembar_waste.app.domain(chosen), keys=signing.keys),
        token=signing.token("measurements:write measurements:read stations:write"),
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
