"""An operator's own thresholds: `[[check]]` of TOML, for a parameter or for it at one station."""

from __future__ import annotations

import hashlib
import math
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from kembar_shared.measurement.catalogue import (
    Catalogue,
    Flat,
    Parameter,
    Season,
    Span,
    Threshold,
)
from kembar_shared.measurement.periods import Duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MONTHS: Final = 12
_MEMBERS: Final = frozenset(
    {"parameter", "station", "range", "spike", "rate", "flat", "climatology", "weekly", "rest",
     "source", "verified"}
)  # fmt: skip


class ChecksUnfit(ValueError):
    """An operator's thresholds cannot be understood; the message says where and why."""


def overridden(catalogue: Catalogue, text: str) -> Catalogue:
    """Return *catalogue* with an operator's thresholds.

    Each `[[check]]` names a `parameter`, and a `station` if it is for this one alone; what it
    leaves out stays as it was, what it sets to `false` is no longer tested.

    Raises:
        ChecksUnfit: The text cannot be read, or an entry of it not be understood.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ChecksUnfit(f"this is no TOML: {error}") from error
    entries = tables.pop("check", [])
    if tables or not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise ChecksUnfit("write [[check]], in two brackets, and nothing else")
    # Those of single stations stand upon those of all, in whatever order they were written.
    for number, entry in sorted(enumerate(entries, 1), key=lambda each: "station" in each[1]):
        catalogue = _placed(catalogue, entry, f"check {number}")
    return catalogue


def digest(catalogue: Catalogue) -> str:
    """Return a digest of all that measurements are checked by; it changes with any of it."""
    of_all = [(p.code, p.fail, p.suspect, p.checks) for p in catalogue.parameters]
    of_one = [(key, p.fail, p.suspect, p.checks) for key, p in catalogue.of_stations.items()]
    relations = [(relation.code, relation.parameters) for relation in catalogue.relations]
    return hashlib.sha256(repr((of_all, sorted(of_one), relations)).encode()).hexdigest()[:16]


def _placed(catalogue: Catalogue, entry: Mapping[str, Any], where: str) -> Catalogue:
    for name in sorted(set(entry) - _MEMBERS):
        raise ChecksUnfit(f"{where}: there is no member {name!r}; there are {sorted(_MEMBERS)}")
    code, station = entry.get("parameter"), entry.get("station")
    if not isinstance(code, str) or code not in catalogue.by_code:
        raise ChecksUnfit(f"{where}: parameter = {code!r} is none of this service's")
    if station is None:
        made = _changed(catalogue.by_code[code], entry, f"{where} ({code})")
        others = tuple(made if p.code == code else p for p in catalogue.parameters)
        return replace(catalogue, parameters=others)
    if not isinstance(station, str) or not station:
        raise ChecksUnfit(f"{where}: station = {station!r} is no code")
    made = _changed(catalogue.at(station, code), entry, f"{where} ({code} at {station})")
    return replace(catalogue, of_stations={**catalogue.of_stations, (station, code): made})


def _changed(parameter: Parameter, entry: Mapping[str, Any], where: str) -> Parameter:
    """Return *parameter* with what *entry* says."""
    readers: dict[str, Callable[[Any, str], Any]] = {
        "spike": _threshold, "rate": _threshold, "flat": _flat, "rest": _number,
    }  # fmt: skip
    given: dict[str, Any] = {
        name: None if entry[name] is False else read(entry[name], f"{where}: {name}")
        for name, read in readers.items()
        if name in entry
    }
    if "climatology" in entry:
        given["seasons"] = _seasons(entry["climatology"], f"{where}: climatology")
    for name, kind in (("weekly", bool), ("source", str), ("verified", bool)):
        if name in entry and not isinstance(entry[name], kind):
            raise ChecksUnfit(f"{where}: {name} = {entry[name]!r} is no {kind.__name__}")
    given |= {name: entry[name] for name in ("weekly", "source", "verified") if name in entry}
    given.setdefault("source", "Operator")
    given.setdefault("verified", False)
    made = replace(parameter, checks=replace(parameter.checks, **given))
    if "range" in entry:
        ends = _table(entry["range"], ("fail", "suspect"), f"{where}: range")
        spans: dict[str, Any] = {n: _span(ends[n], f"{where}: range.{n}") for n in ends}
        made = replace(made, **spans, source=given["source"])
        _check_inside(made, where)
    return made


def _check_inside(parameter: Parameter, where: str) -> None:
    fail, suspect = parameter.fail or Span(), parameter.suspect or Span()
    least = -math.inf if fail.low is None else fail.low
    most = math.inf if fail.high is None else fail.high
    if any(end is not None and not least <= end <= most for end in (suspect.low, suspect.high)):
        raise ChecksUnfit(f"{where}: what is plausible must lie inside of what is possible")


def _threshold(value: Any, where: str) -> Threshold:
    given = _table(value, ("suspect", "fail"), where)
    if "suspect" not in given:
        raise ChecksUnfit(f"{where}: say from which difference on: suspect = 2.0")
    numbers = {name: _number(given[name], f"{where}.{name}") for name in given}
    made = Threshold(**numbers)
    if made.suspect <= 0 or (made.fail is not None and made.fail < made.suspect):
        raise ChecksUnfit(f"{where}: suspect must be above 0, and fail not below it")
    return made


def _flat(value: Any, where: str) -> Flat:
    given = _table(value, ("tolerance", "suspect", "fail"), where)
    if not {"tolerance", "suspect"} <= set(given):
        raise ChecksUnfit(f'{where}: say how little and how long: tolerance = 0.1, suspect = "P1D"')
    tolerance = _number(given["tolerance"], f"{where}.tolerance")
    minutes = {
        name: _minutes(given[name], f"{where}.{name}") for name in ("suspect", "fail")
        if name in given
    }  # fmt: skip
    made = Flat(tolerance, minutes["suspect"], minutes.get("fail"))
    if tolerance <= 0 or (made.fail_min is not None and made.fail_min < made.suspect_min):
        raise ChecksUnfit(f"{where}: tolerance must be above 0, and fail not before suspect")
    return made


def _seasons(value: Any, where: str) -> tuple[Season, ...]:
    if value is False:
        return ()
    if not isinstance(value, list):
        raise ChecksUnfit(f"{where}: write a list of seasons")
    seasons = tuple(_season(each, f"{where} {n}") for n, each in enumerate(value, 1))
    months = [month for season in seasons for month in season.months]
    if len(set(months)) < len(months):
        raise ChecksUnfit(f"{where}: a month is in two seasons")
    return seasons


def _season(value: Any, where: str) -> Season:
    given = _table(value, ("months", "suspect", "fail"), where)
    months = given.get("months")
    is_whole = isinstance(months, list) and all(type(month) is int for month in months)
    if not months or not is_whole or not all(1 <= month <= _MONTHS for month in months):
        raise ChecksUnfit(f"{where}: months = {months!r}; write months = [11, 12, 1]")
    if "suspect" not in given:
        raise ChecksUnfit(f"{where}: say what is usual: suspect = [20.0, 30.0]")
    fail = _span(given["fail"], f"{where}.fail") if "fail" in given else None
    return Season(tuple(months), _span(given["suspect"], f"{where}.suspect") or Span(), fail)


def _table(value: Any, members: tuple[str, ...], where: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise ChecksUnfit(f"{where}: write {{{', '.join(f'{name} = …' for name in members)}}}")
    for name in sorted(set(value) - set(members)):
        raise ChecksUnfit(f"{where}: there is no member {name!r}; there are {list(members)}")
    return value


def _span(value: Any, where: str) -> Span | None:
    """Read `[low, high]`; an open end is `-inf` or `inf`."""
    if value is False:
        return None
    ends = 2
    if not isinstance(value, list) or len(value) != ends:
        raise ChecksUnfit(f"{where}: write [low, high]; an open end is -inf or inf")
    low, high = (_number(end, where, is_open=True) for end in value)
    if not low < high:
        raise ChecksUnfit(f"{where}: {low} is not below {high}")
    return Span(*(end if math.isfinite(end) else None for end in (low, high)))


def _number(value: Any, where: str, *, is_open: bool = False) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or math.isnan(value) or not (is_open or math.isfinite(value)):
        raise ChecksUnfit(f"{where}: {value!r} is no number")
    return float(value)


def _minutes(value: Any, where: str) -> int:
    """Read a duration: of minutes, hours, days or weeks."""
    text = str(value)
    if text.startswith("P") and text.endswith("W") and text[1:-1].isdecimal():
        minutes = int(text[1:-1]) * 7 * 1440
    elif text.startswith("P") and text.endswith("D") and text[1:-1].isdecimal():
        minutes = int(text[1:-1]) * 1440
    else:
        try:
            minutes = Duration.parse(text).minutes
        except ValueError:
            minutes = 0
    longest = 366 * 1440
    if not 0 < minutes <= longest:
        raise ChecksUnfit(f'{where}: {value!r} is no such duration; write "PT6H", "P2D" or "P8W"')
    return minutes
