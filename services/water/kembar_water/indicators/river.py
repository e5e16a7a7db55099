"""What the water service says of rivers: index values and figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement.completeness import COMPLETENESS
from kembar_shared.measurement.indicators import INDEX_SCHEMA
from kembar_shared.measurement.vocabulary import Grain
from kembar_water.indicators import comparisons, dated, figures, iklh, japan, sdg
from kembar_water.indicators.samples import LEAST_PARAMETERS, Sampling, named
from kembar_water.indicators.storet import CountBasis, Storet
from kembar_water.indices import japan as classes
from kembar_water.indices import pollution, quality, storet
from kembar_water.indices import sdg as bodies
from kembar_water.standards.indonesia import PP_22_2021_VI
from kembar_water.standards.scores import (
    IKA_HISTORIC_EDGES,
    IKA_HISTORIC_POINTS,
    IKA_PARAMETERS,
    IKA_WEIGHTS,
    KEPMEN_LH_115_2003,
    P4_2018,
    PERMEN_LHK_27_2021,
)

if TYPE_CHECKING:
    from kembar_shared.measurement.indicators import Figure
    from kembar_shared.measurement.standards import Standards

    Detail = dict[str, str | float | None]

CLASS_MET: Final = "pp-22-2021-vi/class-met-share@3"

METHODS: Final = (
    pollution.POLLUTION_INDEX,
    CLASS_MET,
    classes.RIVER_CLASS,
    bodies.SDG_6_3_2,
    quality.IKA,
    quality.IKA_HISTORIC,
    quality.IKLH_CITY,
    storet.STORET,
)
"""Formulas whose next version makes a store compute everything anew."""

_IKA_CLASS: Final = "II"
_IKA_HISTORIC_CLASS: Final = "I"


@dataclass(frozen=True)
class River:
    """How rivers are judged.

    Attributes:
        standards: Limits and factors.
        fixed_saturation_mg_l: As of `Sampling`.
        least_parameters: As of `Sampling`.
        storet_count_basis: As of `Storet`.
    """

    standards: Standards
    fixed_saturation_mg_l: float | None = None
    least_parameters: int = LEAST_PARAMETERS
    storet_count_basis: CountBasis = "samples"

    @property
    def rules(self) -> str:
        """The settings and formulas that figures and indices depend on, as text."""
        return (
            f"{' '.join(METHODS)} "
            f"fixed_saturation_mg_l={self.fixed_saturation_mg_l}, "
            f"least_parameters={self.least_parameters}, "
            f"storet_count_basis={self.storet_count_basis}"
        )

    @property
    def sampling(self) -> Sampling:
        """How samples are judged."""
        return Sampling(self.standards, self.fixed_saturation_mg_l, self.least_parameters)

    def indices(self, days: pl.DataFrame, hours: pl.DataFrame) -> pl.DataFrame:
        """Return the index values of *days* (`DAYS_SCHEMA`, whole years) as `INDEX_SCHEMA`.

        `pollution_index` of each sample, `storet` and `jp_river_class` of each station and year.
        `missing` names what was measured but could not be judged: a detection limit above the
        standard's, a value only known to be large, oxygen without a saturation. Where such a large
        value is left out, the Pollution Index is `cannot_assess`, and so is STORET, unless what
        else was measured makes the worst class.

        Args:
            days: What was measured.
            hours: Unused: a river's sample stands for its day.
        """
        del hours
        storet = Storet(self.standards, self.storet_count_basis).scores(days)
        found = [self._of_samples(days), storet, japan.classes(self.standards, days)]
        return pl.concat(
            [
                frame.with_columns(pl.col("detail").struct.json_encode()).select(
                    pl.col(name).cast(dtype) for name, dtype in INDEX_SCHEMA.items()
                )
                for frame in found
                if not frame.is_empty()
            ]
            or [INDEX_SCHEMA.to_frame()]
        )

    def figures(self, days: pl.DataFrame) -> list[Figure]:
        """Return the figures of each jurisdiction, month and year among *days*.

        The means of the samples' Pollution Indices, the share of samples that meet their class,
        IKA by the rules of 2021 and 2018, and of years the share of stations that are good by
        SDG 6.3.2. All but the first are counts of samples, so none is made from means over months
        or years.
        """
        samples = self.sampling.samples(days)
        daily = comparisons.daily(days)
        named_by: Detail = {"standard": PP_22_2021_VI, "least_parameters": self.least_parameters}
        # Of a computed saturation each index says its own.
        with_oxygen = named_by | {
            "cim_source": self.sampling.cim_source,
            "cim_mg_l": self.fixed_saturation_mg_l,
        }
        ika = self._ika(daily, with_oxygen)
        return [
            *figures.means(
                samples.with_columns(is_open=pl.lit(value=False)),
                self.standards,
                indicator="water.pollution_index",
                method=self._method(pollution.POLLUTION_INDEX, COMPLETENESS),
                detail=with_oxygen,
                complete=(),
            ),
            *figures.means(
                samples.filter(grain=Grain.DAY.value).with_columns(
                    value=pl.col("meets").cast(pl.Float64),
                    parameters="assessed",
                    # Oxygen without a saturation has no ratio, but it keeps its limit or does not.
                    missing=pl.col("missing").list.set_difference("assessed"),
                ),
                self.standards,
                indicator="water.class_met_share",
                method=self._method(CLASS_MET, COMPLETENESS, oxygen=False),
                detail=named_by,
            ),
            *ika,
            *iklh.of_cities(self.standards, ika, self.sampling.suffix(oxygen=True)),
            *self._ika_historic(daily, named_by),
            *sdg.good_share(self.standards, daily),
        ]

    def _of_samples(self, days: pl.DataFrame) -> pl.DataFrame:
        """Return `pollution_index` of each sample."""
        return self.sampling.samples(days).select(
            "station",
            "grain",
            "period",
            pl.lit("pollution_index").alias("index"),
            "value",
            pl.lit("1").alias("unit"),
            named(pollution.CATEGORIES, pl.col("category")).alias("category"),
            "state",
            pl.lit(self._method(pollution.POLLUTION_INDEX)).alias("method"),
            "parameters",
            "missing",
            "critical",
            pl.struct(
                "grain",
                "water_class",
                pl.lit(PP_22_2021_VI).alias("standard"),
                "retrospective",
                "cim_mg_l",
                "cim_source",
                "substituted",
                "derived",
                pl.lit(self.least_parameters).alias("least_parameters"),
            ).alias("detail"),
        )

    def _ika(self, days: pl.DataFrame, named_by: Detail) -> list[Figure]:
        samples = self.sampling.samples(days, water_class=_IKA_CLASS, only=IKA_PARAMETERS)
        points = quality.ika_points(
            samples["category"].to_numpy(),
            dated.factors(
                self.standards, PERMEN_LHK_27_2021, "ika", IKA_WEIGHTS, samples["period"]
            ),
        )
        return figures.means(
            samples.with_columns(
                value=pl.Series(points, dtype=pl.Float64).fill_nan(None),
                is_open=pl.lit(value=False),
            ),
            self.standards,
            indicator="water.ika",
            method=self._method(quality.IKA, PERMEN_LHK_27_2021, COMPLETENESS),
            detail=named_by,
            complete=IKA_PARAMETERS,
        )

    def _ika_historic(self, days: pl.DataFrame, named_by: Detail) -> list[Figure]:
        samples = self.sampling.samples(
            days, water_class=_IKA_HISTORIC_CLASS, only=IKA_PARAMETERS, plain_oxygen=True
        )
        index = samples["value"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        edges, points = (
            dated.factors(self.standards, P4_2018, "ika", names, samples["period"])
            for names in (IKA_HISTORIC_EDGES, IKA_HISTORIC_POINTS)
        )
        value = quality.historic_ika_points(index, edges, points)
        return figures.means(
            samples.with_columns(
                value=pl.Series(value, dtype=pl.Float64).fill_nan(None), is_open=pl.lit(value=False)
            ),
            self.standards,
            indicator="water.ika_historic",
            method=self._method(quality.IKA_HISTORIC, P4_2018, COMPLETENESS, oxygen=False),
            detail=named_by,
            complete=IKA_PARAMETERS,
        )

    def _method(self, name: str, *others: str, oxygen: bool = True) -> str:
        settled = name + self.sampling.suffix(oxygen=oxygen)
        return self.standards.method(settled, PP_22_2021_VI, KEPMEN_LH_115_2003, *others)
