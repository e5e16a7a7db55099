"""A sequence of requests, told to a service and to the model alike."""

from __future__ import annotations

import csv
import io
import json
import math
import uuid
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

import httpx

from tests.service.measurement.naive import Identity, Naive, Outcome, Version
from tests.service.measurement.recomputed import differences
from tests.service.measurement.sequences import PARAMETERS, ZONES, Again, Review, Step, Upload

COLUMNS = (
    "station", "parameter", "material", "source", "time", "value", "unit", "qualifier", "limit",
    "period", "note",
)  # fmt: skip
COUNTS = ("inserted", "unchanged", "corrected", "rejected", "flagged")
EPSILON = 1e-9


class Story:
    """A sequence of requests to a service and to the model, and a comparison of what they answer.

    Each has stations of its own, so that one database serves them all.
    """

    def __init__(self, kind, sender, reviewer, engine):
        self.sender, self.reviewer, self.engine = sender, reviewer, engine
        self.mark = uuid.uuid4().hex[:8]
        self.codes = {name: f"{name}-{self.mark}" for name in ZONES}
        self.names = {code: name for name, code in self.codes.items()}
        self.model = Naive(PARAMETERS[kind], ZONES)
        self.files: list[tuple[Upload, str, str | None]] = []
        for name, zone in ZONES.items():
            station = {
                "code": self.codes[name], "name": name, "kind": "river", "latitude": 1.0,
                "longitude": 2.0, "timezone": zone, "jurisdiction": "bandung",
                "origin": "synthetic",
            }  # fmt: skip
            assert sender.post("/v1/stations", json=station).status_code == 201

    def tell(self, step: Step) -> None:
        """Send one request, and let the model know."""
        if isinstance(step, Upload):
            self._send(step, uuid.uuid4().hex, reinstate=step.reinstate)
        elif isinstance(step, Again) and self.files:
            upload, key, receipt = self.files[step.which % len(self.files)]
            if step.is_keyed and receipt is not None:
                answer = self._post(upload, key, reinstate=upload.reinstate)
                assert (answer.status_code, answer.json()["replayed"]) == (200, True)
                assert answer.json()["id"] == receipt
            else:
                self._send(upload, uuid.uuid4().hex, reinstate=step.reinstate)
        elif isinstance(step, Review):
            self._judge(step)

    def _post(self, upload: Upload, key: str, *, reinstate: bool) -> httpx.Response:
        rows = [
            (self.codes[row.identity[0]], *row.identity[1:4],
             _written(row.identity[4], upload.offsets[n % len(upload.offsets)]),
             row.value, row.unit, row.qualifier, row.limit, row.period, row.note)
            for n, row in enumerate(upload.rows)
        ]  # fmt: skip
        objects = [
            {name: cell for name, cell in zip(COLUMNS, row, strict=True) if cell is not None}
            for row in rows
        ]
        if upload.form == "csv":
            text = io.StringIO()
            csv.writer(text).writerows([COLUMNS, *rows])
            body, kind = text.getvalue(), "text/csv"
        elif upload.form == "json":
            body, kind = json.dumps({"measurements": objects}), "application/json"
        else:
            body, kind = "".join(json.dumps(o) + "\n" for o in objects), "application/x-ndjson"
        mode = "all-or-nothing" if upload.all_or_none else "accept-valid"
        return self.sender.post(
            "/v1/uploads",
            content=body,
            headers={"Content-Type": kind, "Idempotency-Key": key},
            params={"mode": mode, "reinstate": reinstate, "dry_run": upload.is_trial},
        )

    def _send(self, upload: Upload, key: str, *, reinstate: bool) -> None:
        outcome = self.model.receive(
            list(upload.rows),
            2 if upload.form == "csv" else 1,
            client="tester",
            reinstate=reinstate,
            all_or_none=upload.all_or_none,
        )
        answer = self._post(upload, key, reinstate=reinstate)
        told = answer.json()
        receipt = told if outcome.is_stored or upload.is_trial else told["receipt"]
        stored = 201 if outcome.is_stored else 422
        assert answer.status_code == (200 if upload.is_trial else stored), told
        assert {name: receipt[name] for name in COUNTS} == outcome.counts
        assert (
            receipt["received"]
            == len(upload.rows)
            == sum(receipt[name] for name in COUNTS if name != "flagged")
        )
        if upload.is_trial:
            return
        kept = self.sender.get(f"/v1/uploads/{receipt['id']}").json()
        assert {name: kept[name] for name in COUNTS} == outcome.counts
        lines = self._all(f"/v1/uploads/{receipt['id']}/rejections")
        assert len({row["line"] for row in lines}) <= outcome.counts["rejected"]
        sent = replace(upload, reinstate=reinstate)
        self.files.append((sent, key, receipt["id"] if outcome.is_stored else None))
        self.model.note(outcome, receipt["received_at"], receipt["id"])

    def _judge(self, step: Review) -> None:
        upload = None
        sent = [code for _, _, code in self.files if code is not None]
        if step.upload is not None and sent:
            upload = sent[step.upload % len(sent)]
        if step.flag == 9:
            if upload is None:
                return
            outcome = self.model.judge(9, client="tester", stations=[*ZONES],
                                       chosen={"upload": upload})  # fmt: skip
            path = f"/v1/uploads/{upload}/retraction"
            answer = self.sender.post(path, json={"reason": "Taken back."})
        else:
            chosen = {"upload": upload, "parameter": step.parameter,
                      "from": step.since, "to": step.until}  # fmt: skip
            outcome = self.model.judge(
                step.flag, client="reviewer", stations=[*step.stations], chosen=chosen
            )
            asked = {
                "flag": step.flag, "reason": "Looked at.", "upload": upload,
                "stations": [self.codes[name] for name in step.stations],
                "parameters": None if step.parameter is None else [step.parameter],
                "from": step.since and step.since.isoformat(),
                "to": step.until and step.until.isoformat(),
            }  # fmt: skip
            body = {name: value for name, value in asked.items() if value is not None}
            answer = self.reviewer.post("/v1/reviews", json=body)
        if not outcome.brought:
            assert answer.status_code == 409, answer.text
            return
        assert (answer.status_code, answer.json()["judged"]) == (201, len(outcome.brought))
        self.model.note(outcome, answer.json()["recorded_at"])

    def compare(self, limit: int) -> None:
        """Ask everything that can be read, and compare it."""
        now = self._all("/v1/measurements", limit=limit)
        self._same(now, self.model.now)
        assert [*map(_place, now)] == sorted(map(_place, now), key=_order_of(now))
        for at, known in self.model.known:
            self._same(self._all("/v1/measurements", as_of=at), known)
            before = datetime.fromisoformat(at) - timedelta(microseconds=1)
            assert len(self._all("/v1/measurements", as_of=before.isoformat())) <= len(known)
        self._same(
            self._all("/v1/measurements/latest", limit=limit),
            {(*series, time): version for series, (time, version) in self.model.latest().items()},
        )
        self._compare_files(now)
        self._compare_feed(limit)
        for grain in ("day", "month", "year"):
            self._compare_rollups(grain, limit)
        assert differences(self.engine, [*self.codes.values()]) == []

    def _compare_files(self, now: list[dict]) -> None:
        query = {"station": [*self.codes.values()], "format": "csv"}
        answer = self.sender.get("/v1/measurements", params=query)
        rows = [*csv.DictReader(io.StringIO(answer.text))]
        assert len(rows) == len(now)
        for row, item in zip(rows, now, strict=True):
            for name in ("station", "parameter", "qualifier", "period", "upload", "unit"):
                assert row[name] == (item[name] or "")
            assert datetime.fromisoformat(row["time"]) == datetime.fromisoformat(item["time"])
            for name in ("value", "limit", "flag", "revision", "line"):
                assert row[name] == "" if item[name] is None else float(row[name]) == item[name]
            assert row["note"].lstrip("'") == (item["note"] or "")

    def _compare_feed(self, limit: int) -> None:
        told, cursor = defaultdict(list), None
        while True:
            page = self.sender.get("/v1/changes", params=self._asked(limit=limit, cursor=cursor))
            if not page.json()["items"]:
                break
            cursor = page.json()["next"]
            for item in page.json()["items"]:
                told[item["seq"]].append(item)
        events = [event for event in self.model.events if event.brought]
        assert [*told] == sorted(told)
        assert len(told) == len(events)
        for items, event in zip(told.values(), events, strict=True):
            self._same([item["measurement"] for item in items], event.brought)
            assert {item["client"] for item in items} == {event.client}
            for item in items:
                assert item["change"] == _change(event, item["measurement"])

    def _compare_rollups(self, grain: str, limit: int) -> None:
        told = self._all("/v1/rollups", period=grain, limit=limit)
        expected = self.model.rollups(grain)
        found = {
            (self.names[i["station"]], i["parameter"], i["material"], i["source"], i["period"]): i
            for i in told
        }
        assert len(found) == len(told)
        assert found.keys() == expected.keys()
        for key, summary in expected.items():
            for name, value in summary.items():
                assert _close(found[key][name], value, name), (key, name, found[key], summary)

    def _same(self, items: list[dict], expected: dict[Identity, Version]) -> None:
        found = {_identity(item, self.names): item for item in items}
        assert len(found) == len(items)
        assert found.keys() == expected.keys()
        for identity, version in expected.items():
            shown = self._shown(identity, version)
            told = {name: found[identity][name] for name in shown}
            assert told == shown

    def _shown(self, identity: Identity, version: Version) -> dict:
        parameter, sent = self.model.parameters[identity[1]], version.sent
        local = identity[4].astimezone(ZoneInfo(ZONES[identity[0]]))
        value, qualifier, limit, _, note = version.content
        is_converted = parameter.factors[sent.unit] != Fraction(1)
        return {
            "time_local": local.replace(tzinfo=None).isoformat(),
            "utc_offset": local.isoformat()[-6:],
            "value": value,
            "unit": parameter.unit,
            "sent_value": sent.value if is_converted and sent.value else value,
            "sent_unit": sent.unit,
            "qualifier": qualifier,
            "limit": limit,
            "period": sent.period or parameter.period,
            "flag": version.flag,
            "revision": version.revision,
            "origin": "synthetic",
            "upload": version.upload,
            "line": version.line,
            "note": note,
        }

    def _asked(self, **query: object) -> dict[str, object]:
        wanted = {"station": [*self.codes.values()], **query}
        return {name: value for name, value in wanted.items() if value is not None}

    def _all(self, path: str, **query: object) -> list[dict]:
        items, cursor = [], None
        is_own = path.startswith("/v1/uploads/")
        while True:
            asked = {"cursor": cursor} if is_own and cursor else {}
            asked = asked if is_own else self._asked(cursor=cursor, **query)
            answer = self.sender.get(path, params=asked)
            assert answer.status_code == 200, answer.text
            items += answer.json()["items"]
            cursor = answer.json()["next"]
            if cursor is None:
                return items


def _written(instant: datetime, offset_min: int) -> str:
    at = instant.astimezone(timezone(timedelta(minutes=offset_min))).isoformat()
    return at.replace("+00:00", "Z") if offset_min == 0 else at


def _identity(item: dict, names: dict[str, str]) -> Identity:
    time = datetime.fromisoformat(item["time"]).astimezone(UTC)
    return names[item["station"]], item["parameter"], item["material"], item["source"], time


def _place(item: dict) -> tuple:
    return (item["station"], item["parameter"], item["material"], item["source"]), item["time"]


def _order_of(items: list[dict]):
    """Order by series as they first come, then by time."""
    first = {}
    for item in items:
        first.setdefault(_place(item)[0], len(first))
    return lambda place: (first[place[0]], datetime.fromisoformat(place[1]))


def _change(event: Outcome, measured: dict) -> str:
    if event.kind != "upload":
        return event.kind
    return "insertion" if measured["revision"] == 1 else "correction"


def _close(told: object, expected: object, name: str) -> bool:
    if isinstance(told, float | int) and isinstance(expected, float | int):
        most = 1e-6 if name in {"expected", "coverage"} else EPSILON
        return math.isclose(told, expected, rel_tol=most, abs_tol=most)
    return told == expected
