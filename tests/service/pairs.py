"""A gateway and a water service that trusts it, each on a database of its own."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import httpx

import kembar_gateway.app
import kembar_water.app
from kembar_gateway.settings import GatewaySettings
from kembar_water.settings import WaterSettings

FORM = {"grant_type": "client_credentials"}
WITHIN_S = 10


@dataclass
class Pair:
    """The gateway and the service as they run now; each may be started anew."""

    serve: Any
    gateway_settings: GatewaySettings
    water_settings: WaterSettings
    gateway: httpx.Client
    water: httpx.Client

    def restart_gateway(self, **changes):
        self.gateway_settings = self.gateway_settings.model_copy(update=changes)
        self.gateway = self.serve(kembar_gateway.app.build(self.gateway_settings))
        self.restart_water(jwks_url=f"{self.gateway.base_url}/.well-known/jwks.json")

    def restart_water(self, **changes):
        self.water_settings = self.water_settings.model_copy(update=changes)
        self.water = self.serve(kembar_water.app.build(self.water_settings))

    def first(self, role):
        """Return id and secret of a ready-made client."""
        made = json.loads(self.gateway_settings.credentials_file.read_text())["clients"][role]
        return made["client_id"], made["client_secret"]

    def ask(self, auth):
        return self.gateway.post("/oauth/token", data=FORM, auth=auth)

    def token(self, auth):
        return self.ask(auth).json()["access_token"]

    def admin(self, method, path, **arguments):
        headers = {"Authorization": f"Bearer {self.token(self.first('admin'))}"}
        headers |= arguments.pop("headers", {})
        return self.gateway.request(method, path, headers=headers, **arguments)

    def change(self, client_id, **members):
        path = f"/v1/clients/{client_id}"
        etag = self.admin("GET", path).headers["ETag"]
        answer = self.admin("PATCH", path, json=members, headers={"If-Match": etag})
        assert answer.status_code == 200, answer.text

    def statuses(self, token):
        """Return how the gateway and the service answer to a token."""
        headers = {"Authorization": f"Bearer {token}"}
        return (
            self.gateway.get("/v1/cooperations", headers=headers).status_code,
            self.water.get("/v1/parameters", headers=headers).status_code,
        )

    def await_statuses(self, token, *statuses):
        """Wait until a token is answered so, for as long as was promised."""
        self.eventually(lambda: self.statuses(token) == statuses)

    def hold_statuses(self, token, *statuses, for_s=1):
        """Ask again and again for a while; the answers stay the same."""
        until = time.monotonic() + for_s
        while time.monotonic() < until:
            assert self.statuses(token) == statuses
            time.sleep(0.05)

    def eventually(self, is_so):
        deadline = time.monotonic() + WITHIN_S
        while not is_so():
            assert time.monotonic() < deadline
            time.sleep(0.05)
