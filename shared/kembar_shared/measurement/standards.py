"""Limits and factors of regulations and guidelines: dated, sourced, and replaceable.

Each service brings its own tables; an operator replaces or adds rows with a TOML file and without a
release. What was judged by the rows before keeps its method's name; by others it gets a new one.
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

import polars as pl

from kembar_shared.chassis.settings import SettingUnfit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Dated = TypeVar("Dated", "Limit", "Factor")

LONG_AGO: Final = date(1, 1, 1)


class StandardsUnfit(SettingUnfit):
    """A file of an operator's limits cannot be used; the text says where, why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What one standard allows of one parameter, over one length of time.

    Attributes:
        standard: Code of the regulation and annex (`pp-22-2021-vi`).
        authority: Whose it is: `id`, `jp`, `who`, `un`.
        parameter: Code in the catalogue, or of a rate.
        grade: Class, interim target or band it belongs to (`II`, `IT-1`); empty: it has none.
        averaging: What is compared: `sample`, or the ISO 8601 length of the mean (`PT24H`).
        evaluation: How many of those have to comply, or which statistic of them does: `each`,
            or a code that the service explains.
        least: Smallest value allowed; None: no such bound.
        most: Largest value allowed; None: no such bound.
        unit: Of both.
        ref_temperature_c: At which a gas's volume is meant; None where that does not matter.
        index: Of an index's breakpoint, the index it stands for.
        group: Kind of parameter, where the method counts kinds apart (STORET).
        valid_from: First day in force; None: not known yet, so not in force.
        valid_to: First day no longer in force; None while in force.
        source: Regulation, annex, line.
        verified: Whether the value was seen in the text of the source.
    """

    standard: str
    authority: str
    parameter: str
    grade: str = ""
    averaging: str
    evaluation: str = "each"
    least: float | None = None
    most: float | None = None
    unit: str
    ref_temperature_c: float | None = None
    index: float | None = None
    group: str = ""
    valid_from: date | None
    valid_to: date | None = None
    source: str
    verified: bool

    @property
    def key(self) -> tuple[object, ...]:
        """What rows in force one after another have in common."""
        return (
            self.standard, self.parameter, self.grade, self.averaging, self.evaluation, self.index,
        )  # fmt: skip

    def as_row(self) -> dict[str, object]:
        """Return the limit as plain values, as `GET /v1/standards` answers it."""
        row = _plain(self)
        bounds = [bound for bound in (self.least, self.most) if bound is not None]
        bound = "range" if len(bounds) == 2 else "at_most" if self.least is None else "at_least"
        return {
            "kind": "limit",
            **{("class" if name == "grade" else name): value for name, value in row.items()},
            "value": bounds[0] if len(bounds) == 1 else None,
            "bound": bound,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A constant that a method takes from a source instead of a measurement.

    Attributes:
        standard: Code of the source (`ipcc-2006`).
        subject: What it is a property of (`food`).
        quantity: Which property (`doc`).
        value: In `unit`.
        unit: Of the value; `1` for a share.
        valid_from: First day it is used for.
        valid_to: First day it is no longer used for; None: it is.
        source: Document, table.
        verified: Whether the value was seen in the text of the source.
    """

    standard: str
    subject: str
    quantity: str
    value: float
    unit: str
    valid_from: date | None
    valid_to: date | None = None
    source: str
    verified: bool

    @property
    def key(self) -> tuple[object, ...]:
        """What rows in force one after another have in common."""
        return self.standard, self.subject, self.quantity

    def as_row(self) -> dict[str, object]:
        """Return the factor as plain values, as `GET /v1/standards` answers it."""
        return {"kind": "factor", **_plain(self)}


