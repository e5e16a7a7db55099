"""The shape of what a service can measure: parameters, their units, names and plausible ranges."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]

_FACTOR_SIGN: Final = "@"

# Spelled out, for \d and folding would take other digits, and 10³ for 103.
_FACTOR: Final = re.compile(r"(?P<whole>[0-9]{1,9})(?:\.(?P<rest>[0-9]{1,9}))?")


@dataclass(frozen=True, slots=True)
class Conversion:
    """How a value in one unit becomes a value in the parameter's own unit.

    `stored = sent * times / over + plus`; multiplying and dividing by whole numbers keeps a
    decimal such as 0.3 µg/L the double nearest to 0.0003 mg/L.
    """

    unit: str
    aliases: tuple[str, ...] = ()
    times: float = 1.0
    over: float = 1.0
    plus: float = 0.0

    @property
    def is_identity(self) -> bool:
        """Whether a value stays as it is."""
        return (self.times, self.over, self.plus) == (1.0, 1.0, 0.0)

    @property
    def shift(self) -> int | None:
        """By how many places the decimal point moves, where that is all the conversion does."""
        places = round(math.log10(self.times / self.over)) if self.times > 0 else 0
        is_all = self.plus == 0 and self.times * 10.0**-places == self.over
        return places if is_all else None


@dataclass(frozen=True, slots=True)
class FactorUnit:
    """A unit that is written with its factor: `m3@326` is a cubic metre of 326 kg.

    No factor is ever assumed: without one, or with an impossible one, the unit cannot be read.

    Attributes:
        unit: What stands before the sign.
        aliases: Other spellings of it.
        factor: What the factor is called; `<factor>-missing` and `<factor>-unfit` are the codes
            of what can be wrong.
        factor_unit: Unit of the factor.
        low: Smallest factor that is taken.
        high: Greatest factor that is taken.
        decimals: Most decimals of a factor.
        over: `stored = sent * factor / over`.
        example: As it can be written.
    """

    unit: str
    aliases: tuple[str, ...] = ()
    factor: str = "factor"
    factor_unit: str = "1"
    low: int = 1
    high: int = 1_000_000
    decimals: int = 3
    over: int = 1
    example: str = ""

    @property
    def form(self) -> str:
        """How it is written, for a message."""
        return f"{self.unit}{_FACTOR_SIGN}<{self.factor_unit}>"


@dataclass(frozen=True, slots=True)
class Span:
    """A closed range; a bound that is absent is open."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """Above what a difference between values is implausible, and above what it is impossible."""

    suspect: float
    fail: float | None = None


@dataclass(frozen=True, slots=True)
class Flat:
    """How little, and for how long, values may differ before an instrument is taken for stuck."""

    tolerance: float
    suspect_min: int
    fail_min: int | None = None


@dataclass(frozen=True, slots=True)
class Season:
    """What is usual in some months of the year (1 to 12) of the station's calendar."""

    months: tuple[int, ...]
    suspect: Span
    fail: Span | None = None


