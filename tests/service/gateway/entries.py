"""Entries as a planner sends them, and who sends them."""

from __future__ import annotations

import itertools
from typing import Any

Body = dict[str, Any]

SOURCE = {"title": "Minutes of the yearly meeting", "where": "archive 12"}
EVIDENCE = {"title": "Receipt", "sha256": "ab" * 32}


def words(text: str) -> dict[str, str]:
    return {"en": text, "id": f"{text} (id)", "ja": f"{text} 日"}


def fact(**members: object) -> Body:
    return {"sources": [SOURCE], "status": "published"} | members


def evidenced(**members: object) -> Body:
    return fact(status="evidenced", evidence=[EVIDENCE]) | members


def entry(code: str, cooperation: str = "bandung-kawasaki", **members: object) -> Body:
    return fact(code=code, cooperation=cooperation, names=words(code)) | members


def cooperation(code: str, *parties: str) -> Body:
    return fact(code=code, names=words(code), parties=list(parties), timezone="Asia/Jakarta")


def party(code: str, cooperation: str, **members: object) -> Body:
    return entry(code, cooperation, kind="city", country="ID") | members


def step(name: str, on: str, **members: object) -> Body:
    is_shown = name in {"evidenced", "effect_shown"}
    return (evidenced if is_shown else fact)(step=name, on=on) | members


def commitment(code: str, *steps: Body, **members: object) -> Body:
    return entry(code, steps=list(steps) or [step("planned", "2024")]) | members


def contribution(code: str, giver: str, receiver: str, quantity: float | None, **members) -> Body:
    usual = {"kind": "technical", "unit": "person_days", "quantity": quantity}
    dates = [fact(event="given", on="2024-05")]
    return entry(code, giver=giver, receiver=receiver, dates=dates, **usual) | members


def indicator(code: str, cooperation: str, **members: object) -> Body:
    said = ("names", "meaning", "unit_names", "baseline_note", "targets_note")
    usual = {"unit": "1", "digits": 1, "direction": "up", "measure": "ratio"}
    place = {"code": code, "cooperation": cooperation, "focus_area": "waste"}
    areas = {"jurisdictions": ["west"]}
    return {name: words(name) for name in said} | usual | place | areas | members


def reckoned(name: str, cooperation: str, **members: object) -> Body:
    """Define an outcome that follows from the register's own entries."""
    body = indicator(f"cooperation.{name}", cooperation, fed_by="reckoning", jurisdictions=[])
    return {n: v for n, v in body.items() if n != "focus_area"} | members


def amount(value: int, on: str = "2024", **members: object) -> Body:
    return fact(amount=value, on=on) | members


BOTH = "bandung-kawasaki"
ALL = "outcomes:read register:write audit:read"


class Planner:
    """Asks the gateway as a client with these rights."""

    def __init__(self, gateway, scope: str = ALL, **narrowing):
        self.client = gateway.client
        self.headers = {"Authorization": f"Bearer {gateway.token(scope, **narrowing)}"}

    def get(self, path, **query):
        return self.client.get(path, params=query, headers=self.headers)

    def post(self, kind, body, **headers):
        return self.client.post(f"/v1/{kind}", json=body, headers=self.headers | headers)

    def patch(self, path, change, etag=None, **query):
        headers = self.headers if etag is None else self.headers | {"If-Match": etag}
        body = {"reason": "As decided."} | change
        return self.client.patch(path, json=body, headers=headers, params=query)

    def change(self, path, change):
        done = self.patch(path, change, self.get(path).headers["etag"])
        assert done.status_code == 200, done.text
        return done.json()


def faults(answer) -> set[tuple[str, str]]:
    """Return place and code of each fault of a refusal."""
    assert answer.status_code == 422, answer.text
    return {(each["place"], each["code"]) for each in answer.json()["errors"]}


NUMBERS = itertools.count(1)


class Made:
    """A cooperation of two cities, `west` and `east`, that a test fills."""

    def __init__(self, planner):
        self.planner = planner
        self.code = f"made-{next(NUMBERS)}"
        self.enter("cooperations", cooperation(self.code))
        for code, part_of in (("west", None), ("east", None), ("west-utility", "west")):
            self.enter("parties", party(code, self.code, part_of=part_of))
        self.change("cooperations", self.code, {"parties": ["west", "east"]})

    def enter(self, kind, body):
        sent = body if kind == "cooperations" else body | {"cooperation": self.code}
        answer = self.planner.post(kind, sent)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def change(self, kind, code, change):
        path, query = f"/v1/{kind}/{code}", {"cooperation": self.code}
        etag = self.planner.get(path, **query).headers["etag"]
        answer = self.planner.patch(path, change, etag, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def show(self, view, **query):
        answer = self.planner.get(f"/v1/{view}", cooperation=self.code, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def reckon(self, name, **members):
        self.enter("indicators", reckoned(name, self.code) | members)

    def outcome(self, code, period, **query):
        items = self.show("outcomes", indicator=code, period=period, **query)["items"]
        return items[0]

    def judge(self, code, **members):
        """Enter an indicator, and the agreement and focus area that it needs."""
        self.agree("waste")
        self.enter("focus-areas", entry("waste", agreement="agreed"))
        self.enter("indicators", indicator(code, self.code) | members)

    def agree(self, *scopes):
        shaped = [fact(code=scope, names=words(scope)) for scope in scopes]
        self.enter("agreements", entry("agreed", kind="memorandum", scopes=shaped))


def share(ratio) -> tuple[int, int]:
    """Return numerator and denominator of a ratio as shown."""
    return ratio["numerator"], ratio["denominator"]
