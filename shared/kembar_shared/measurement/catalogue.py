"""The shape of what a service can measure: parameters, their units, names and plausible ranges."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable


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
class Span:
    """A closed range; a bound that is absent is open."""

    low: float | None = None
    high: float | None = None


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


@dataclass(frozen=True)
class Catalogue:
    """Everything one service accepts; look-ups are by folded spelling."""

    service: str
    parameters: tuple[Parameter, ...]
    materials: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

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
        return _unambiguous(
            (p.code, spelling, conversion)
            for p in self.parameters
            for conversion in p.conversions
            for spelling in (conversion.unit, *conversion.aliases)
        )

    def parameter_of(self, spelling: str) -> str | None:
        """Return the code of the parameter written *spelling*, if there is one."""
        return self.parameter_spellings.get(fold(spelling))

    def conversion_of(self, parameter: str, unit: str) -> Conversion | None:
        """Return how a value of *parameter* in *unit* is converted, if it can be."""
        return self.unit_spellings.get((parameter, fold(unit)))


def fold(text: str) -> str:
    """Fold the harmless differences of spelling: Unicode compatibility forms, case, spaces.

    `µg/m³`, `μG/M3` and `μg / m3` fold to one string; so do `mg/L` and `Mg/l`, hence a catalogue
    refuses two units that differ in case alone.
    """
    return "".join(
        unicodedata.normalize("NFKC", text).replace("\N{MICRO SIGN}", "μ").lower().split()
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
