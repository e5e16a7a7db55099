"""The environment index of a city (IKLH), of years of which somebody states the other two parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np

from kembar_shared.measurement.completeness import COMPLETENESS
from kembar_water.indices import quality
from kembar_water.standards.indonesia import PP_22_2021_VI
from kembar_water.standards.scores import (
    IKLH_EDGES,
    IKLH_WEIGHTS,
    KEPMEN_LH_115_2003,
    PERMEN_LHK_27_2021,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kembar_shared.measurement.indicators import Figure
    from kembar_shared.measurement.standards import Factor, Standards

STATED: Final = "iklh-parts"
"""Code of the rows by which an operator states a city's air and land index (`iku`, `ikl`)."""

_YEAR_LENGTH: Final = len("2023")


def of_cities(standards: Standards, water: Iterable[Figure], suffix: str = "") -> list[Figure]:
    """Return `water.iklh` of the years of which both other indices are stated.

    The air service knows the air index and nobody measures the land's: who keeps Kembar states
    both, each with its source, in a row whose first day lies in the year.

    Args:
        standards: Holds the weights, and the rows stated.
        water: Figures of the water index (`water.ika`).
        suffix: What the method of these says of settings.
    """
    found = []
    for figure in water:
        if len(figure.period) != _YEAR_LENGTH:
            continue
        stated = {
            row.quantity: row
            for row in standards.factors
            if row.standard == STATED and row.subject == figure.jurisdiction and _is_of(row, figure)
        }
        if {"iku", "ikl"} <= stated.keys():
            found.append(_composed(standards, figure, stated["iku"], stated["ikl"], suffix))
    return found


def _is_of(row: Factor, figure: Figure) -> bool:
    return row.valid_from is not None and row.valid_from.year == int(figure.period)


def _composed(
    standards: Standards, figure: Figure, iku: Factor, ikl: Factor, suffix: str
) -> Figure:
    day = date(int(figure.period), 12, 31)
    weights, edges = (
        np.array([standards.factor(PERMEN_LHK_27_2021, of, name, day).value for name in names])
        for of, names in (("iklh_city", IKLH_WEIGHTS), ("iklh_class", IKLH_EDGES))
    )
    ika = np.array([np.nan if figure.value is None else figure.value])
    index = quality.iklh_city(ika, np.array([iku.value]), np.array([ikl.value]), weights)
    (place,) = quality.iklh_category(index, edges)
    value = None if figure.value is None else float(index[0])
    return replace(
        figure,
        indicator="water.iklh",
        value=value,
        numerator=value,
        denominator=None if value is None else 1.0,
        method=standards.method(
            quality.IKLH_CITY + suffix,
            PERMEN_LHK_27_2021,
            STATED,
            PP_22_2021_VI,
            KEPMEN_LH_115_2003,
            COMPLETENESS,
        ),
        detail={
            "ika": figure.value,
            "iku": iku.value,
            "ikl": ikl.value,
            "category": None if value is None else quality.IKLH_CATEGORIES[place],
            "sources": {"iku": iku.source, "ikl": ikl.source},
            "verified": {"iku": iku.verified, "ikl": ikl.verified},
        },
    )
