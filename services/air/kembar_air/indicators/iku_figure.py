"""The IKU (Indeks Kualitas Udara, air quality index) of cities and years."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_air.indicators import columns, rules, valid_hours
from kembar_air.indices import iku
from kembar_air.standards import completeness
from kembar_air.standards.indonesia import IKU_EDGES, LPPD, PERMEN_LHK_27_2021
from kembar_shared.measurement import coverage
from kembar_shared.measurement.indicators import Figure
from kembar_shared.measurement.standards import StandardsUnfit
from kembar_shared.measurement.vocabulary import Origin, State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from kembar_shared.measurement.standards import Standards

METHOD: Final = "permen-lhk-27-2021/iku@4"
INDICATOR: Final = "air.iku"

GASES: Final = ("no2", "so2")
_REFERENCE: Final = "iku_reference"


def refuse_unfit(standards: Standards) -> None:
    """Refuse reference values that nothing can be divided by.

    Raises:
        StandardsUnfit: One of them is not above zero.
    """
    for row in standards.factors:
        if row.quantity == _REFERENCE and row.value <= 0.0:
            raise StandardsUnfit(
                f"{row.standard}, {row.subject}, {row.quantity} from {row.valid_from}: "
                f"{row.value} {row.unit} is divided by; it must be greater than 0"
            )


def of(days: pl.DataFrame, indices: pl.DataFrame, standards: Standards) -> list[Figure]:
    """Return `air.iku` of each jurisdiction and year in which NO2 or SO2 was reported by the day.

    A site counts that has enough valid days of both gases. With fewer sites than the regulation
    asks for the figure is provisional: what kind of place a site is, traffic, industry, dwellings
    or offices, is not known here, so no kind is asked for.

    Source:
        Permen LHK 27/2021, Lampiran II: annual means of each site, then of the city.
    """
    sites = _sites(days, indices, standards)
    if sites.is_empty():
        return []
    cities = (
        sites.group_by("jurisdiction", "year")
        .agg(
            pl.col("ieu").filter(pl.col("valid")).mean(),
            valid_sites=pl.col("station").filter(pl.col("valid")).sort(),
            other_sites=pl.col("station").filter(~pl.col("valid")).sort(),
            stations=pl.col("station").sort(),
            days=pl.col("days").sum(),
            length=pl.col("length").first(),
            origin=coverage.least_real(pl.col("origin")),
        )
        .sort("jurisdiction", "year")
    )
    return [_figure(row, standards) for row in cities.iter_rows(named=True)]


def _sites(days: pl.DataFrame, indices: pl.DataFrame, standards: Standards) -> pl.DataFrame:
    """Return the Ieu of each station and year."""
    values = valid_hours.as_kept(columns.day_values(days, GASES), indices, GASES)
    if not len(values.day):
        return pl.DataFrame()
    least = rules.by_day(standards, completeness.OWN, "mean_24h", "least_hours", values.day)
    valid = values.has_mean(least)
    year = values.day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    key, row = np.unique(values.station * 10_000 + year, return_inverse=True)
    sums = np.zeros((len(key), len(GASES)))
    count = np.zeros((len(key), len(GASES)), dtype=np.int64)
    np.add.at(sums, (row[valid], values.parameter[valid]), values.mean[valid])
    np.add.at(count, (row[valid], values.parameter[valid]), 1)
    means = np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0)
    years = key % 10_000
    length = np.array([366 if _is_leap(int(each)) else 365 for each in years])
    ends = [date(int(each), 12, 31) for each in years]
    no2, so2 = (
        np.array([_factor(standards, gas, _REFERENCE, end) for end in ends]) for gas in GASES
    )
    share = np.array([_factor(standards, "iku", "least_share_of_days", end) for end in ends])
    enough = (count >= np.ceil(share * length - 1e-9)[:, None]).all(axis=1)
    # Without its days above the instrument's range the mean of a year would be too low.
    enough[row[values.beyond]] = False
    places = days.select("station", "jurisdiction", "origin").unique("station")
    # An operator may ask for no days at all, and bring a reference next to nothing.
    with np.errstate(over="ignore"):
        ieu = iku.ieu(means[:, 0], means[:, 1], no2, so2)
        enough &= np.isfinite(iku.iku(ieu))
    return pl.DataFrame(
        {
            "station": [values.stations[place] for place in key // 10_000],
            "year": years,
            "ieu": ieu,
            "valid": enough,
            "days": count.min(axis=1),
            "length": length,
        }
    ).join(places, on="station")


def _figure(city: Mapping[str, Any], standards: Standards) -> Figure:
    sites = len(city["valid_sites"])
    least_sites = _factor(standards, "iku", "least_sites", date(city["year"], 12, 31))
    state = State.INSUFFICIENT
    value = None
    if sites and math.isfinite(iku.iku(city["ieu"]) * sites):
        state = State.OK if sites >= least_sites else State.PROVISIONAL
        value = iku.iku(city["ieu"])
    expected = float(len(city["stations"]) * city["length"])
    return Figure(
        indicator=INDICATOR,
        jurisdiction=city["jurisdiction"],
        period=str(city["year"]),
        value=value,
        unit="1",
        state=state,
        numerator=None if value is None else value * sites,
        denominator=None if value is None else float(sites),
        n=city["days"],
        expected=expected,
        coverage=city["days"] / expected,
        origin=Origin(city["origin"]),
        method=standards.method(METHOD, PERMEN_LHK_27_2021, LPPD, completeness.OWN),
        stations=tuple(city["stations"]),
        detail={
            "ieu": city["ieu"],
            "category": None if value is None else _category(value, standards, city["year"]),
            "category_of": LPPD,
            "sites": city["valid_sites"],
            "sites_insufficient": city["other_sites"],
            "least_sites": int(least_sites),
        },
    )


def _category(value: float, standards: Standards, year: int) -> str:
    on = date(year, 12, 31)
    edges = [standards.factor(LPPD, "iku_class", edge, on).value for edge in IKU_EDGES]
    return iku.category(value, edges)


def _factor(standards: Standards, subject: str, quantity: str, on: date) -> float:
    return standards.factor(PERMEN_LHK_27_2021, subject, quantity, on).value


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
