"""Each of the four apps alone, trusting the test's own issuer; a gateway with its service."""

from __future__ import annotations

import os

import httpx
import pytest
from pydantic import SecretStr

import kembar_air.app
import kembar_gateway.app
import kembar_waste.app
import kembar_water.app
from kembar_air.settings import AirSettings
from kembar_gateway.settings import PACKAGES as GATEWAY_PACKAGES
from kembar_gateway.settings import GatewaySettings
from kembar_shared.chassis.verifying import Verifier
from kembar_shared.measurement.settings import PACKAGES
from kembar_waste.settings import WasteSettings
from kembar_water.settings import WaterSettings
from tests.loopback import PLAIN
from tests.service.pairs import Pair

OFTEN = {"rate_burst": 100_000, "rate_per_s": 100_000}
PREFIXES = ("KEMBAR_", "KEMBAR_GATEWAY_", "KEMBAR_WASTE_", "KEMBAR_WATER_", "KEMBAR_AIR_")
APPS = {
    "waste": (kembar_waste.app, WasteSettings, PACKAGES),
    "water": (kembar_water.app, WaterSettings, PACKAGES),
    "air": (kembar_air.app, AirSettings, PACKAGES),
    "gateway": (kembar_gateway.app, GatewaySettings, GATEWAY_PACKAGES),
}


@pytest.fixture(params=APPS)
def name(request):
    return request.param


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request, tmp_path):
    """Return a function: name and packages -> the URL of a new database, of either kind."""

    def new(name, packages):
        if request.param == "sqlite":
            templates = request.getfixturevalue("sqlite_templates")
            return SecretStr(templates.new(tmp_path / f"{name}.sqlite", packages))
        return SecretStr(request.getfixturevalue("postgres_templates").new(packages))

    return new


@pytest.fixture
def app(name, tmp_path, new_url, signing):
    module, kind, packages = APPS[name]
    own = {"keys_file": tmp_path / "keys.json"} if name == "gateway" else {}
    settings = kind(database_url=new_url("app", packages), **own)
    app = module.build(settings)
    app.state.verifier = Verifier(signing.keys, issuer=settings.issuer, audience=settings.audience)
    return app


@pytest.fixture
def pair(serve, tmp_path, new_url):
    gateway = GatewaySettings(
        database_url=new_url("gateway", GATEWAY_PACKAGES),
        keys_file=tmp_path / "keys.json",
        credentials_file=tmp_path / "credentials.json",
        pull_period_s=3600,
        revocations_poll_s=0.2,
        **OFTEN,
        **dict.fromkeys(("waste_url", "water_url", "air_url"), "http://127.0.0.1:9"),
    )
    water = WaterSettings(
        database_url=new_url("water", PACKAGES),
        jwks_file=tmp_path / "water.jwks.json",
        revocations_poll_s=0.2,
        **OFTEN,
    )
    dead = httpx.Client(base_url="http://127.0.0.1:9", **PLAIN)
    pair = Pair(serve, gateway, water, dead, dead)
    pair.restart_gateway()
    return pair


@pytest.fixture(scope="session", autouse=True)
def _audit_keys_elsewhere(tmp_path_factory: pytest.TempPathFactory):
    """Keep the keys of apps that outlive a test out of the working folder."""
    folder = tmp_path_factory.mktemp("audit")
    before = dict(os.environ)
    os.environ.update({f"{prefix}AUDIT_KEY_FILE": f"{folder}/shared.key" for prefix in PREFIXES})
    yield folder
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def audit_key_file(_audit_keys_elsewhere, monkeypatch, request):
    """Give each test a place for the key of its trails; nothing is made there."""
    file = _audit_keys_elsewhere / f"{abs(hash(request.node.nodeid))}" / "audit.key"
    for prefix in PREFIXES:
        monkeypatch.setenv(f"{prefix}AUDIT_KEY_FILE", str(file))
    return file
