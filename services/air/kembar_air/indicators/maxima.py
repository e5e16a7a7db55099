"""The highest means of station-days that limits over less than a day are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_air.indicators import columns, judged, rules
from kembar_air.indices import grid, windows
from kembar_air.standards import completeness
from kembar_shared.measurement.completeness import COMPLETENESS, DAY, SHARE
from kembar_shared.measurement.indicators import INDEX_SCHEMA
from kembar_shared.measurement.vocabulary import Grain, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from kembar_shared.measurement.standards import Limit, Standards

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Maximum:
    """One kind of daily maximum.

    Attributes:
        code: What its index is called before the colon.
        hours: Length of the means.
        first: First hour of the day in which one may end.
        following: First hour in which none may end any more.
        step: Hours from one mean to the next.
    """

    code: str
    hours: int
    first: int = 0
    following: int = 24
    step: int = 1

    @property
    def method(self) -> str:
        """Identifier and version of its formula."""
        return f"kembar/{self.code}@2"

    @property
    def expected(self) -> int:
        """How many means a complete day has."""
        return len(range(self.first, self.following, self.step))

    def index(self, parameter: str) -> str:
        """Return the code of the index of one parameter."""
        return f"{self.code}:{parameter}"


MAX_1H: Final = Maximum("max_1h", 1)
MAX_1H_DAYTIME: Final = Maximum("max_1h_daytime", 1, first=5, following=20)
MAX_3H: Final = Maximum("max_3h", 3)
MAX_8H: Final = Maximum("max_8h", 8)
BLOCK_8H: Final = Maximum("block_8h", 8, first=7, step=8)
"""The blocks 0-8, 8-16 and 16-24 o'clock."""

KINDS: Final = (MAX_1H, MAX_1H_DAYTIME, MAX_3H, MAX_8H, BLOCK_8H)
OF_LIMIT: Final = {
    ("PT1H", "each"): MAX_1H,
    ("PT1H", "daytime"): MAX_1H_DAYTIME,
    ("PT3H", "each"): MAX_3H,
    ("PT8H", "each"): MAX_8H,
    ("PT8H", "p99"): MAX_8H,
    ("PT8H", "blocks"): BLOCK_8H,
    ("P6M", "season"): MAX_8H,
    ("P1Y", "mean_max_8h"): MAX_8H,
}


def of_limit(limit: Limit) -> Maximum | None:
    """Return the daily maximum that a limit is compared with; None: none, or a whole day's mean."""
    return OF_LIMIT.get((limit.averaging, limit.evaluation))


def needed(standards: Standards) -> dict[Maximum, tuple[str, ...]]:
    """Return the parameters of which some limit needs each maximum."""
    wanted: dict[Maximum, set[str]] = {}
    for limit in standards.limits:
        maximum = of_limit(limit)
        if maximum is not None:
            wanted.setdefault(maximum, set()).add(limit.parameter)
    return {maximum: tuple(sorted(wanted[maximum])) for maximum in KINDS if maximum in wanted}


def rows(
    hours: columns.Hours | None, asked: pl.DataFrame, standards: Standards
) -> Iterator[pl.DataFrame]:
    """Yield the maxima (`INDEX_SCHEMA`) of the station-days of *asked* (`DAYS_SCHEMA`).

    A day of which too few means are valid has a provisional maximum: it was at least so much.
    """
    if hours is None:
        return
    days = columns.day_values(asked, hours.parameters)
    wanted = np.unique(days.station * _STRIDE + days.day)
    place_of = np.array(
        [days.stations.index(code) if code in days.stations else -1 for code in hours.stations]
    )
    for maximum, parameters in needed(standards).items():
        parameter, laid = hours.of(parameters)
        if len(parameter):
            found = _found(maximum, laid, standards)
            key = place_of[laid.station[found.series]] * _STRIDE + found.day
            place = np.minimum(np.searchsorted(wanted, key), max(len(wanted) - 1, 0))
            kept = found.reported & (wanted[place] == key if len(wanted) else False)
            yield _framed(maximum, hours, parameters, parameter, laid, found, kept, standards)


_STRIDE: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class _Found:
    series: Integers
    day: Integers
    highest: Floats
    n: Integers
    enough: Mask
    beyond: Mask
    reported: Mask


