"""Checking measurements beside their neighbours, where something happened since the last time.

A process of its own does so, now and then; what answers requests never imports this. Each run
finds out from the database what is due, and a second one changes nothing.
"""

from __future__ import annotations

import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from kembar_shared.chassis.database import reading, writing
from kembar_shared.measurement import qartod, store
from kembar_shared.measurement.vocabulary import Flag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kembar_shared.chassis.database import Connection, Engine
    from kembar_shared.measurement.catalogue import Catalogue, Parameter, Relation
    from kembar_shared.measurement.qartod import Flags, Floats

Range = tuple[int, int, int]
"""A series, and the first and the last instant of what is due of it."""

Labels = dict[str, Any]
"""A series and its station; Any: one member for each column."""

CLIENT: Final = "kembar"
"""Who gives the flags of checks."""

_ROWS: Final = 100_000
"""Measurements that are checked together; bounds the memory."""

_WRITTEN: Final = 250
"""Measurements of one writing transaction, which holds others up for a moment alone."""

_PULSE_S: Final = 10.0
_SILENT: Final = timedelta(seconds=90)
"""How often a run says that it goes on, and after which silence it is taken for dead."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did.

    Attributes:
        checked: How many measurements it looked at.
        judged: How many of them got another flag.
        reason: Why it did nothing, if it did not begin or was not allowed to end.
    """

    checked: int = 0
    judged: int = 0
    reason: str = ""


@dataclass(frozen=True)
class _Checked:
    """Measurements of one series that were checked.

    Attributes:
        labels: Its number, parameter, station and time zone.
        rows: Columns of `store.checks.READ`.
        flags: The flag each of them ought to have, as far as no person gave another.
        findings: Columns of `store.checks.FOUND`.
    """

    labels: Labels
    rows: pl.DataFrame
    flags: Flags
    findings: pl.DataFrame


class _OtherRun(Exception):
    """Another run has begun, and this one must not write any more."""


def run(engine: Engine, catalogue: Catalogue, *, rules: str) -> Outcome:
    """Check what happened up to the newest event.

    Args:
        engine: The service's database.
        catalogue: What is measured, and its thresholds.
        rules: Changes whenever all measurements must be checked anew.

    Raises:
        DatabaseUnavailable: The database is gone, too slow, or cannot be written; the next run
            makes up for it.
    """
    begun = _Run(engine, catalogue, rules)
    try:
        return begun.do()
    except _OtherRun:
        return replace(begun.outcome, reason="another run took over")


