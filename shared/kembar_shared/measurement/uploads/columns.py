"""What the columns of a file mean: the names of three languages, and the wide layout."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement.catalogue import fold
from kembar_shared.measurement.uploads.tables import (
    CELLS_SCHEMA,
    CHUNK_ROWS,
    COLUMNS,
    NOT_TEXT,
    NUMBERS,
    REQUIRED,
    FileRefused,
    is_double,
    trimmed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from kembar_shared.measurement.uploads.declared import Declaration

_ALIASES: Final = {
    "station": ("station_code", "stasiun", "kode_stasiun", "lokasi", "titik", "測定局", "地点"),
    "parameter": ("parameter_code", "parameter_uji", "項目", "測定項目"),
    "time": ("datetime", "timestamp", "waktu", "tanggal", "日時", "日付"),
    "value": ("nilai", "hasil", "値", "測定値"),
    "unit": ("satuan", "単位"),
    "qualifier": ("kualifikasi", "tanda", "記号"),
    "limit": ("detection_limit", "batas", "batas_deteksi", "検出下限"),
    "material": ("jenis_sampah", "種類"),
    "source": ("sumber", "排出源"),
    "method": ("metode", "方法"),
    "period": ("periode", "期間"),
    "depth_m": ("kedalaman_m", "深さ_m"),
    "note": ("catatan", "keterangan", "備考"),
}
_OF_A_VALUE: Final = frozenset({"parameter", "value", "unit", "qualifier", "limit"})
"""In a wide file these belong to each value, so no column of their own can hold them."""
_WIDE: Final = tuple(name for name in COLUMNS if name not in _OF_A_VALUE)
_WIDE_FORM: Final = ", ".join((*_WIDE, "parameter [unit]"))
_WITH_UNIT: Final = re.compile(
    r"\s*(?P<name>.*?)\s*(?:\[(?P<a>[^\[\]]*)\]|\((?P<b>.*)\))\s*", re.DOTALL
)


def _folded(name: str) -> str:
    return fold(name).replace("_", "")


_COLUMN_OF: Final = {
    _folded(spelling): column
    for column in COLUMNS
    for spelling in (column, *_ALIASES.get(column, ()))
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A column of a wide file, which holds the values of one parameter.

    Attributes:
        header: The name of the column as sent.
        parameter: What it says of the parameter.
        unit: What it says of the unit; None where it says nothing.
    """

    header: str
    parameter: str
    unit: str | None


def meaning(name: str, declared: Declaration) -> str | Measured | None:
    """Return the column of `COLUMNS` that *name* stands for, or the measured one; None: neither."""
    column = _COLUMN_OF.get(_folded(name))
    if declared.layout == "long":
        return column
    if column is not None:
        return column if column in _WIDE else None
    name = name.strip()
    if not name or NOT_TEXT in name:
        return None
    named = _WITH_UNIT.fullmatch(name)
    if named is None or not named["name"]:
        return Measured(name, name, None)
    unit = named["a"] if named["a"] is not None else named["b"]
    return Measured(name, named["name"], unit.strip() or None)


