"""The gateway and the three services together, started once for all tests of a module."""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

import kembar_air.app
import kembar_gateway.app
import kembar_waste.app
import kembar_water.app
from kembar_air.settings import AirSettings
from kembar_gateway.settings import PACKAGES as GATEWAY_PACKAGES
from kembar_gateway.settings import GatewaySettings
from kembar_shared.chassis import cli
from kembar_shared.measurement.settings import PACKAGES
from kembar_waste.settings import WasteSettings
from kembar_water.settings import WaterSettings
from tests.loopback import PLAIN

SERVICES = {
    "waste": (kembar_waste.app, WasteSettings),
    "water": (kembar_water.app, WaterSettings),
    "air": (kembar_air.app, AirSettings),
}
BASELINE = """
[[factor]]
standard = "kang-pisman"
subject = "bandung"
quantity = "baseline_kg_per_person_day"
value = 0.70
unit = "kg/person/day"
valid_from = 2018-10-17
source = "survey of 2018"
"""
OFTEN = {"rate_burst": 100_000, "rate_per_s": 100_000}
CSV = {"Content-Type": "text/csv"}


@dataclass
class Everything:
    """All four processes, used through the gateway's one address."""

    client: httpx.Client
    app: Any
    credentials: Path
    _headers: dict[str, dict[str, str]] = field(default_factory=dict)

    def headers(self, role: str) -> dict[str, str]:
        """Return what a ready-made client, or one that was made here, sends."""
        if role not in self._headers:
            made = json.loads(self.credentials.read_text())["clients"][role]
            self._headers[role] = self._bearer(made)
        return self._headers[role]

    def become(self, name: str, role: str, **narrowing: object) -> None:
        """Make a client of a role, known here by its name."""
        body = {"name": name, "role": role} | narrowing
        made = self.post("admin", "/v1/clients", json=body)
        assert made.status_code == 201, made.text
        self._headers[name] = self._bearer(made.json())

    def get(self, role: str, path: str, **query: object) -> httpx.Response:
        return self.client.get(path, params=query, headers=self.headers(role))

    def items(self, role: str, path: str, **query: object) -> list[dict]:
        answer = self.get(role, path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    def post(self, role: str, path: str, **arguments: Any) -> httpx.Response:
        headers = self.headers(role) | arguments.pop("headers", {})
        return self.client.post(path, headers=headers, **arguments)

    def station(self, service: str, code: str, **members: object) -> None:
        usual = {
            "code": code,
            "name": code,
            "kind": "site",
            "latitude": -6.94,
            "longitude": 107.66,
            "timezone": "Asia/Jakarta",
            "jurisdiction": "bandung",
            "origin": "real",
        }
        answer = self.post("operator", f"/{service}/v1/stations", json=usual | members)
        assert answer.status_code == 201, answer.text

    def send(self, service: str, header: str, *rows: str, role: str = "field-agent") -> dict:
        """Upload rows, all of which are to be stored; return the receipt."""
        body = "\n".join((header, *rows, ""))
        answer = self.post(role, f"/{service}/v1/uploads", content=body, headers=CSV)
        assert answer.status_code == 201, answer.text
        receipt = answer.json()
        where = f"/{service}/v1/uploads/{receipt['id']}/rejections"
        assert receipt["rejected"] == 0, self.get(role, where).text
        return receipt

    def figure(self, service: str, indicator: str, period: str) -> dict:
        """Return a service's figure of Bandung."""
        (found,) = (
            each
            for each in self.items("partner", f"/{service}/v1/indicators", limit=10_000)
            if (each["indicator"], each["period"], each["jurisdiction"])
            == (indicator, period, "bandung")
        )
        return found

    def outcome(self, indicator: str, period: str) -> dict:
        """Return an outcome as the partner pulls it, once its service was asked again."""
        began, deadline = datetime.now(UTC), time.monotonic() + 15
        while True:
            (found,) = (
                each
                for each in self.items("partner", "/v1/outcomes", period=period)
                if each["indicator"] == indicator
            )
            heard = [s["fetched_at"] for s in found["sources"] if s["service"] in SERVICES]
            if all(at and datetime.fromisoformat(at) > began for at in heard):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.1)

    def _bearer(self, made: dict[str, str]) -> dict[str, str]:
        answer = self.client.post(
            "/oauth/token",
            auth=(made["client_id"], made["client_secret"]),
            data={"grant_type": "client_credentials"},
        )
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture(scope="module")
def everything(tmp_path_factory, sqlite_templates):
    folder = tmp_path_factory.mktemp("mission")
    (folder / "baseline.toml").write_text(BASELINE)
    running: list[tuple[Any, threading.Thread]] = []

    def serve(app, settings):
        server = cli.server(app, settings)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + 15
        while not server.started:
            assert time.monotonic() < deadline, "an app did not start in time"
            time.sleep(0.01)
        running.append((server, thread))
        return server.servers[0].sockets[0].getsockname()[1]

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    urls = {}
    for name, (module, kind) in SERVICES.items():
        own = {"standards_file": folder / "baseline.toml"} if name == "waste" else {}
        settings = kind(
            database_url=sqlite_templates.new(folder / f"{name}.sqlite", PACKAGES),
            audit_key_file=folder / f"{name}.audit",
            jwks_url=f"http://127.0.0.1:{port}/.well-known/jwks.json",
            jwks_file=folder / f"{name}.jwks.json",
            figures_period_s=3600,
            port=0,
            **OFTEN,
            **own,
        )
        urls[f"{name}_url"] = f"http://127.0.0.1:{serve(module.build(settings), settings)}"
    settings = GatewaySettings(
        database_url=sqlite_templates.new(folder / "gateway.sqlite", GATEWAY_PACKAGES),
        audit_key_file=folder / "gateway.audit",
        keys_file=folder / "keys.json",
        credentials_file=folder / "credentials.json",
        pull_period_s=1,
        port=port,
        **OFTEN,
        **urls,
    )
    app = kembar_gateway.app.build(settings)
    serve(app, settings)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, **PLAIN) as client:
        yield Everything(client, app, folder / "credentials.json")
    for server, _ in running:
        server.should_exit = True
    for _, thread in running:
        thread.join(timeout=15)
        assert not thread.is_alive(), "an app did not stop"
