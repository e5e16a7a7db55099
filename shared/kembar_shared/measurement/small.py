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

from kembar_shared.measurement import qc
from kembar_shared.measurement.periods import Duration, us_of_instant
from kembar_shared.measurement.store.posts import Post, Row
from kembar_shared.measurement.uploads import AHEAD, EARLIEST, MISSING_CODES, MOST_DIGITS

if TYPE_CHECKING:
    from kembar_shared.chassis.auth import Caller
    from kembar_shared.measurement.catalogue import Catalogue
    from kembar_shared.measurement.ingest import File, Terms

MOST_BYTES: Final = 64 * 1024
_MOST_ROWS: Final = 50
_EARLIEST_US: Final = us_of_instant(EARLIEST)
_NEEDED: Final = ("station", "parameter", "time", "value", "unit")
_EMPTY: Final = frozenset({"qualifier", "limit"})
"""Members that may be there with nothing in them."""

# Spelled out, for \d would take the digits of every script.
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])"
)
_DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


class _Odd(ValueError):
    """Something is not of the plainest form."""


class Reader:
    """Reads plain small uploads of one service."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._parameters = {
            p.code: (p, Duration.parse(p.period).span) for p in catalogue.parameters
        }

    def read(self, caller: Caller, file: File, terms: Terms, *, now: datetime) -> Post | None:
        """Return what *file* holds, or None where it is not small and plain."""
        is_usual = file.media_type == "application/json" and file.size_bytes <= MOST_BYTES
        if terms.dry_run or not is_usual or not _is_plain(terms):
            return None
        file.content.seek(0)
        try:
            text = file.content.read().decode("ascii")
            rows = self._rows(text, caller, terms, latest_us=us_of_instant(now + AHEAD))
        except (ValueError, RecursionError, OverflowError):
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
        )

    def _rows(self, text: str, caller: Caller, terms: Terms, *, latest_us: int) -> list[Row]:
        # An escape may say what no database keeps.
        document = None if "\\" in text else _DECODER.decode(text)
        if not isinstance(document, dict) or list(document) != ["measurements"]:
            raise _Odd
        measurements = document["measurements"]
        declared = terms.declared
        most = min(_MOST_ROWS, declared.rows)
        if not isinstance(measurements, list) or not 0 < len(measurements) <= most:
            raise _Odd
        rows = []
        for line, members in enumerate(measurements, 1):
            station, code, time, value, unit = _cells(members, declared.columns)
            parameter, span = self._parameters.get(code, (None, 0))
            if parameter is None or unit != parameter.unit or not caller.sees(station):
                raise _Odd
            if max(len(station), len(code), len(time), len(unit)) > declared.cell_characters:
                raise _Odd
            time_us, number = _instant_us(time), _number(value)
            if not _EARLIEST_US <= time_us <= latest_us:
                raise _Odd
            flag = qc.gross_range_of_one(parameter, number)
            rows.append(Row(line, station, code, time_us, number, span, int(flag)))
        return rows


def _is_plain(terms: Terms) -> bool:
    declared = terms.declared
    is_long = declared.layout == "long" and declared.sheet is None
    return is_long and declared.decimal == "point" and declared.dates == "iso"


def _cells(members: Any, most: int) -> list[str]:
    """Return the cells of `_NEEDED`; Any: what JSON can say."""
    if not isinstance(members, dict) or len(members) > most:
        raise _Odd
    cells = [cell for name in _NEEDED if isinstance(cell := members.get(name), str)]
    if len(cells) < len(_NEEDED):
        raise _Odd
    if len(members) > len(_NEEDED) and any(
        name not in _EMPTY or cell is not None
        for name, cell in members.items()
        if name not in _NEEDED
    ):
        raise _Odd
    return cells


def _instant_us(time: str) -> int:
    if _TIME.fullmatch(time) is None:
        raise _Odd
    return us_of_instant(datetime.fromisoformat(time))


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