def _found(maximum: Maximum, laid: grid.Grid, standards: Standards) -> _Found:
    """Find the maxima of all days of all series."""
    local_day = laid.day[laid.station]
    starts = windows.day_starts(local_day)
    day = local_day.ravel()[starts].astype(np.int64)
    means = laid.values
    beyond = laid.beyond
    if maximum.hours > 1:
        means = windows.running_means(means, maximum.hours, _least_hours(maximum, standards, laid))
        beyond = windows.touches(beyond, maximum.hours)
        means = np.where(beyond, np.nan, means)
    if (maximum.first, maximum.following, maximum.step) != (0, grid.HOURS_A_DAY, 1):
        # An hour the clock repeats belongs to no block and to no daytime.
        ends = np.zeros(grid.HOURS_A_DAY + 2, dtype=np.bool_)
        ends[maximum.first : maximum.following : maximum.step] = True
        allowed = ends[laid.hour][laid.station]
        means = np.where(allowed, means, np.nan)
        beyond = beyond & allowed
    highest, n = windows.day_maxima(means, starts)
    return _Found(
        series=starts // local_day.shape[1],
        day=day,
        highest=np.round(highest, columns.DECIMALS),
        n=n,
        enough=n >= _least_means(maximum, standards, day),
        beyond=windows.any_of_day(beyond, starts),
        reported=windows.any_of_day(laid.reported, starts),
    )


def _least_hours(maximum: Maximum, standards: Standards, laid: grid.Grid) -> Floats:
    """Return how many hours of one mean have to be valid."""
    standard = completeness.EU_2008_50 if maximum.hours == MAX_8H.hours else completeness.OWN
    subject = f"mean_{maximum.hours}h"
    return rules.by_day(standards, standard, subject, "least_hours", laid.local_days())


def _least_means(maximum: Maximum, standards: Standards, day: Integers) -> Floats:
    """Return how many means have to be valid on each day."""
    if maximum is MAX_8H:
        return rules.by_day(standards, completeness.EU_2008_50, "max_8h", "least_means", day)
    share = rules.by_day(standards, COMPLETENESS, DAY, SHARE, day)
    return np.asarray(share * maximum.expected - 1e-9)


def _framed(
    maximum: Maximum,
    hours: columns.Hours,
    parameters: tuple[str, ...],
    parameter: Integers,
    laid: grid.Grid,
    found: _Found,
    kept: Mask,
    standards: Standards,
) -> pl.DataFrame:
    """Return the maxima as rows of `INDEX_SCHEMA`."""
    method = standards.method(
        maximum.method, completeness.EU_2008_50, completeness.OWN, COMPLETENESS
    )
    series = found.series[kept]
    value = np.where(found.beyond[kept], np.nan, found.highest[kept])
    state = np.select(
        [found.beyond[kept], found.n[kept] == 0, ~found.enough[kept]], [3, 2, 1], default=0
    )
    states = (
        State.OK.value, State.PROVISIONAL.value, State.INSUFFICIENT.value, State.ABOVE_LIMIT.value
    )  # fmt: skip
    nothing = pl.Series([[]] * len(parameters), dtype=pl.List(pl.String))
    each = pl.Series([[code] for code in parameters], dtype=pl.List(pl.String))
    lists = pl.concat([nothing, each])
    code = parameter[series]
    has = state <= 1
    return (
        pl.DataFrame(
            {
                "station": judged.words(hours.stations, laid.station[series]),
                "period": columns.dates(found.day[kept]),
                "index": judged.words(tuple(maximum.index(code) for code in parameters), code),
                "value": pl.Series(value, dtype=pl.Float64).fill_nan(None),
                "state": judged.words(states, state),
                "parameters": lists.gather(np.where(has, code + len(parameters), code)),
                "missing": lists.gather(np.where(has, code, code + len(parameters))),
                "n": found.n[kept],
            }
        )
        .select(
            "station",
            pl.lit(Grain.DAY.value).alias("grain"),
            "period",
            "index",
            "value",
            pl.lit("µg/m³").alias("unit"),
            pl.lit(None, dtype=pl.String).alias("category"),
            "state",
            pl.lit(method).alias("method"),
            "parameters",
            "missing",
            pl.lit(None, dtype=pl.String).alias("critical"),
            pl.struct("n", pl.lit(maximum.expected).alias("expected"))
            .struct.json_encode()
            .alias("detail"),
        )
        .match_to_schema(INDEX_SCHEMA)
    )