class _Run:
    """One pass over what is due."""

    def __init__(self, engine: Engine, catalogue: Catalogue, rules: str) -> None:
        self._engine, self._catalogue, self._rules = engine, catalogue, rules
        self._id = uuid.uuid4().hex
        self._pulse_s = 0.0
        self.outcome = Outcome()

    def do(self) -> Outcome:
        with writing(self._engine) as conn:
            head = store.checks.hold(conn)
            if not store.heads.claim(conn, store.heads.CHECKS, self._rules):
                return Outcome(reason="other rules are in force; where these shall be, run migrate")
            if head.run and datetime.now(UTC) - head.run_at.replace(tzinfo=UTC) < _SILENT:
                return Outcome(reason="another run is under way")
            store.checks.go_on(conn, self._id)
        self._pulse_s = time.monotonic()
        with reading(self._engine) as conn:
            upto, _ = store.events.newest(conn)
            if head.rules == self._rules:
                due = store.checks.touched(conn, done=head.seq, upto=upto)
            else:
                due = store.checks.everything(conn)
        for series, first_us, last_us in self._widened(due):
            self._check(series, first_us, last_us)
        with self._own_turn() as conn:
            store.checks.note(conn, seq=upto, rules=self._rules)
        return self.outcome

    def _widened(self, due: Sequence[Range]) -> Iterator[Range]:
        """Yield what is due with all that depends on it; no measurement twice."""
        happened: dict[int, list[tuple[int, int]]] = {}
        for series, first, last in due:
            happened.setdefault(series, []).append((first, last))
        ranges: dict[int, list[tuple[int, int]]] = {}
        for series, touched in sorted(happened.items()):
            with reading(self._engine) as conn:
                beside = store.checks.together(conn, series)
            own = next(row for row in beside.values() if row["id"] == series)
            reach_us = qartod.reach_us(self._parameter(own).checks)
            wide = [(first - reach_us, last + reach_us) for first, last in touched]
            ranges.setdefault(series, []).extend(wide)
            for code in _partners(self._catalogue.relations, own["parameter"]):
                if code in beside:
                    ranges.setdefault(beside[code]["id"], []).extend(touched)
        for series, parts in ranges.items():
            for first_us, last_us in _united(parts):
                yield series, first_us, last_us

    def _check(self, series: int, first_us: int, last_us: int) -> None:
        """Check a range of a series piece by piece."""
        with reading(self._engine) as conn:
            beside = store.checks.together(conn, series)
        labels = next(row for row in beside.values() if row["id"] == series)
        reach_us = qartod.reach_us(self._parameter(labels).checks)
        limit = _ROWS
        while first_us <= last_us:
            with reading(self._engine) as conn:
                rows = store.checks.rows(
                    conn, series, first_us - reach_us, last_us + reach_us, limit=limit
                )
                if rows.is_empty():
                    return
                # Of what was cut off, the last values lack some of those that follow them.
                is_cut = rows.height == limit
                known_us = rows.item(-1, "time_us") - reach_us - 1 if is_cut else last_us
                known_us = min(known_us, last_us)
                if known_us < first_us:
                    limit *= 2
                    continue
                is_due = rows["time_us"].is_between(first_us, known_us)
                others = self._others(conn, labels, beside, rows.filter(is_due))
            # What is computed keeps no transaction open.
            self._keep(self._tested(labels, rows, is_due, others))
            first_us = known_us + 1

    def _others(
        self, conn: Connection, labels: Labels, beside: Mapping[str, Labels], own: pl.DataFrame
    ) -> dict[str, pl.DataFrame]:
        """Return the values of related parameters while *own* were measured, as columns."""
        found: dict[str, pl.DataFrame] = {}
        if own.is_empty():
            return found
        ends = own.item(0, "time_us"), own.item(-1, "time_us")
        for code in _partners(self._catalogue.relations, labels["parameter"]) & set(beside):
            rows = store.checks.rows(conn, beside[code]["id"], *ends)
            found[code] = _column(code, rows, self._parameter(beside[code]))
        return found

    def _tested(
        self,
        labels: Labels,
        rows: pl.DataFrame,
        is_due: pl.Series,
        others: Mapping[str, pl.DataFrame],
    ) -> _Checked:
        """Test the measurements of *rows* that are due."""
        parameter = self._parameter(labels)
        values, gross = _values(rows, parameter)
        tests = {"gross_range": gross} | qartod.neighbours(
            values, rows["time_us"].to_numpy(), rows["span"].to_numpy(), parameter,
            labels["timezone"],
        )  # fmt: skip
        own = rows.filter(is_due)
        flags = {name: found[is_due.to_numpy()] for name, found in tests.items()}
        columns = {**others, parameter.code: _column(parameter.code, own, parameter)}
        for relation in self._catalogue.relations:
            if parameter.code in relation.parameters and set(relation.parameters) <= set(columns):
                flags[relation.code] = _related(relation, own, columns, labels["altitude_m"])
        return _Checked(
            labels, own, qartod.worst(list(flags.values())), _findings(labels["id"], own, flags)
        )

    def _keep(self, checked: _Checked) -> None:
        """Write what differs from what is stored, a little at a time."""
        rows = checked.rows.with_columns(pl.Series("ought", checked.flags, pl.Int16))
        self.outcome = replace(self.outcome, checked=self.outcome.checked + rows.height)
        if not rows.is_empty():
            ends = rows.item(0, "time_us"), rows.item(-1, "time_us")
            with reading(self._engine) as conn:
                stored = store.checks.findings(conn, checked.labels["id"], *ends)
            other = pl.concat([
                checked.findings.join(stored, on=stored.columns, how="anti"),
                stored.join(checked.findings, on=stored.columns, how="anti"),
            ])["time_us"].unique()  # fmt: skip
            is_wrong = (pl.col("flag") != pl.col("ought")) & ~pl.col("is_judged")
            wrong = rows.filter(is_wrong | pl.col("time_us").is_in(other.implode()))
            for part in wrong.iter_slices(_WRITTEN):
                self._write(checked, part)
        if time.monotonic() - self._pulse_s > _PULSE_S:
            with self._own_turn() as conn:
                store.checks.go_on(conn, self._id)
            self._pulse_s = time.monotonic()

    def _write(self, checked: _Checked, part: pl.DataFrame) -> None:
        """Write flags and findings of those measurements that are still what was checked."""
        series, zone = checked.labels["id"], checked.labels["timezone"]
        with self._own_turn() as conn:
            store.series.hold(conn, [series])
            counted = store.checks.revisions(conn, series, part["time_us"].to_list())
            known = pl.Series(
                "known", [counted.get(us, 0) for us in part["time_us"].to_list()], pl.Int32
            )
            same = part.filter(part["revision"] == known)
            wrong = same.filter((pl.col("flag") != pl.col("ought")) & ~pl.col("is_judged"))
            instants = same["time_us"].to_list()
            found = checked.findings.filter(pl.col("time_us").is_in(instants))
            store.checks.replace(conn, series, instants, found)
            if not wrong.is_empty():
                event = store.events.begin(conn, store.events.CHECKED, CLIENT)
                judged = wrong.select(
                    pl.lit(series, pl.Int32).alias("series_id"), "time_us", "span", flag="ought"
                )
                store.judging.judge(conn, event, judged, zones={series: zone})
                store.events.end(conn, event)
        self.outcome = replace(self.outcome, judged=self.outcome.judged + wrong.height)

    @contextmanager
    def _own_turn(self) -> Iterator[Connection]:
        """Begin a writing transaction in which no other run can begin."""
        with writing(self._engine) as conn:
            if store.checks.hold(conn).run != self._id:
                raise _OtherRun
            yield conn

    def _parameter(self, labels: Labels) -> Parameter:
        return self._catalogue.at(labels["station"], labels["parameter"])


