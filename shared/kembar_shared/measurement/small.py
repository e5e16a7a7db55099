"""Small uploads of the plainest kind, read without the columnar path's fixed costs.

Nothing is judged here: what is not plain in every cell is read by `ingest.receive`, which alone
names faults. What is plain means the same in both.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from kembar_shared.chassis import logs
from kembar_shared.measurement import qc
from kembar_shared.measurement.periods import Duration, us_of_instant
from kembar_shared.measurement.store.posts import Post, Row
from kembar_shared.measurement.uploads import AHEAD, EARLIEST, MISSING_CODES, MOST_DIGITS

if TYPE_CHECKING:
    from kembar_shared.chassis.verifying import Caller
    from kembar_shared.measurement.catalogue import Catalogue
    from kembar_shared.measurement.ingest import File, Terms

MOST_BYTES: Final = 256 * 1024
MOST_ROWS: Final = 1000
_EARLIEST_US: Final = us_of_instant(EARLIEST)
_NEEDED: Final = frozenset({"station", "parameter", "time", "value", "unit"})
_EMPTY: Final = frozenset({"qualifier", "limit"})
"""Members that may be there with nothing in them."""

# Spelled out, for \d would take the digits of every script.
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])"
)
_TIME_CHARACTERS: Final = len("2026-01-05T10:00:00+07:00")
_DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


class _Odd(ValueError):
    """Something is not of the plainest form."""


class Reader:
    """Reads plain small uploads of one service."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._parameters = {
            (p.code, p.unit): (p, Duration.parse(p.period).span) for p in catalogue.parameters
        }
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
        if len({(row.station, row.parameter, row.time_us) for row in rows}) < len(rows):
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
        # Each spelling is looked at once.
        stations: set[str] = set()
        times: dict[str, int] = {}
        rows = []
        for line, members in enumerate(_measurements(text, min(MOST_ROWS, declared.rows)), 1):
            station, code, time, value, unit = _cells(members, declared.columns)
            parameter, span = self._parameters[code, unit]
            if station not in stations:
                if len(station) > declared.cell_characters or not caller.sees(station):
                    raise _Odd
                stations.add(station)
            if time not in times:
                times[time] = _instant_us(time, latest_us)
            number = _number(value)
            flag = qc.gross_range_of_one(parameter, number)
            rows.append(Row(line, station, code, times[time], number, span, int(flag)))
        return rows


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
    return measurements


def _cells(members: Any, most: int) -> tuple[str, str, str, str, str]:
    """Return the cells of a row that every row has; Any: what JSON can say."""
    try:
        station, code, time = members["station"], members["parameter"], members["time"]
        value, unit = members["value"], members["unit"]
    except (KeyError, TypeError) as error:
        raise _Odd from error
    is_text = isinstance(station, str) and isinstance(code, str) and isinstance(time, str)
    if not (is_text and isinstance(value, str) and isinstance(unit, str)) or len(members) > most:
        raise _Odd
    if len(members) > len(_NEEDED) and any(
        name not in _EMPTY or cell is not None
        for name, cell in members.items()
        if name not in _NEEDED
    ):
        raise _Odd
    return station, code, time, value, unit


def _instant_us(time: str, latest_us: int) -> int:
    if _TIME.fullmatch(time) is None:
        raise _Odd
    time_us = us_of_instant(datetime.fromisoformat(time))
    if not _EARLIEST_US <= time_us <= latest_us:
        raise _Odd
    return time_us


def _number(value: str) -> float:
    if len(value) > MOST_DIGITS or _DECIMAL.fullmatch(value) is None:
        raise _Odd
    number = float(value)
    if number in MISSING_CODES:
        raise _Odd
    return number


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _Odd
    return members


_DECODER: Final = json.JSONDecoder(
    parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_members_once
)