@dataclass(frozen=True)
class Standards:
    """The limits and factors of one service.

    Attributes:
        limits: In the order in which they are listed.
        factors: In the order in which they are listed.
        own: The rows that an operator brought.
    """

    limits: tuple[Limit, ...] = ()
    factors: tuple[Factor, ...] = ()
    own: tuple[Limit | Factor, ...] = ()

    def rows(self) -> list[dict[str, object]]:
        """Return every limit and factor as plain values."""
        # What another row cut short is still the operator's.
        own = {(row.key, row.valid_from) for row in self.own}
        return [
            row.as_row() | {"set_by": "operator" if (row.key, row.valid_from) in own else "kembar"}
            for row in self._all
        ]

    @property
    def _all(self) -> list[Limit | Factor]:
        return [*self.limits, *self.factors]

    @cached_property
    def digest(self) -> str:
        """Digest of all rows: it changes with any of them."""
        return _digest(row.as_row() for row in self._all)

    def method(self, name: str, *standards: str) -> str:
        """Return the identifier of the method *name* as it judges by these rows.

        It is *name* itself unless an operator changed rows of one of *standards*; then their
        digest is part of it.
        """
        changed = [row.as_row() for row in self.own if row.standard in standards]
        return f"{name}+{_digest(changed)[:8]}" if changed else name

    def of(self, *standards: str) -> tuple[Limit, ...]:
        """Return the limits of these standards."""
        return tuple(limit for limit in self.limits if limit.standard in standards)

    def frame(self, *standards: str) -> pl.DataFrame:
        """Return limits that have a date as a table, for `join_asof` on the day judged.

        The oldest row of its kind is applied to everything before it too: better judged by a
        later standard, and said to be, than not judged.

        Returns:
            The columns of `Limit`, and `applied_from`, sorted by it.
        """
        if standards not in self._frames:
            chosen = self.of(*standards) if standards else self.limits
            dated = [limit for limit in chosen if limit.valid_from is not None]
            self._frames[standards] = _frame(Limit, dated)
        return self._frames[standards]

    @cached_property
    def _frames(self) -> dict[tuple[str, ...], pl.DataFrame]:
        return {}

    def factor(self, standard: str, subject: str, quantity: str, on: date) -> Factor:
        """Return the factor in force on a day; the oldest one where none was yet.

        Raises:
            KeyError: There is no such factor.
        """
        found = [
            factor
            for factor in self.factors
            if factor.key == (standard, subject, quantity) and factor.valid_from is not None
        ]
        if not found:
            raise KeyError((standard, subject, quantity))
        found.sort(key=lambda factor: factor.valid_from or LONG_AGO)
        begun = [factor for factor in found if (factor.valid_from or LONG_AGO) <= on]
        in_force = [row for row in begun if row.valid_to is None or row.valid_to > on]
        return (in_force or begun or found[:1])[-1]

    def overridden(self, text: str) -> Standards:
        """Return the standards with an operator's rows: `[[limit]]` and `[[factor]]` of TOML.

        A row says by its naming members which one it stands beside (`standard`, `parameter`,
        `class`, `averaging`, `evaluation`, `index`; of a factor `standard`, `subject`,
        `quantity`); what it leaves out it takes from there. With the same `valid_from` it takes
        that row's place; with another one it is in force from that day on, and the row before it
        until then, and again from its `valid_to` on.

        Raises:
            StandardsUnfit: The text cannot be read, or a row of it not be understood.
        """
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise StandardsUnfit(f"this is no TOML: {error}") from error
        for name in set(tables) - {"limit", "factor"}:
            raise StandardsUnfit(f"[[{name}]]: write [[limit]] or [[factor]]")
        limits, factors = self.limits, self.factors
        own: list[Limit | Factor] = []
        for number, entry in enumerate(_entries(tables, "limit"), start=1):
            made = _row(Limit, limits, entry, f"limit {number}")
            limits = _placed(limits, made)
            own.append(made)
        for number, entry in enumerate(_entries(tables, "factor"), start=1):
            row = _row(Factor, factors, entry, f"factor {number}")
            factors = _placed(factors, row)
            own.append(row)
        return Standards(limits, factors, tuple(own))


_NAMING: Final[dict[type, tuple[str, ...]]] = {
    Limit: ("standard", "parameter", "grade", "averaging", "evaluation", "index"),
    Factor: ("standard", "subject", "quantity"),
}
_NUMBERS: Final = frozenset({"least", "most", "value", "ref_temperature_c", "index"})
_DATES: Final = frozenset({"valid_from", "valid_to"})