def _values(rows: pl.DataFrame, parameter: Parameter) -> tuple[Floats, Flags]:
    """Return values that may stand beside others, else NaN; and the gross range flag of each.

    What is impossible, was taken back or was failed by a person is no neighbour: else a reading of
    -999 would cost the good ones beside it. What a person found good is one, whatever its range.
    """
    values = rows["value"].fill_null(np.nan).to_numpy()
    gross = qartod.gross_range(values, parameter.fail, parameter.suspect)
    is_judged, flag = rows["is_judged"].to_numpy(), rows["flag"].to_numpy()
    is_bad = np.where(is_judged, np.isin(flag, (Flag.FAIL, Flag.MISSING)), gross == Flag.FAIL)
    return np.where(is_bad, np.nan, values), gross


def _column(code: str, rows: pl.DataFrame, parameter: Parameter) -> pl.DataFrame:
    """Return values that may stand beside others as the column *code*, by instant and span."""
    values, _ = _values(rows, parameter)
    return rows.select("time_us", "span", pl.Series(code, values))


def _related(
    relation: Relation,
    own: pl.DataFrame,
    columns: Mapping[str, pl.DataFrame],
    altitude_m: float | None,
) -> Flags:
    """Test *own* beside what other parameters were at the same instants, for the same spans."""
    joined = own.select("time_us", "span")
    for code in relation.parameters:
        beside = columns[code]
        joined = joined.join(beside, on=["time_us", "span"], how="left", maintain_order="left")
    values = {code: joined[code].fill_null(np.nan).to_numpy() for code in relation.parameters}
    return qartod.related(relation, values, altitude_m or 0.0)


def _findings(series: int, rows: pl.DataFrame, flags: Mapping[str, Flags]) -> pl.DataFrame:
    """Return what tests say against measurements."""
    found = [pl.DataFrame(schema=store.checks.FOUND)]
    for test, given in flags.items():
        is_against = np.isin(given, (Flag.SUSPECT, Flag.FAIL))
        against = rows.filter(pl.Series(is_against)).select(
            pl.lit(series, pl.Int32).alias("series_id"),
            "time_us",
            pl.lit(test).alias("test"),
            pl.Series("flag", given[is_against], pl.Int16),
        )
        found.append(against)
    return pl.concat(found)


def _partners(relations: Iterable[Relation], parameter: str) -> set[str]:
    """Return the other parameters of the relations that *parameter* takes part in."""
    codes = {c for r in relations if parameter in r.parameters for c in r.parameters}
    return codes - {parameter}


def _united(parts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ranges that overlap as one."""
    united: list[tuple[int, int]] = []
    for first, last in sorted(parts):
        if united and first <= united[-1][1]:
            united[-1] = united[-1][0], max(last, united[-1][1])
        else:
            united.append((first, last))
    return united
