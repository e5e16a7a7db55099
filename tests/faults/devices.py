"""Devices that upload and never give up, and the oracle that knows only what was answered."""

from __future__ import annotations

import collections
import json
import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from tests.faults.processes import Reach, all_rows

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
HEADER = "station,parameter,time,value,unit\n"


@dataclass(frozen=True)
class Row:
    """One measurement as sent."""

    station: str
    time: str
    value: float

    @property
    def identity(self) -> tuple[str, str]:
        return self.station, self.time


@dataclass
class Oracle:
    """What the service has promised: every row of every upload that it answered 2xx."""

    acknowledged: dict[tuple[str, str], float] = field(default_factory=dict)
    receipts: dict[str, dict] = field(default_factory=dict)
    unexpected: list[str] = field(default_factory=list)
    attempts: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, rows: list[Row], receipt: dict) -> None:
        """Remember a promise."""
        with self.lock:
            self.receipts[receipt["id"]] = receipt
            self.acknowledged |= {row.identity: row.value for row in rows}
            counts = (receipt["received"], receipt["inserted"] + receipt["unchanged"])
            if counts != (len(rows), len(rows)):
                self.unexpected.append(f"{len(rows)} rows sent, receipt {receipt}")

    def compare(self, client: httpx.Client) -> dict[str, object]:
        """Return how what is read back differs from what was promised."""
        stored = all_rows(client)
        times = collections.Counter((row["station"], row["time"]) for row in stored)
        values = {(row["station"], row["time"]): row["value"] for row in stored}
        per_upload = collections.Counter(row["upload"] for row in stored)
        first = [r for r in self.receipts.values() if r["inserted"]]
        kept = {r["id"]: client.get(f"/v1/uploads/{r['id']}").json() for r in first}
        return {
            "lost": sorted(self.acknowledged.keys() - values.keys()),
            "doubled": [identity for identity, n in times.items() if n > 1],
            "altered": [i for i, v in self.acknowledged.items() if values.get(i, v) != v],
            "corrected": [row["time"] for row in stored if row["revision"] != 1],
            "half": [r["id"] for r in first if per_upload[r["id"]] != r["inserted"]],
            "receipts": [r["id"] for r in first if kept[r["id"]].get("inserted") != r["inserted"]],
            "unexpected": self.unexpected,
        }


NOTHING_WRONG = {
    "lost": [], "doubled": [], "altered": [], "corrected": [], "half": [], "receipts": [],
    "unexpected": [],
}  # fmt: skip


class Device(threading.Thread):
    """Uploads rows of its own station, each until it is acknowledged."""

    def __init__(self, water: Reach, oracle: Oracle, station: str, *, rows: int = 40) -> None:
        super().__init__(name=station, daemon=True)
        self._water = water
        self._oracle = oracle
        self._station = station
        self._rows = rows
        self._sent = 0
        self._random = random.Random(station)
        self._client = water.client(timeout_s=20)
        self._over = threading.Event()

    def run(self) -> None:
        """Upload until told to end; the last upload is seen through."""
        while not self._over.is_set():
            self.upload()
        self.close()

    def close(self) -> None:
        """Hang up for good."""
        self._client.close()

    def finish(self) -> None:
        """Let the last upload be the last."""
        self._over.set()

    def hang_up(self) -> None:
        """Make the next upload over a new connection."""
        self._client.close()
        self._client = self._water.client(timeout_s=5)

    def upload(self) -> None:
        """Send the next rows, as CSV or JSON, with a key or without, until they are answered."""
        rows = self._next_rows()
        body, media_type = _body(rows, as_json=self._random.random() < 0.5)
        headers = {"Content-Type": media_type}
        if self._random.random() < 0.5:
            headers["Idempotency-Key"] = uuid.uuid4().hex
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            self._oracle.attempts += 1
            try:
                answer = self._client.post("/v1/uploads", content=body, headers=headers)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if answer.status_code in {200, 201}:
                self._oracle.note(rows, answer.json())
                return
            if answer.status_code not in {429, 503} or "retry-after" not in answer.headers:
                self._oracle.unexpected.append(f"{answer.status_code} {answer.text[:200]}")
                return
            time.sleep(0.1)
        self._oracle.unexpected.append("an upload was never acknowledged")

    def _next_rows(self) -> list[Row]:
        rows = []
        for _ in range(self._rows):
            instant = FIRST + timedelta(minutes=self._sent)
            time_ = instant.isoformat().replace("+00:00", "Z")
            rows.append(Row(self._station, time_, (self._sent * 7 % 30_000) / 1000))
            self._sent += 1
        return rows


def _body(rows: list[Row], *, as_json: bool) -> tuple[bytes, str]:
    if not as_json:
        lines = "".join(f"{r.station},bod,{r.time},{r.value!r},mg/L\n" for r in rows)
        return (HEADER + lines).encode(), "text/csv"
    measurements = [
        {"station": r.station, "parameter": "bod", "time": r.time, "value": r.value, "unit": "mg/L"}
        for r in rows
    ]
    return json.dumps({"measurements": measurements}).encode(), "application/json"