def _entries(tables: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    entries = tables.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise StandardsUnfit(f"{name}: write [[{name}]], in two brackets")
    return entries


def _row(
    kind: type[Dated], known: tuple[Dated, ...], entry: Mapping[str, Any], where: str
) -> Dated:
    """Return the row that *entry* describes, completed from the one it stands beside."""
    given = _given(kind, entry, where)
    naming = {name: given[name] for name in _NAMING[kind] if name in given}
    beside = [row for row in known if all(getattr(row, n) == v for n, v in naming.items())]
    keys = {row.key for row in beside}
    if len(keys) > 1:
        raise StandardsUnfit(f"{where}: {len(keys)} rows are meant by {naming}; name one of them")
    made = _completed(kind, given, beside, where)
    if isinstance(made, Limit) and made.least is None and made.most is None:
        raise StandardsUnfit(f"{where}: give least, most or both")
    first, following = made.valid_from, made.valid_to
    if first is not None and following is not None and following <= first:
        raise StandardsUnfit(f"{where}: valid_to lies before valid_from, so it is never in force")
    return made


def _given(kind: type[Dated], entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the members of an entry in their types."""
    named = {("grade" if name == "class" else name): value for name, value in entry.items()}
    members = {each.name for each in fields(kind)}
    for name in sorted(set(named) - members):
        raise StandardsUnfit(f"{where}: there is no member {name!r}; there are {sorted(members)}")
    given = {name: _checked(name, value, where) for name, value in named.items()}
    if "valid_from" not in given:
        raise StandardsUnfit(f"{where}: say from which day it holds: valid_from = 2026-01-01")
    return {"verified": False} | given


def _completed(kind: type[Dated], given: dict[str, Any], beside: list[Dated], where: str) -> Dated:
    """Make a row of what is given and of the row of the same day, or else the newest one."""
    if not beside:
        try:
            return kind(**given)
        except TypeError as error:
            raise StandardsUnfit(f"{where}: nothing is known by that name, and {error}") from error
    beside.sort(key=lambda row: row.valid_from or LONG_AGO)
    if kind is Factor and given.get("unit", beside[-1].unit) != beside[-1].unit:
        raise StandardsUnfit(
            f"{where}: unit = {given['unit']!r}: this factor is read in {beside[-1].unit!r}; "
            "write its value in that unit"
        )
    same_day = [row for row in beside if row.valid_from == given["valid_from"]]
    if same_day:
        return replace(same_day[-1], **given)
    return replace(beside[-1], **{"valid_to": None} | given)


def _checked(name: str, value: object, where: str) -> Any:
    """Return the value of a member in its type."""
    if name in _NUMBERS:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        if not fits or not math.isfinite(float(str(value))):
            raise StandardsUnfit(f"{where}: {name} = {value!r} is no number")
        return float(str(value))
    if name in _DATES:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise StandardsUnfit(f"{where}: {name} = {value!r} is no day; write 2026-01-31")
        return value
    wanted = bool if name == "verified" else str
    if not isinstance(value, wanted):
        raise StandardsUnfit(f"{where}: {name} = {value!r} is no {wanted.__name__}")
    return value


def _placed(rows: tuple[Dated, ...], made: Dated) -> tuple[Dated, ...]:
    """Put a row among the others of its kind: each is in force until the next one begins."""
    placed: list[Dated] = []
    for row in rows:
        same = row.key == made.key
        if same and row.valid_from == made.valid_from:
            continue
        begins = same and (row.valid_from or LONG_AGO) < (made.valid_from or LONG_AGO)
        open_ended = row.valid_to is None or row.valid_to > (made.valid_from or LONG_AGO)
        placed.append(replace(row, valid_to=made.valid_from) if begins and open_ended else row)
        if begins and made.valid_to is not None:
            lasts = row.valid_to is None or row.valid_to > made.valid_to
            if lasts and open_ended:
                placed.append(replace(row, valid_from=made.valid_to))
    later = [
        row.valid_from
        for row in rows
        if row.key == made.key and (row.valid_from or LONG_AGO) > (made.valid_from or LONG_AGO)
    ]
    if made.valid_to is None and later:
        made = replace(made, valid_to=min(day for day in later if day is not None))
    placed.append(made)
    return tuple(placed)


def _frame(kind: type[Limit], rows: Iterable[Limit]) -> pl.DataFrame:
    numbers = {name: pl.Float64() for name in _NUMBERS - {"value"}}
    days = {name: pl.Date() for name in _DATES}
    schema = {
        each.name: pl.Boolean() if each.name == "verified" else pl.String()
        for each in fields(kind)
    } | numbers | days  # fmt: skip
    frame = pl.DataFrame([asdict(row) for row in rows], schema=schema)
    naming = [pl.col(name) for name in _NAMING[kind]]
    is_oldest = pl.col("valid_from") == pl.col("valid_from").min().over(naming)
    return frame.with_columns(
        applied_from=pl.when(is_oldest).then(LONG_AGO).otherwise("valid_from")
    ).sort("applied_from", maintain_order=True)


def _plain(row: Limit | Factor) -> dict[str, object]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(row).items()
    }


def _digest(rows: Iterable[Mapping[str, object]]) -> str:
    # In whatever order an operator writes them, they say the same.
    texts = sorted(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows)
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
