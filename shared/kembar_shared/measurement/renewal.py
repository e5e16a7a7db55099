"""Figures of months and years, computed anew where something happened since the last time."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from kembar_shared.chassis import audit
from kembar_shared.chassis.database import reading, writing
from kembar_shared.measurement import rollups, store
from kembar_shared.measurement.resumming import Sums
from kembar_shared.measurement.standing import Standing
from kembar_shared.measurement.vocabulary import Grain, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kembar_shared.chassis.database import Connection, Engine
    from kembar_shared.measurement.indexing import Indices
    from kembar_shared.measurement.indicators import Domain

_FIRST: Final = date(1949, 1, 1)
_FOLLOWING: Final = date(9999, 1, 1)
_KEY: Final = ("jurisdiction", "indicator", "period")
_OF_INDEX: Final = ("station", "index", "grain", "period", "value", "category", "state", "method")
_IS_SHORTER: Final = pl.col("grain") != Grain.YEAR.value
_DIGITS: Final = 9
"""Of a coverage, a sum of shares: its last digits depend on the order they are added in."""

_MOVED: Final = ("value", "state", "method")
_GONE: Final[Mapping[str, Any]] = {"value": None, "state": State.NO_DATA, "method": ""}

_Made = tuple[list[dict[str, Any]], dict[str, str]]
"""Figures of a jurisdiction as they are kept, and the digests of the days of each period."""

OWN_CLIENT: Final = "kembar"
"""Who the program's own acts are noted under."""


class Figures:
    """The figures of one service; a table holds them, so that reading them costs no computing."""

    def __init__(self, engine: Engine, domain: Domain, indices: Indices, *, rules: str) -> None:
        """Compute nothing yet.

        Args:
            engine: The service's database.
            domain: What figures it makes.
            indices: The index values that some are made from.
            rules: Changes whenever figures, or indices, must be computed anew from the same
                measurements.
        """
        self._engine, self._domain, self._rules = engine, domain, rules
        self._standing = Standing(store.heads.JUDGEMENT, rules, "figures")
        self._indices, self._sums = indices, Sums(engine)
        self._lock = threading.Lock()

    def renew(self) -> None:
        """Bring the figures up to the newest event, where the rules are those in force.

        What is computed is read from one snapshot and written in a short transaction; of two
        processes that compute at once, the one that saw more wins.

        Raises:
            DatabaseUnavailable: The database is gone, too slow, or cannot be written.
        """
        self._sums.renew()
        if self._domain.figure_indices:
            self._indices.renew()
        with self._lock:
            with reading(self._engine) as conn:
                if not self._standing.is_in_force(conn):
                    return
                done, rules = store.heads.read(conn, store.heads.FIGURES)
                upto = self._upto(conn)
                if upto is None or (done, rules) == (upto, self._rules):
                    return
                places = self._due(conn, done=done, rules=rules, upto=upto)
                made = {place: self._compute(conn, place) for place in places}
            with writing(self._engine) as conn:
                if store.heads.hold(conn, store.heads.FIGURES) != (done, rules):
                    return
                if not store.heads.claim(conn, store.heads.JUDGEMENT, self._rules):
                    return
                if rules and rules != self._rules:
                    _keep_moved(conn, made)
                for place, (rows, _) in made.items():
                    store.figures.replace(conn, place, rows)
                store.heads.note(conn, store.heads.FIGURES, seq=upto, rules=self._rules)

    def _upto(self, conn: Connection) -> int | None:
        """Return up to which event figures can be computed; None: not yet by these rules."""
        newest, _ = store.events.newest(conn)
        if not self._domain.figure_indices:
            return newest
        indexed, rules = store.heads.read(conn, store.heads.INDICES)
        return min(newest, indexed) if rules == self._rules else None

    def _due(self, conn: Connection, *, done: int, rules: str, upto: int) -> list[str]:
        moved = store.figures.has_kind(conn, store.events.STATION_CHANGED, done=done, upto=upto)
        if rules != self._rules or moved:
            return store.figures.jurisdictions(conn)
        return store.figures.due(conn, done=done, upto=upto)

    def _compute(self, conn: Connection, jurisdiction: str) -> _Made:
        frame = rollups.days(conn, _FIRST, _FOLLOWING, jurisdiction=jurisdiction)
        converted = store.converted.read(conn, self._domain.catalogue, jurisdiction)
        factors = pl.col("factors").cast(pl.List(pl.String)).list.join(" ")
        digested = [frame, converted.with_columns(factors)]
        if not converted.is_empty():
            key = [name for name in converted.columns if name in frame.columns]
            frame = frame.join(converted, on=key, how="left", maintain_order="left")
        figures = self._domain.figures(frame)
        if self._domain.figure_indices:
            stations = frame["station"].unique().sort().to_list()
            days = rollups.number_of(_FIRST), rollups.number_of(_FOLLOWING)
            values = store.indices.frame(conn, stations, days, self._domain.figure_indices)
            figures += self._domain.index_figures(frame, values)
            digested.append(values.select(_OF_INDEX).sort(_OF_INDEX[:4]))
        digests = _digests(digested)
        rows = [asdict(figure) for figure in figures]
        for row in rows:
            row["digest"] = _digest_of(row, digests.get(row["period"], ""))
        return rows, digests


