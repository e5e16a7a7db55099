"""What a service should hold after any sequence of requests, kept in plain dictionaries.

Written from the contract and the decisions, not from the code under test: nothing of the product is
imported here, and nothing is fast.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

GOOD, UNSEEN_VALUE, SUSPECT, FAIL, MISSING = 1, 2, 3, 4, 9
MINUTES = {"PT10M": 10, "PT1H": 60, "PT6H": 360, "P1D": 1440}
MONTHS = {"P1M": 1, "P1Y": 12}

Identity = tuple[str, str, str | None, str | None, datetime]
"""Station, parameter, material, source and time."""


@dataclass(frozen=True)
class Parameter:
    """What the contract says of a parameter: unit, factors, plausible values, periods."""

    unit: str
    factors: dict[str, Fraction]
    fail: tuple[float, float]
    suspect: tuple[float, float]
    period: str
    cadence: str


@dataclass(frozen=True)
class Sent:
    """One row of a file."""

    identity: Identity
    value: str
    unit: str
    qualifier: str | None = None
    limit: str | None = None
    period: str | None = None
    note: str | None = None
    is_readable: bool = True


@dataclass(frozen=True)
class Version:
    """One version of a measurement."""

    content: tuple[float | None, str | None, float | None, str | None, str | None]
    sent: Sent
    line: int
    flag: int
    revision: int = 1
    upload: str = ""
    judged: bool = False

    @property
    def is_converted(self) -> bool:
        """Whether it was a volume, of a density that its unit names."""
        return "@" in self.sent.unit

    @property
    def said(self) -> tuple[object, bool]:
        """What makes it another statement than one before."""
        return self.content, self.is_converted


@dataclass
class Outcome:
    """What a request should bring about."""

    kind: str
    client: str
    counts: dict[str, int] = field(default_factory=dict)
    brought: dict[Identity, Version] = field(default_factory=dict)
    is_stored: bool = True


class Naive:
    """One service's measurements of a few stations."""

    def __init__(self, parameters: dict[str, Parameter], zones: dict[str, str]) -> None:
        self.parameters, self.zones = parameters, zones
        self.now: dict[Identity, Version] = {}
        self.past: dict[Identity, list[Version]] = defaultdict(list)
        self.events: list[Outcome] = []
        self.known: list[tuple[str, dict[Identity, Version]]] = []

    def receive(
        self, rows: list[Sent], first_line: int, *, client: str, reinstate: bool, all_or_none: bool
    ) -> Outcome:
        """Return what an upload of *rows* should bring about."""
        by_identity: dict[Identity, list[Version]] = defaultdict(list)
        for line, row in enumerate(rows, first_line):
            if row.is_readable:
                by_identity[row.identity].append(self._version(row, line))
        counts = {"inserted": 0, "unchanged": 0, "corrected": 0, "flagged": 0, "rejected": 0}
        counts["rejected"] = len([row for row in rows if not row.is_readable])
        outcome = Outcome("upload", client, counts)
        for identity, versions in by_identity.items():
            if len({version.content for version in versions}) > 1:
                counts["rejected"] += len(versions)
                continue
            counts["unchanged"] += len(versions) - 1
            weighed = [version for version in versions if not version.is_converted]
            best = (weighed or versions)[0]
            status = self._status(identity, best, reinstate=reinstate)
            counts[status] += 1
            if status in {"inserted", "corrected"}:
                revision = len(self.past[identity]) + (2 if identity in self.now else 1)
                outcome.brought[identity] = replace(best, revision=revision)
                counts["flagged"] += best.flag in {SUSPECT, FAIL}
        outcome.is_stored = counts["rejected"] < len(rows) and not (
            all_or_none and counts["rejected"]
        )
        if not outcome.is_stored:
            outcome.brought.clear()
            counts.update(dict.fromkeys(counts, 0) | {"rejected": len(rows)})
        return outcome

    def judge(
        self, flag: int, *, client: str, stations: list[str], chosen: dict[str, object]
    ) -> Outcome:
        """Return what a review or a retraction should bring about; *chosen* narrows it."""
        brought = {
            identity: replace(version, flag=flag, revision=version.revision + 1, judged=True)
            for identity, version in self.now.items()
            if identity[0] in stations
            and version.flag != MISSING
            and (version.flag != flag or not version.judged)
            and chosen.get("parameter") in {None, identity[1]}
            and chosen.get("upload") in {None, version.upload}
            and (chosen.get("from") is None or identity[4] >= chosen["from"])  # type: ignore[operator]
            and (chosen.get("to") is None or identity[4] < chosen["to"])  # type: ignore[operator]
        }
        return Outcome("retraction" if flag == MISSING else "review", client, {}, brought)

    def note(self, outcome: Outcome, at: str, upload: str | None = None) -> None:
        """Let *outcome* have happened at the instant that its answer told."""
        for identity, version in outcome.brought.items():
            if identity in self.now:
                self.past[identity].append(self.now[identity])
            named = version if upload is None else replace(version, upload=upload)
            self.now[identity] = outcome.brought[identity] = named
        self.events.append(outcome)
        self.known.append((at, dict(self.now)))

    def latest(self) -> dict[tuple[object, ...], tuple[datetime, Version]]:
        """Return the newest measurement of each series that no check failed."""
        newest: dict[tuple[object, ...], tuple[datetime, Version]] = {}
        for identity in sorted(self.now, key=lambda identity: identity[4]):
            if self.now[identity].flag not in {FAIL, MISSING}:
                newest[identity[:4]] = (identity[4], self.now[identity])
        return newest

    def rollups(self, grain: str) -> dict[tuple[object, ...], dict[str, object]]:
        """Return n, sum, least, greatest, coverage and state per series and local period."""
        groups: dict[tuple[object, ...], list[tuple[date, datetime, Version]]] = defaultdict(list)
        for identity, version in self.now.items():
            day = identity[4].astimezone(ZoneInfo(self.zones[identity[0]])).date()
            source = self.grain_of(identity[1], version)
            if version.flag in {GOOD, UNSEEN_VALUE} and _LENGTH[source] <= _LENGTH[grain]:
                key = (*identity[:4], _named(day, grain))
                groups[*key, source].append((day, identity[4], version))
        found: dict[tuple[object, ...], dict[str, object]] = {}
        for (*key, source), rows in sorted(groups.items(), key=lambda g: _LENGTH[g[0][-1]]):
            told = self._summary(str(key[0]), str(key[1]), str(key[4]), str(source), rows)
            if tuple(key) not in found or _worth(told) > _worth(found[tuple(key)]):
                found[tuple(key)] = told
        return found

    def span_of(self, parameter: str, version: Version) -> str:
        """Return how long a value stands for."""
        return version.sent.period or self.parameters[parameter].period

    def grain_of(self, parameter: str, version: Version) -> str:
        """Return the shortest calendar period that holds a value."""
        return {"P1M": "month", "P1Y": "year"}.get(self.span_of(parameter, version), "day")

    def _slots(
        self, zone: str, parameter: str, rows: list[tuple[date, datetime, Version]]
    ) -> dict[tuple[date, int, int], list[Version]]:
        """Return the values of each span of time; of one day, those of one length alone.

        That is the length which covers most of the day, and of two that cover as much the shorter.
        """
        days: dict[date, dict[int, dict[int, list[Version]]]] = {}
        for day, time, version in rows:
            minutes = MINUTES[self.span_of(parameter, version)]
            midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
            passed = time - midnight.astimezone(UTC)
            slot = 0 if minutes == MINUTES["P1D"] else passed // timedelta(minutes=minutes)
            lengths = days.setdefault(day, {}).setdefault(minutes, {})
            lengths.setdefault(slot, []).append(version)
        found = {}
        for day, lengths in days.items():
            most = max(minutes * len(slots) for minutes, slots in lengths.items())
            best = min(m for m, slots in lengths.items() if m * len(slots) == most)
            found.update({(day, best, slot): of for slot, of in lengths[best].items()})
        return found

    def _summary(
        self,
        station: str,
        parameter: str,
        period: str,
        source: str,
        rows: list[tuple[date, datetime, Version]],
    ) -> dict[str, object]:
        slots = self._slots(self.zones[station], parameter, rows) if source == "day" else {}
        if source != "day":
            for day, _, version in rows:
                first = day.replace(day=1, month=1 if source == "year" else day.month)
                slots.setdefault((first, 1, 0), []).append(version)
        counted = [version for versions in slots.values() for version in versions]
        values = [v.content[0] for v in counted if v.content[0] is not None]
        signs = {v.content[1] for v in counted} - {None}
        months = 12 if len(period) == len("2023") else 1
        dates = {day for day, _, _ in rows}
        due_months = MONTHS.get(self.parameters[parameter].cadence, 0)
        is_sampled = source == "day" and due_months > 0
        if source != "day":
            due = max(1, months // {"month": 1, "year": 12}[source])
            buckets = {_named(day, source) for day in dates}
            expected, coverage = float(due), min(1.0, len(buckets) / due)
        elif is_sampled:
            # One value fills the month, or the year, from which one is due.
            expected = float(max(1, months // due_months))
            coverage = min(1.0, len({(day.year, day.month) for day in dates}) / expected)
        else:
            covered, length = sum(minutes for _, minutes, _ in slots), 1440 * _days(period)
            expected = round(length * len(slots) / covered, 6)
            coverage = min(1.0, covered / length)
        state = "ok"
        if coverage < 0.75 or (is_sampled and len(period) == len("2023") and len(dates) < 2):
            state = "insufficient"
        elif signs:
            # What lies only below or only above a limit is known to lie there, and no more.
            alone = {"<": "below_limit", ">": "above_limit"}
            state = alone[signs.pop()] if len(signs) == 1 and not values else "cannot_assess"
        is_number = state == "ok"
        return {
            "n": len(values),
            "expected": expected,
            "coverage": coverage,
            "sum": math.fsum(values) if is_number else None,
            "mean": _mean(slots) if is_number else None,
            "min": min(values) if is_number else None,
            "max": max(values) if is_number else None,
            "left_out": len(rows) - len(counted),
            "state": state,
        }

    def _status(self, identity: Identity, sent: Version, *, reinstate: bool) -> str:
        stored = self.now.get(identity)
        if stored is None:
            return "inserted"
        stands = not stored.is_converted and stored.flag not in {FAIL, MISSING}
        if sent.is_converted and stands:
            return "unchanged" if stored.content == sent.content else "rejected"
        if stored.said == sent.said and stored.flag != MISSING:
            return "unchanged"
        before = [version.said for version in self.past[identity]]
        if not reinstate and sent.said in [*before, stored.said]:
            return "rejected"
        return "corrected"

    def _version(self, row: Sent, line: int) -> Version:
        parameter = self.parameters[row.identity[1]]
        factor = parameter.factors[row.unit]
        sign = row.qualifier or (row.value[0] if row.value[:1] in {"<", ">"} else None)
        bare = row.value.lstrip("<>")
        number = None if sign else float(Fraction(bare) * factor)
        limit = row.limit or (bare if sign else None)
        period = row.period if row.period != parameter.period else None
        content = (number, sign, limit and float(Fraction(limit) * factor), period, row.note)
        flag = GOOD
        if number is None:
            flag = UNSEEN_VALUE
        elif not parameter.fail[0] <= number <= parameter.fail[1]:
            flag = FAIL
        elif not parameter.suspect[0] <= number <= parameter.suspect[1]:
            flag = SUSPECT
        return Version(content, row, line, flag)  # type: ignore[arg-type]


def _mean(slots: dict[tuple[date, int, int], list[Version]]) -> float:
    """Return the mean over time: of several values of one span of time, it is their mean."""
    weighed = [
        (minutes, math.fsum(v.content[0] for v in of if v.content[0] is not None) / len(of))
        for (_, minutes, _), of in slots.items()
    ]
    return math.fsum(m * mean for m, mean in weighed) / sum(minutes for minutes, _ in weighed)


_LENGTH = {"day": 1, "month": 2, "year": 3}


def _named(day: date, grain: str) -> str:
    return day.isoformat()[: {"day": 10, "month": 7, "year": 4}[grain]]


def _days(period: str) -> int:
    first = date.fromisoformat(f"{period}-01-01"[:10])
    if len(period) == len("2023-01-01"):
        return 1
    months = 12 if len(period) == len("2023") else 1
    following = first.month - 1 + months
    return (date(first.year + following // 12, following % 12 + 1, 1) - first).days


def _worth(told: dict[str, object]) -> tuple[bool, float]:
    return told["state"] != "insufficient", float(str(told["coverage"]))
