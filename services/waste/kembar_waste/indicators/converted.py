"""Which share of the masses behind a figure was converted from volumes, and by which densities."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from kembar_shared.chassis.messages import LANGUAGES, Messages
from kembar_shared.measurement.vocabulary import Grain
from kembar_waste.indices.claims import ROUTES

if TYPE_CHECKING:
    from kembar_shared.measurement.indicators import Figure

TRIPS: Final = "waste.collected_from_trips"

_LENGTHS: Final = {Grain.MONTH: "%Y-%m", Grain.YEAR: "%Y"}
_MADE_OF: Final = {
    "waste.generated": ("generated",),
    "waste.generation_per_person": ("generated",),
    "waste.kurangi_t": ("generated",),
    "waste.avoided_tco2e": ROUTES,
}
"""Parameters of the figures whose detail does not name them."""

_MOST_NAMED: Final = 4
_LEAST_PERCENT: Final = 0.1


class _Amount(NamedTuple):
    """What was reported, how much of it was converted, in kg, and by which densities in kg/m³."""

    kg: float
    converted_kg: float
    densities: list[float]


_Amounts = dict[tuple[str, str, str, str], _Amount]


def noted(figures: list[Figure], days: pl.DataFrame) -> list[Figure]:
    """Add to each figure how much of what was reported for it was converted, and a sentence.

    Of a share the masses of both its sides count together. What counts is what was reported of the
    figure's parameters in its period, by the grain it is made from, each waste once; also days
    that a share leaves out.

    Args:
        figures: Of masses.
        days: Of `DAYS_SCHEMA`, totals or parts, with the columns `converted` and `factors` where
            anything was converted.

    Returns:
        The figures, with `converted_share` (0 to 1; null where nothing was reported),
        `densities_kg_per_m3` and `converted_note`, a sentence in each language where a number was
        converted, else null.
    """
    amounts = _amounts(days) if "converted" in days.columns else {}
    return [replace(figure, detail=figure.detail | _detail(figure, amounts)) for figure in figures]


def _amounts(days: pl.DataFrame) -> _Amounts:
    """Add up what was reported and converted by jurisdiction, period, grain and parameter."""
    found: _Amounts = {}
    reported = days.filter(pl.col("n") > 0)
    for length, label in _LENGTHS.items():
        shorter = reported
        if length is Grain.MONTH:
            shorter = reported.filter(pl.col("grain") != Grain.YEAR.value)
        key = ("jurisdiction", "label", "grain", "parameter")
        sums = (
            shorter.with_columns(label=pl.col("period").dt.strftime(label))
            .group_by(key)
            .agg(
                pl.col("sum", "converted").sum(),
                pl.col("factors").explode().drop_nulls().unique().sort(),
            )
            .filter(pl.col("sum") > 0.0)
        )
        for *of, kg, converted_kg, densities in sums.select(
            *key, "sum", "converted", "factors"
        ).iter_rows():
            place, period, grain, parameter = of
            found[place, period, grain, parameter] = _Amount(kg, converted_kg, densities)
    return found


def _detail(figure: Figure, amounts: _Amounts) -> dict[str, object]:
    """Return what is added to the detail of a figure."""
    has_number = figure.value is not None
    if figure.indicator == TRIPS:
        note = {language: _MESSAGES.say("note.trips", language) for language in LANGUAGES}
        return {
            "converted_share": 1.0 if has_number else None,
            "densities_kg_per_m3": [],
            "converted_note": note if has_number else None,
        }
    own = [
        amounts[key]
        for parameter in _parameters(figure)
        for key in [(figure.jurisdiction, figure.period, _grain(figure), parameter)]
        if key in amounts
    ]
    densities = sorted({density for amount in own for density in amount.densities})
    share = 0.0 if figure.n > 0 else None
    if densities:
        share = min(1.0, sum(a.converted_kg for a in own) / sum(a.kg for a in own))
    return {
        "converted_share": share,
        "densities_kg_per_m3": densities,
        "converted_note": _note(share, densities) if share and has_number else None,
    }


def _parameters(figure: Figure) -> tuple[str, ...]:
    named = figure.detail.get("parameters")
    if isinstance(named, list):
        return tuple(str(name) for name in dict.fromkeys(named))
    return _MADE_OF.get(figure.indicator, ())


def _grain(figure: Figure) -> str:
    grains = figure.detail.get("grains")
    return str(grains[0] if isinstance(grains, list) and grains else figure.detail.get("grain"))


def _note(share: float, densities: list[float]) -> dict[str, str]:
    """Say it in every language; a share is neither rounded to nothing nor to all."""
    percent = 100.0 * share
    if share < 1.0:
        percent = min(max(round(percent, 1), _LEAST_PERCENT), 100.0 - _LEAST_PERCENT)
    numbers = [f"{density:.3f}".rstrip("0").rstrip(".") for density in densities]
    if len(numbers) > _MOST_NAMED:
        numbers = [f"{numbers[0]}\N{EN DASH}{numbers[-1]}"]
    texts = {}
    for language in LANGUAGES:
        said = f"{percent:.4g}", "; ".join(numbers)
        if language == "id":
            said = said[0].replace(".", ","), said[1].replace(".", ",")
        texts[language] = _MESSAGES.say(
            "note.converted", language, share=said[0], densities=said[1]
        )
    return texts


_MESSAGES: Final = Messages.of("kembar_waste")
