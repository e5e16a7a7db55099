"""What a row measures, as one whole number: station, parameter, material and source of waste."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from kembar_shared.measurement.catalogue import Catalogue


@dataclass(frozen=True)
class Identities:
    """Numbers for what the rows of one file may measure.

    Attributes:
        stations: `station_id`, `station`, `timezone`, `is_own` of every station; its place there
            is a station's number.
        catalogue: Parameters, materials and sources; their places there are their numbers.
    """

    stations: pl.DataFrame
    catalogue: Catalogue

    @cached_property
    def materials(self) -> list[str]:
        """Materials by their number; the first stands for none."""
        return ["", *self.catalogue.materials]

    @cached_property
    def sources(self) -> list[str]:
        """Sources by their number; the first stands for none."""
        return ["", *self.catalogue.sources]

    def key(self) -> pl.Expr:
        """Return the key made of the columns `at`, `of`, `material_no` and `source_no`."""
        key = pl.col("at").cast(pl.Int64) * len(self.catalogue.parameters) + pl.col("of")
        key = key * len(self.materials) + pl.col("material_no")
        return key * len(self.sources) + pl.col("source_no")

    def spelled(self, keys: pl.Series) -> pl.DataFrame:
        """Return what each of *keys* stands for.

        Returns:
            `key`, `station_id`, `timezone`, `parameter`, `material`, `source`, `cadence`.
        """
        key = pl.col("key")
        place, source = key // len(self.sources), key % len(self.sources)
        place, material = place // len(self.materials), place % len(self.materials)
        parameters = self.catalogue.parameters
        station, parameter = place // len(parameters), place % len(parameters)
        return (
            keys.alias("key")
            .to_frame()
            .select(
                "key",
                _taken(self.stations["station_id"].to_list(), station, pl.Int64).alias(
                    "station_id"
                ),
                _taken(self.stations["timezone"].to_list(), station).alias("timezone"),
                _taken([p.code for p in parameters], parameter).alias("parameter"),
                _taken(self.materials, material).alias("material"),
                _taken(self.sources, source).alias("source"),
                _taken([p.cadence or p.period for p in parameters], parameter).alias("cadence"),
            )
        )


def _taken(
    words: list[object] | list[str], at: pl.Expr, kind: type[pl.DataType] = pl.String
) -> pl.Expr:
    return at.replace_strict(dict(enumerate(words)), return_dtype=kind)
