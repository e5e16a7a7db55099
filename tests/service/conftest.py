"""Each of the four apps, on an empty database, trusting the test's own issuer."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

import kembar_air.app
import kembar_gateway.app
import kembar_waste.app
import kembar_water.app
from kembar_air.settings import AirSettings
from kembar_gateway.settings import GatewaySettings
from kembar_shared.chassis.auth import Verifier
from kembar_shared.measurement import service
from kembar_waste.settings import WasteSettings
from kembar_water.settings import WaterSettings

APPS = {
    "waste": (kembar_waste.app, WasteSettings, service.PACKAGES),
    "water": (kembar_water.app, WaterSettings, service.PACKAGES),
    "air": (kembar_air.app, AirSettings, service.PACKAGES),
    "gateway": (kembar_gateway.app, GatewaySettings, kembar_gateway.app.PACKAGES),
}


@pytest.fixture(params=APPS)
def name(request):
    return request.param


@pytest.fixture
def app(name, tmp_path, sqlite_templates, signing):
    module, kind, packages = APPS[name]
    own = {"keys_file": tmp_path / "keys.json"} if name == "gateway" else {}
    url = sqlite_templates.new(tmp_path / "app.sqlite", packages)
    settings = kind(database_url=SecretStr(url), **own)
    app = module.build(settings)
    app.state.verifier = Verifier(signing.keys, issuer=settings.issuer, audience=settings.audience)
    return app
