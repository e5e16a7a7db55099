"""Japan's environmental quality standards for rivers, living environment."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from kembar_shared.measurement.standards import Limit

if TYPE_CHECKING:
    from collections.abc import Iterator

JP_EQS_RIVER: Final = "jp-eqs-river"

GRADES: Final = ("AA", "A", "B", "C", "D", "E")
"""AA the cleanest."""

FARM: Final = "farm"
"""Water for farms, judged beside the classes and no part of their order."""

# The day of Notification 59, unverified; the limits themselves were seen in two places.
_NOTIFIED: Final = date(1971, 12, 28)
_ECOLI_SINCE: Final = date(2022, 4, 1)


class _Item(NamedTuple):
    """One column of the table: `(least, most)` of each grade, None where it sets no limit."""

    parameter: str
    unit: str
    evaluation: str
    cells: tuple[tuple[float | None, float | None] | None, ...]
    valid_from: date = _NOTIFIED
    valid_to: date | None = None
    verified: bool = True
    note: str = ""


def _at_most(*values: float | None) -> tuple[tuple[None, float] | None, ...]:
    return tuple(None if value is None else (None, float(value)) for value in values)


def _at_least(*values: float) -> tuple[tuple[float, None], ...]:
    return tuple((float(value), None) for value in values)


# Class E has no number for suspended solids: no floating litter.
_ITEMS: Final = (
    _Item("ph", "pH", "each", (*[(6.5, 8.5)] * 4, *[(6.0, 8.5)] * 2)),
    _Item("bod", "mg/L", "p75", _at_most(1, 2, 3, 5, 8, 10), note=", 75 % value"),
    _Item("tss", "mg/L", "each", _at_most(25, 25, 25, 50, 100, None)),
    _Item("do", "mg/L", "each", _at_least(7.5, 7.5, 5, 5, 2, 2)),
    _Item(
        "ecoli",
        "CFU/100 mL",
        "p90",
        _at_most(20, 300, 1000, None, None, None),
        valid_from=_ECOLI_SINCE,
        verified=False,
        note=", E. coli, 90 % value; the day and the evaluation are unverified",
    ),
    _Item(
        "tcoli",
        "MPN/100 mL",
        "each",
        _at_most(50, 1000, 5000, None, None, None),
        valid_to=_ECOLI_SINCE,
        note=", coliform groups, until they gave way to E. coli",
    ),
)
_FARM_CELLS: Final[dict[str, tuple[float | None, float | None]]] = {
    "ph": (6.0, 7.5),
    "do": (5.0, None),
}


def river_classes() -> Iterator[Limit]:
    """Yield the limits of the six river classes and of water for farms, all of daily means.

    E. coli (CFU) took the place of total coliform (MPN) on 1 April 2022; neither is ever
    converted into the other, nor compared with faecal coliform.
    """
    for item in _ITEMS:
        of_farms = _FARM_CELLS.get(item.parameter)
        for grade, cell in zip((*GRADES, FARM), (*item.cells, of_farms), strict=True):
            if cell is None:
                continue
            least, most = cell
            yield Limit(
                standard=JP_EQS_RIVER,
                authority="jp",
                parameter=item.parameter,
                grade=grade,
                averaging="P1D",
                evaluation=item.evaluation,
                least=least,
                most=most,
                unit=item.unit,
                valid_from=item.valid_from,
                valid_to=item.valid_to,
                source=(
                    "Environment Agency Notification 59/1971, table 2 (living environment), "
                    f"rivers, {'farm use' if grade == FARM else f'class {grade}'}{item.note}"
                ),
                verified=item.verified,
            )