@dataclass(frozen=True, slots=True)
class Checks:
    """What is asked of a value beside its neighbours; without a threshold nothing is.

    Attributes:
        spike: Most distance from the mean of the value before and the one after.
        rate: Most change in an hour; where the same weekdays are compared, in a week.
        flat: What a stuck instrument shows.
        seasons: What is usual, season by season.
        weekly: Each day is compared with the same weekday alone: no waste comes on Sundays.
        rest: A value that may repeat for ever, such as the nothing of a day of rest.
        source: Where the thresholds come from.
        verified: Whether somebody compared them with that source.
    """

    spike: Threshold | None = None
    rate: Threshold | None = None
    flat: Flat | None = None
    seasons: tuple[Season, ...] = ()
    weekly: bool = False
    rest: float | None = None
    source: str = "Own convention"
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """What parameters measured at once have to do with each other.

    Attributes:
        code: Says what is wrong where it is broken, such as `bod_above_cod`.
        parameters: Those that take part; all of them are suspect where it is broken.
        broken: Values by parameter, each of shape (n,) in its own unit and without NaN, and the
            station's altitude in m -> where it is broken, shape (n,).
    """

    code: str
    parameters: tuple[str, ...]
    broken: Callable[[Mapping[str, Floats], float], Mask]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing a station can measure.

    Attributes:
        code: ASCII snake_case, as in the contract.
        names: The parameter's name by language (`en`, `id`, `ja`).
        unit: The unit values are stored and answered in.
        conversions: Units accepted, the parameter's own first.
        aliases: Other spellings of the code found in files, in any case.
        fail: Outside it a value is physically impossible: flagged FAIL.
        suspect: Outside it a value is implausible: flagged SUSPECT.
        period: ISO 8601 duration one value stands for, unless the sender says otherwise.
        cadence: ISO 8601 duration after which the next value is expected; empty: the period.
        source: Where the bounds come from.
        checks: What is asked of it beside its neighbours.
        factor_units: Units accepted with a factor behind them.
    """

    code: str
    names: dict[str, str]
    unit: str
    conversions: tuple[Conversion, ...]
    period: str
    cadence: str = ""
    aliases: tuple[str, ...] = ()
    fail: Span | None = None
    suspect: Span | None = None
    source: str = ""
    checks: Checks = Checks()
    factor_units: tuple[FactorUnit, ...] = ()

    @property
    def spellings(self) -> Iterator[tuple[str, Conversion | FactorUnit]]:
        """Every spelling of a unit, and the unit."""
        units: tuple[Conversion | FactorUnit, ...] = (*self.conversions, *self.factor_units)
        for unit in units:
            for spelling in (unit.unit, *unit.aliases):
                yield spelling, unit

    @property
    def unit_forms(self) -> str:
        """Every unit that is accepted, for a message."""
        accepted = (*(c.unit for c in self.conversions), *(u.form for u in self.factor_units))
        return ", ".join(accepted)


@dataclass(frozen=True)
class Catalogue:
    """Everything one service accepts; look-ups are by folded spelling.

    Attributes:
        service: Its name.
        parameters: What it measures.
        materials: Codes of materials of waste.
        sources: Codes of sources of waste.
        relations: What its parameters have to do with each other.
        of_stations: Parameters as single stations have them, by codes of station and parameter.
    """

    service: str
    parameters: tuple[Parameter, ...]
    materials: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()
    of_stations: Mapping[tuple[str, str], Parameter] = field(default_factory=dict)

    @cached_property
    def by_code(self) -> dict[str, Parameter]:
        """Parameters by their code."""
        return {parameter.code: parameter for parameter in self.parameters}

    @cached_property
    def parameter_spellings(self) -> dict[str, str]:
        """Folded spelling of every code and alias -> code."""
        table = _unambiguous(
            ("", spelling, p.code) for p in self.parameters for spelling in (p.code, *p.aliases)
        )
        return {spelling: code for (_, spelling), code in table.items()}

    @cached_property
    def unit_spellings(self) -> dict[tuple[str, str], Conversion]:
        """(parameter code, folded spelling of a unit) -> conversion into the parameter's unit."""
        return {
            spelled: unit for spelled, unit in self._units.items() if isinstance(unit, Conversion)
        }

    @cached_property
    def _units(self) -> dict[tuple[str, str], Conversion | FactorUnit]:
        return _unambiguous(
            (p.code, spelling, unit) for p in self.parameters for spelling, unit in p.spellings
        )

    @cached_property
    def has_factors(self) -> bool:
        """Whether values may come converted with a factor instead of measured."""
        return any(parameter.factor_units for parameter in self.parameters)

    def at(self, station: str, parameter: str) -> Parameter:
        """Return *parameter* as it is judged at *station*."""
        return self.of_stations.get((station, parameter)) or self.by_code[parameter]

    def parameter_of(self, spelling: str) -> str | None:
        """Return the code of the parameter written *spelling*, if there is one."""
        return self.parameter_spellings.get(fold(spelling))

    def conversion_of(self, parameter: str, unit: str) -> Conversion | None:
        """Return how a value of *parameter* in *unit* is converted, if it can be."""
        known = self._units.get((parameter, fold(unit)))
        if isinstance(known, Conversion):
            return known
        needs_factor = self.factor_unit_of(parameter, unit)
        return None if needs_factor is None else _with_factor(needs_factor, _parted(unit)[1])

    def factor_unit_of(self, parameter: str, unit: str) -> FactorUnit | None:
        """Return the unit that *unit* is with a factor, or would be with one."""
        known = self._units.get((parameter, fold(_parted(unit)[0])))
        return known if isinstance(known, FactorUnit) else None

    def factor_of(self, parameter: str, unit: str) -> float | None:
        """Return the factor that *unit* is written with, in the unit of factors, if it is."""
        if self.factor_unit_of(parameter, unit) is None:
            return None
        return None if self.conversion_of(parameter, unit) is None else float(_parted(unit)[1])


FACTOR_SIGNS: Final = (_FACTOR_SIGN, "\N{FULLWIDTH COMMERCIAL AT}")
"""What stands before a factor."""


def fold(text: str) -> str:
    """Fold the harmless differences of spelling: Unicode compatibility forms, case, spaces.

    `µg/m³`, `μG/M3` and `μg / m3` fold to one string; so do `mg/L` and `Mg/l`, hence a catalogue
    refuses two units that differ in case alone.
    """
    return "".join(
        unicodedata.normalize("NFKC", text).replace("\N{MICRO SIGN}", "μ").lower().split()
    )


def says_factor(unit: str) -> bool:
    """Say whether anything stands where the factor of a unit does."""
    return _parted(unit)[1] != ""


def _parted(unit: str) -> tuple[str, str]:
    """Return what stands before and behind the sign of a factor."""
    name, _, factor = unit.replace("\N{FULLWIDTH COMMERCIAL AT}", _FACTOR_SIGN).partition(
        _FACTOR_SIGN
    )
    return name, factor.strip()


@lru_cache(maxsize=1024)
def _with_factor(unit: FactorUnit, factor: str) -> Conversion | None:
    """Return how a value in *unit* with this factor is converted; None of an impossible one."""
    found = _FACTOR.fullmatch(factor)
    if found is None:
        return None
    decimals = found["rest"] or ""
    scale = 10 ** len(decimals)
    times = int(found["whole"] + decimals)
    if len(decimals) > unit.decimals or not unit.low * scale <= times <= unit.high * scale:
        return None
    over = scale * unit.over
    shared = math.gcd(times, over)
    return Conversion(
        f"{unit.unit}{_FACTOR_SIGN}{factor}", times=float(times // shared), over=over / shared
    )


_Meaning = TypeVar("_Meaning")


def _unambiguous(
    spellings: Iterable[tuple[str, str, _Meaning]],
) -> dict[tuple[str, str], _Meaning]:
    """Return (scope, folded spelling) -> meaning; refuse a spelling that would mean two things."""
    table: dict[tuple[str, str], _Meaning] = {}
    for scope, spelling, meaning in spellings:
        key = (scope, fold(spelling))
        if table.setdefault(key, meaning) != meaning:
            raise ValueError(f"{spelling!r} means both {table[key]!r} and {meaning!r}")
    return table