def _keep_moved(conn: Connection, made: Mapping[str, _Made]) -> None:
    """Keep the figures that new rules move as they were, under an event of their own.

    What has the same method and other inputs was moved by these, and not by the rules.
    """
    moved = []
    for place, (rows, digests) in made.items():
        fresh = {tuple(row[name] for name in _KEY): row for row in rows}
        for key, before in store.figures.of(conn, place).items():
            after = fresh.get(key, _GONE)
            inputs = _digest_of(before, digests.get(before["period"], ""))
            # Older releases kept the part before the dot alone.
            is_same = before["digest"] in (inputs, inputs.partition(".")[0])
            by_rules = after["method"] != before["method"] or is_same
            if by_rules and any(after[name] != before[name] for name in _MOVED):
                moved.append(before | {f"new_{name}": after[name] for name in _MOVED})
    if not moved:
        return
    event = store.events.begin(conn, store.events.RULES_CHANGED, OWN_CLIENT)
    store.figures.keep_past(conn, event, moved)
    methods = sorted({row["method"] for row in moved})
    store.events.end(conn, event)
    entry = audit.Entry(audit.RULES, OWN_CLIENT, "", n=len(moved), detail={"methods": methods})
    audit.append(conn, [entry])


def _digests(frames: Iterable[pl.DataFrame]) -> dict[str, str]:
    """Digest the rows of each month, and of each year.

    What was told of a whole year says nothing of its first month.
    """
    digests: dict[str, Any] = {}
    for frame in frames:
        for length in (7, 4):
            own = frame if length == len("2023") else frame.filter(_IS_SHORTER)
            keyed = own.with_columns(bucket=pl.col("period").cast(pl.String).str.head(length))
            for (bucket,), rows in keyed.partition_by(
                "bucket", as_dict=True, include_key=False
            ).items():
                digests.setdefault(str(bucket), hashlib.sha256()).update(rows.write_csv().encode())
    return {bucket: digest.hexdigest() for bucket, digest in digests.items()}


def _digest_of(figure: Mapping[str, Any], inputs: str) -> str:
    """Return the digest of what *figure* was computed from, and behind a dot that of its rows.

    So whoever compares two of them can tell other rows from another method or coverage.
    How much was expected depends on when each series began and ended, in other months too.
    """
    names = ("method", *_KEY, "expected", "coverage")
    told = (figure[name] for name in names)
    parts = (*(round(each, _DIGITS) if type(each) is float else each for each in told), inputs)
    whole = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return f"sha256:{whole}.{inputs}" if inputs else f"sha256:{whole}"
