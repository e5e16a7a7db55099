"""A water service on each database, with two stations, and clients of several rights."""

from __future__ import annotations

import httpx
import pytest
from pydantic import SecretStr

from kembar_shared.measurement import service
from kembar_shared.measurement.settings import PACKAGES
from kembar_water.app import domain_of
from kembar_water.settings import WaterSettings
from tests.loopback import PLAIN

STATION = {
    "code": "CPM-01",
    "name": "Cipamokolan, synthetic",
    "kind": "river",
    "latitude": -6.94,
    "longitude": 107.66,
    "altitude_m": 670.0,
    "timezone": "Asia/Jakarta",
    "jurisdiction": "bandung",
    "water_class": "II",
    "origin": "synthetic",
}
HEADER = "station,parameter,time,value,unit,qualifier,limit\n"


@pytest.fixture
def schema():
    return PACKAGES


@pytest.fixture
def water(database_url, serve, signing):
    """Serve an empty water service; return a function: scopes -> HTTP client."""
    settings = WaterSettings(database_url=SecretStr(database_url))
    app = service.build(settings, domain_of(settings), keys=signing.keys)

    base = str(serve(app).base_url)

    def client(*scopes, **claims):
        token = signing.token(list(scopes), **claims)
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=base, headers=headers, **PLAIN)

    with client("stations:write") as operator:
        for code in ("CPM-01", "CPM-02"):
            assert operator.post("/v1/stations", json=STATION | {"code": code}).status_code == 201
    return client


@pytest.fixture
def agent(water):
    """Return a client that writes and reads measurements of every station."""
    with water("measurements:write", "measurements:read", "indicators:read", "metrics:read") as it:
        yield it


@pytest.fixture
def upload(agent):
    """Return a function: CSV lines without header -> the answer to their upload."""

    def send(*lines, **query):
        body = HEADER + "".join(f"{line}\n" for line in lines)
        return agent.post(
            "/v1/uploads", content=body, headers={"Content-Type": "text/csv"}, params=query
        )

    return send
