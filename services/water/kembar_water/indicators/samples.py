"""Samples of rivers and their Pollution Indices.

A sample is what one station measured on one local day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_shared.measurement.vocabulary import State
from kembar_water.indicators import arrays, comparisons, dated, deviation
from kembar_water.indices import oxygen, pollution
from kembar_water.standards import indonesia
from kembar_water.standards.scores import KEPMEN_LH_115_2003, PI_EDGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kembar_shared.measurement.standards import Standards

KEYS: Final = ("station", "grain", "period")
"""What names a sample."""

LEAST_PARAMETERS: Final = 4
"""Parameters a sample needs unless an operator says another number."""

_KNOWN: Final = pl.col("ratio").is_not_nan()
_IS_LITTER: Final = pl.col("parameter") == indonesia.LITTER


@dataclass(frozen=True)
class Sampling:
    """How samples are judged.

    Attributes:
        standards: Limits and factors.
        fixed_saturation_mg_l: Dissolved oxygen at saturation; None: computed from the sample's
            temperature and the station's altitude, and without them the oxygen is left out.
        least_parameters: Parameters a sample needs; a convention, the decree names no number.
    """

    standards: Standards
    fixed_saturation_mg_l: float | None = None
    least_parameters: int = LEAST_PARAMETERS

    @property
    def cim_source(self) -> str:
        """Where the saturation comes from: `computed` or `fixed`."""
        return "computed" if self.fixed_saturation_mg_l is None else "fixed"

    def suffix(self, *, oxygen: bool) -> str:
        """Return what a method's identifier says of settings that are not the usual ones.

        Args:
            oxygen: Whether the method makes use of a saturation.
        """
        said = []
        if oxygen and self.fixed_saturation_mg_l is not None:
            said.append(f";cim={self.fixed_saturation_mg_l:.12g}")
        if self.least_parameters != LEAST_PARAMETERS:
            said.append(f";least={self.least_parameters}")
        return "".join(said)

    def samples(
        self,
        days: pl.DataFrame,
        *,
        water_class: str | None = None,
        only: Sequence[str] | None = None,
        plain_oxygen: bool = False,
    ) -> pl.DataFrame:
        """Return one row per sample with its Pollution Index and what it was made from.

        Args:
            days: `DAYS_SCHEMA`.
            water_class: The class all are judged by; None: the one each station is designated.
            only: The parameters to judge by; None: all that have a limit.
            plain_oxygen: Divide limits of oxygen by values, without a saturation (P.4/2018).

        Returns:
            `KEYS`, `jurisdiction`, `origin`, `water_class`, `month`, `year`, `dates`; of the
            index `value`, `state`, `category` (a position, -1 for none), `parameters`,
            `missing`, `substituted`, `derived`, `critical`, `cim_mg_l`, `cim_source`;
            `retrospective`; `assessed`, the parameters compared with their limits. Of a sample
            with enough of them, `meets`: False where any breaks its limit, True where none may,
            else null and `is_open`: one may, for it lies below a detection limit above the
            standard's, or beyond the method. A sample that could break a limit and never be said
            to keep all is `is_incomplete`, and has no `meets`; `is_failing`, whether it breaks one.
        """
        ratios = self._ratios(
            self._values(days, water_class=water_class, only=only), plain_oxygen=plain_oxygen
        )
        return self._indexed(ratios).with_columns(
            pl.col("period").dt.strftime("%Y-%m").alias("month"),
            pl.col("period").dt.strftime("%Y").alias("year"),
        )

    def _indexed(self, ratios: pl.DataFrame) -> pl.DataFrame:
        """Combine the ratios of each sample."""
        # A part below a coarse detection limit leaves a mean whose whole span may lie beyond.
        proven = (
            pl.col("breaks").fill_null(value=False)
            | (pl.col("low") > pl.col("most")).fill_null(value=False)
            | (pl.col("high") < pl.col("least")).fill_null(value=False)
        )
        judged = pl.col("breaks").is_not_null() | proven
        is_large = (pl.col("n_above") > 0) & pl.col("most").is_not_null()
        may_break = _may_break().any()
        # With fewer, only a breach could be told: counted, they would make a share worse.
        is_complete = (judged | _may_break()).sum() >= max(self.least_parameters, 1)
        samples = ratios.group_by(KEYS, maintain_order=True).agg(
            pl.col("jurisdiction", "origin", "water_class").first(),
            dates=pl.col("n").max(),
            parameters=pl.col("parameter").filter(_KNOWN),
            missing=pl.col("parameter").filter(~_KNOWN, ~_IS_LITTER),
            substituted=pl.col("parameter").filter(_KNOWN & pl.col("substituted")),
            derived=pl.col("parameter").filter(_KNOWN & pl.col("is_derived")),
            critical=pl.col("parameter")
            .filter(_KNOWN)
            .get(pl.col("ratio").filter(_KNOWN).arg_max(), null_on_oob=True),
            retrospective=pl.col("retrospective").any(),
            cim_mg_l=pl.col("ceiling").filter(_KNOWN & (pl.col("parameter") == "do")).first(),
            assessed=pl.col("parameter").filter(judged),
            meets=pl.when(is_complete & (proven.any() | ~may_break)).then(~proven.any()),
            is_open=is_complete & ~proven.any() & may_break,
            is_incomplete=~is_complete,
            is_failing=proven.any(),
            only_litter=_IS_LITTER.all(),
            # The likely worst of them is left out: an index without it would tell of clean water.
            without_worst=(is_large & ~_IS_LITTER).any(),
        )
        correction, edges = (
            dated.factors(
                self.standards, KEPMEN_LH_115_2003, "pollution_index", names, samples["period"]
            )
            for names in (("correction",), PI_EDGES)
        )
        index = pollution.pollution_index(
            arrays.by_parameter(ratios, KEYS, "ratio"),
            correction=correction[:, 0],
            least_parameters=self.least_parameters,
        )
        is_enough = ~np.isnan(index)
        index = np.where(samples["without_worst"].to_numpy(), np.nan, index)
        return samples.with_columns(
            pl.Series("value", index, dtype=pl.Float64).fill_nan(None),
            pl.when(~pl.lit(pl.Series(is_enough)))
            .then(pl.lit(State.INSUFFICIENT.value))
            .when("without_worst")
            .then(pl.lit(State.CANNOT_ASSESS.value))
            .otherwise(pl.lit(State.OK.value))
            .alias("state"),
            pl.when(~pl.col("without_worst")).then("critical").alias("critical"),
            pl.Series("category", pollution.pollution_category(index, edges), dtype=pl.Int64),
            pl.when(pl.col("cim_mg_l").is_not_null())
            .then(pl.lit(self.cim_source))
            .alias("cim_source"),
        ).filter(~pl.col("only_litter"))

    def _values(
        self, days: pl.DataFrame, *, water_class: str | None, only: Sequence[str] | None
    ) -> pl.DataFrame:
        """Return value, limit and temperature of every parameter of every sample."""
        reported = deviation.derived(comparisons.reported(days))
        temperatures = reported.filter(
            pl.col("parameter") == "temp", pl.col("n_below") + pl.col("n_above") == 0
        ).select(*KEYS, temp="low")
        judged = reported if only is None else reported.filter(pl.col("parameter").is_in(only))
        candidates = comparisons.by_river_class(judged, water_class)
        return (
            comparisons.compared(candidates, self.standards.frame(indonesia.PP_22_2021_VI))
            .join(temperatures, on=KEYS, how="left")
            .sort(*KEYS, "parameter")
        )

    def _ratios(self, values: pl.DataFrame, *, plain_oxygen: bool) -> pl.DataFrame:
        """Add the saturation of oxygen and every value's ratio to its limit; NaN: not judged."""
        if plain_oxygen:
            ceiling = None
        elif self.fixed_saturation_mg_l is None:
            ceiling = oxygen.dissolved_oxygen_saturation(
                arrays.floats(values, "temp"), arrays.floats(values, "altitude_m")
            )
        else:
            ceiling = np.full(values.height, self.fixed_saturation_mg_l)
        value, least, most = (arrays.floats(values, c) for c in ("value", "least", "most"))
        ratio = pollution.limit_ratios(value, least, most, ceiling)
        # Litter has no amount and no ratio.
        ratio = np.where(values["parameter"].to_numpy() == indonesia.LITTER, np.nan, ratio)
        shown = np.full(values.height, np.nan) if ceiling is None else ceiling
        return values.with_columns(
            pl.Series("ceiling", shown, dtype=pl.Float64).fill_nan(None),
            pl.Series("ratio", ratio, dtype=pl.Float64),
        )


def _may_break() -> pl.Expr:
    """Say which values that were not compared with their limit may lie beyond it."""
    only_above = (pl.col("n_above") > 0) & (pl.col("n") + pl.col("n_below") == 0)
    is_within = (pl.col("low") >= pl.col("least")).fill_null(value=True) & (
        pl.col("high") <= pl.col("most")
    ).fill_null(value=True)
    is_safe = is_within | (only_above & pl.col("most").is_null())
    return pl.col("unknown").is_not_null() & ~is_safe


def named(words: tuple[str, ...], positions: pl.Expr) -> pl.Expr:
    """Name positions; one outside *words* has no name."""
    return positions.replace_strict(dict(enumerate(words)), default=None, return_dtype=pl.String)