@dataclass(frozen=True, slots=True)
class Header:
    """The meaning of each column of a file, by position."""

    columns: tuple[str | Measured, ...]
    is_wide: bool

    @classmethod
    def of(cls, names: Sequence[str], declared: Declaration, *, line: int) -> Self:
        """Read the names of the columns.

        Raises:
            FileRefused: One is not known, missing or there twice, or there are too many.
        """
        if len(names) > declared.columns:
            raise FileRefused("too-many-columns", line=line, expected=str(declared.columns))
        columns = []
        for name in names:
            column = meaning(name, declared)
            if column is None:
                raise FileRefused(
                    "unknown-column",
                    line=line,
                    column=name.strip()[:80],
                    expected=known_names(declared),
                )
            columns.append(column)
        header = cls(tuple(columns), is_wide=declared.layout == "wide")
        header._require_each_once(line)
        return header

    @property
    def measured(self) -> dict[int, Measured]:
        """The measured columns by position."""
        return {i: c for i, c in enumerate(self.columns) if isinstance(c, Measured)}

    @property
    def numbers(self) -> list[int]:
        """The positions of columns that hold numbers."""
        of = enumerate(self.columns)
        return [i for i, c in of if isinstance(c, Measured) or c in NUMBERS]

    def cells(self, split: pl.DataFrame, *, is_trimmed: bool = False) -> Iterator[pl.DataFrame]:
        """Yield *split*, `line` and one column "0", "1", … per position, as cells of a table."""
        if not self.is_wide:
            yield self._long(split, is_trimmed=is_trimmed)
            return
        if split.is_empty() or not self.measured:
            yield pl.DataFrame(schema=CELLS_SCHEMA | {"header": pl.String})
            return
        for part in split.iter_slices(max(1, CHUNK_ROWS // len(self.measured))):
            yield self._melted(part)

    def _long(self, split: pl.DataFrame, *, is_trimmed: bool) -> pl.DataFrame:
        position = {name: str(i) for i, name in enumerate(self.columns)}
        if is_trimmed:
            here = [pl.col(at).alias(str(name)) for name, at in position.items()]
        else:
            here = [trimmed(pl.col(at)).alias(str(name)) for name, at in position.items()]
        absent = [pl.lit(None, pl.String).alias(n) for n in COLUMNS if n not in position]
        told = [
            pl.col(is_double(at)).alias(is_double(str(name)))
            for name, at in position.items()
            if is_double(at) in split.columns
        ]
        order = ["line", *COLUMNS, *(expr.meta.output_name() for expr in told)]
        return split.select("line", *here, *absent, *told).select(order)

    def _melted(self, split: pl.DataFrame) -> pl.DataFrame:
        shared = [
            trimmed(pl.col(str(self.columns.index(name)))).alias(name)
            if name in self.columns
            else pl.lit(None, pl.String).alias(name)
            for name in _WIDE
        ]
        told = {
            position: {is_double("value"): pl.col(is_double(str(position)))}
            for position in self.measured
            if is_double(str(position)) in split.columns
        }
        said = [
            split.select(
                "line",
                *shared,
                parameter=pl.lit(column.parameter, pl.String),
                value=trimmed(pl.col(str(position))),
                unit=pl.lit(column.unit, pl.String),
                qualifier=pl.lit(None, pl.String),
                limit=pl.lit(None, pl.String),
                header=pl.lit(column.header, pl.String),
                **told.get(position, {}),
            ).filter(pl.col("value").is_not_null())
            for position, column in self.measured.items()
        ]
        whole = pl.concat(said).sort("line", maintain_order=True)
        return whole.select("line", *COLUMNS, *([is_double("value")] if told else []), "header")

    def _require_each_once(self, line: int) -> None:
        required = [c for c in REQUIRED if not self.is_wide or c in _WIDE]
        for name in required:
            if name not in self.columns:
                raise FileRefused(
                    "column-missing", line=line, column=name, expected=", ".join(required)
                )
        if self.is_wide and not self.measured:
            raise FileRefused(
                "column-missing", line=line, column="parameter [unit]", expected=_WIDE_FORM
            )
        seen: set[tuple[str, ...]] = set()
        for column in self.columns:
            key = _key(column)
            if key in seen:
                sent = column if isinstance(column, str) else column.header
                raise FileRefused("column-twice", line=line, column=sent[:80])
            seen.add(key)


def known_names(declared: Declaration) -> str:
    """Return the columns that a file of this layout may have, for a message."""
    return _WIDE_FORM if declared.layout == "wide" else ", ".join(COLUMNS)


def _key(column: str | Measured) -> tuple[str, ...]:
    if isinstance(column, str):
        return (column,)
    return (fold(column.parameter), fold(column.unit or ""))
