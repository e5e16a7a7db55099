"""Small uploads of the plainest kind, read without the columnar path's fixed costs.

Nothing is judged here: what is not plain in every cell is read by `ingest.receive`, which alone
names faults. What is plain means the same in both.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import datetime
from itertools import count, starmap
from typing import TYPE_CHECKING, Any, Final

from kembar_shared.chassis import logs
from kembar_shared.measurement import qc
from kembar_shared.measurement.periods import Duration, us_of_instant
from kembar_shared.measurement.store.posts import Post, Row
from kembar_shared.measurement.uploads import AHEAD, EARLIEST, MISSING_CODES, MOST_DIGITS
from kembar_shared.measurement.vocabulary import Flag

if TYPE_CHECKING:
    from kembar_shared.chassis.verifying import Caller
    from kembar_shared.measurement.catalogue import Catalogue, Parameter
    from kembar_shared.measurement.ingest import File, Terms

MOST_BYTES: Final = 256 * 1024
MOST_ROWS: Final = 1000
_EARLIEST_US: Final = us_of_instant(EARLIEST)
_NEEDED: Final = ("station", "parameter", "time", "value", "unit")
_EMPTY: Final = frozenset({"qualifier", "limit"})
"""Members that may be there with nothing in them."""

# Spelled out, for \d would take the digits of every script.
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])"
)
_TIME_CHARACTERS: Final = len("2026-01-05T10:00:00+07:00")
_DECIMALS = re.compile(r"[+-]?[0-9]++(?:\.[0-9]++)?+(?:\n[+-]?[0-9]++(?:\.[0-9]++)?+)*+")
_KEY = re.compile(r'"[ \t\n\r]*+:')
_MISSING: Final = frozenset(MISSING_CODES)
_GOOD: Final = int(Flag.GOOD)


class _Odd(ValueError):
    """Something is not of the plainest form."""


class _Measured:
    """A parameter in its own unit."""

    __slots__ = ("_high", "_low", "_parameter", "span")

    def __init__(self, parameter: Parameter) -> None:
        self._parameter = parameter
        self.span = Duration.parse(parameter.period).span
        self._low, self._high = qc.good_range(parameter)

    def flag(self, value: float) -> int:
        """Return the flag of one value; nearly all are good."""
        if self._low <= value <= self._high:
            return _GOOD
        return int(qc.gross_range_of_one(self._parameter, value))


class Reader:
    """Reads plain small uploads of one service."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._parameters = {(p.code, p.unit): _Measured(p) for p in catalogue.parameters}
        words = [word for p in catalogue.parameters for word in (p.code, p.unit)]
        self._longest = max(_TIME_CHARACTERS, MOST_DIGITS, *map(len, words))

    def read(self, caller: Caller, file: File, terms: Terms, *, now: datetime) -> Post | None:
        """Return what *file* holds, or None where it is not small and plain."""
        is_usual = file.media_type == "application/json" and file.size_bytes <= MOST_BYTES
        if terms.dry_run or not is_usual or not _is_plain(terms):
            return None
        file.content.seek(0)
        try:
            text = file.content.read().decode("ascii")
            rows = self._rows(text, caller, terms, latest_us=us_of_instant(now + AHEAD))
        except (ValueError, KeyError, RecursionError, OverflowError):
            return None
        return Post(
            client=caller.client,
            key=terms.key,
            fingerprint=terms.fingerprint(file) if terms.is_keyed else "",
            sha256=file.sha256,
            size_bytes=file.size_bytes,
            code=uuid.uuid4().hex,
            rows=tuple(rows),
            request_id=logs.request_id(),
        )

    def _rows(self, text: str, caller: Caller, terms: Terms, *, latest_us: int) -> list[Row]:
        declared = terms.declared
        if declared.cell_characters < self._longest:
            raise _Odd
        measurements = _measurements(text, min(MOST_ROWS, declared.rows))
        stations, codes, times, values, units = _columns(measurements, declared.columns)
        for station in set(stations):
            if len(station) > declared.cell_characters or not caller.sees(station):
                raise _Odd
        instants = {time: _instant_us(time, latest_us) for time in set(times)}
        times_us = [instants[time] for time in times]
        if len(set(zip(stations, codes, times_us, strict=True))) < len(measurements):
            raise _Odd
        of = [self._parameters[pair] for pair in zip(codes, units, strict=True)]
        numbers = _numbers(values)
        spans = [each.span for each in of]
        flags = [each.flag(number) for each, number in zip(of, numbers, strict=True)]
        rows = zip(count(1), stations, codes, times_us, numbers, spans, flags, strict=False)
        return list(starmap(Row, rows))


def _is_plain(terms: Terms) -> bool:
    declared = terms.declared
    is_long = declared.layout == "long" and declared.sheet is None
    return is_long and declared.decimal == "point" and declared.dates == "iso"


def _measurements(text: str, most: int) -> list[Any]:  # Any: what JSON can say
    # An escape may say what no database keeps.
    document = None if "\\" in text else _DECODER.decode(text)
    if not isinstance(document, dict) or list(document) != ["measurements"]:
        raise _Odd
    measurements = document["measurements"]
    if not isinstance(measurements, list) or not 0 < len(measurements) <= most:
        raise _Odd
    try:
        members = sum(map(len, measurements))
    except TypeError as error:
        raise _Odd from error
    # Of two members of one name the decoder keeps one. A text that begins with a colon is counted
    # as a name too, so there are never fewer names than members.
    if len(_KEY.findall(text)) != 1 + members:
        raise _Odd
    return measurements


def _columns(measurements: list[Any], most: int) -> list[list[str]]:
    """Return the cells that every row has, column by column; Any: what JSON can say."""
    try:
        columns = [[row[name] for row in measurements] for name in _NEEDED]
        lengths = set(map(len, measurements))
    except (KeyError, TypeError) as error:
        raise _Odd from error
    if any(set(map(type, column)) != {str} for column in columns) or max(lengths) > most:
        raise _Odd
    if lengths != {len(_NEEDED)} and any(
        name not in _EMPTY or cell is not None
        for row in measurements
        for name, cell in row.items()
        if name not in _NEEDED
    ):
        raise _Odd
    return columns


def _instant_us(time: str, latest_us: int) -> int:
    if _TIME.fullmatch(time) is None:
        raise _Odd
    time_us = us_of_instant(datetime.fromisoformat(time))
    if not _EARLIEST_US <= time_us <= latest_us:
        raise _Odd
    return time_us


def _numbers(values: list[str]) -> list[float]:
    # No line break stands in a value: it would have to be escaped.
    if max(map(len, values)) > MOST_DIGITS or _DECIMALS.fullmatch("\n".join(values)) is None:
        raise _Odd
    numbers = [float(value) for value in values]
    if not _MISSING.isdisjoint(numbers):
        raise _Odd
    return numbers


_DECODER: Final = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
