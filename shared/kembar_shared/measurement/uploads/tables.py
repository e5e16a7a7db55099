"""What reading a file yields: tables of text cells, or the reason why there are none."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REQUIRED: Final = ("station", "parameter", "time", "value", "unit")
OPTIONAL: Final = (
    "qualifier",
    "limit",
    "material",
    "source",
    "method",
    "period",
    "depth_m",
    "note",
)
COLUMNS: Final = REQUIRED + OPTIONAL
NUMBERS: Final = ("value", "limit", "depth_m")
"""Columns that hold a number."""

CHUNK_ROWS: Final = 25_000
"""Most rows of one table: what a service holds of a file at a time."""

NOT_TEXT: Final = "\N{REPLACEMENT CHARACTER}"

ERRORS_SCHEMA: Final[dict[str, Any]] = {
    "line": pl.Int64,
    "column": pl.String,
    "value": pl.String,
    "code": pl.String,
    "expected": pl.String,
}
RAWS_SCHEMA: Final[dict[str, Any]] = {"line": pl.Int64, "raw": pl.String}
CELLS_SCHEMA: Final[dict[str, Any]] = {"line": pl.Int64} | dict.fromkeys(COLUMNS, pl.String)


class FileRefused(Exception):
    """The file as a whole can't be read; `line`, `column` and `expected` say where and what."""

    def __init__(
        self, code: str, *, line: int = 1, column: str = "", value: str = "", expected: str = ""
    ) -> None:
        super().__init__(code)
        self.code, self.line, self.column = code, line, column
        self.value, self.expected = value[:200], expected


@dataclass(frozen=True, slots=True)
class Table:
    """Some rows of a file, in its order.

    Attributes:
        cells: `line` and one text column per name of `COLUMNS`; an empty cell is null. A wide
            file's rows have `header` too, the name of the column a value stood in; those of
            typed cells may have a column for each of `NUMBERS`, named by `is_double`, that says
            which cells were floating-point numbers. Where some rows were taken out, the others
            have `header` and `cell`, see `placed`.
        errors: Rows that could not be split into cells (columns of `ERRORS_SCHEMA`, and `raw`).
        raw_of: Lines of this table -> `line` and `raw`, their text.
    """

    cells: pl.DataFrame
    errors: pl.DataFrame
    raw_of: Callable[[pl.Series], pl.DataFrame]

    @property
    def height(self) -> int:
        """Rows, those without cells included."""
        return self.cells.height + self.errors.height

    def raws(self, lines: pl.Series) -> pl.DataFrame:
        """Return `line` and `raw` of those rows of this table that begin on *lines*."""
        return self.raw_of(lines).select("line", "raw").cast(pl.Schema(RAWS_SCHEMA))

    def apart(self) -> Table:
        """Return this table, of which most rows were taken out, so that nothing holds these."""
        raws = copied(self.raws(self.cells["line"].unique()))
        return Table(copied(self.cells), copied(self.errors), picked(raws))


def copied(frame: pl.DataFrame) -> pl.DataFrame:
    """Copy the texts of *frame*: one that is picked from many holds on to all of them."""
    texts = [
        name
        for name, kind in frame.schema.items()
        if kind == pl.String() and frame[name].null_count() < frame.height
    ]
    return frame.with_columns(pl.concat_str(name, pl.lit("")).alias(name) for name in texts)


def is_double(column: str) -> str:
    """Return the name of what says which cells of *column* were floating-point numbers."""
    return f"{column} is double"


def no_errors() -> pl.DataFrame:
    """Return the errors of a table whose every row has cells."""
    return pl.DataFrame(schema=ERRORS_SCHEMA | {"raw": pl.String})


def errors_of(faults: list[tuple[int, str, str, str, str]]) -> pl.DataFrame:
    """Return *faults* as columns of `ERRORS_SCHEMA`."""
    if not faults:
        return pl.DataFrame(schema=ERRORS_SCHEMA)
    return pl.DataFrame([pl.Series(column) for column in zip(*faults, strict=True)], ERRORS_SCHEMA)


def picked(raws: pl.DataFrame) -> Callable[[pl.Series], pl.DataFrame]:
    """Return the `raw_of` of a table whose rows' texts, *raws*, are at hand."""
    return lambda lines: raws.filter(pl.col("line").is_in(lines.implode()))


def trimmed(cell: pl.Expr) -> pl.Expr:
    """Return *cell* without spaces around it; null where nothing is left."""
    text = cell.str.strip_chars()
    return pl.when(text != "").then(text)


def placed(cells: pl.DataFrame) -> pl.DataFrame:
    """Add `cell`, which of the values on its line a row is, and `header` where there is none."""
    if "cell" in cells.columns:
        return cells
    if "header" not in cells.columns:
        return cells.with_columns(cell=pl.lit(0, pl.Int16), header=pl.lit(None, pl.String))
    return cells.with_columns(cell=pl.int_range(pl.len(), dtype=pl.Int16).over("line"))


def merged(tables: Iterator[Table]) -> Iterator[Table]:
    """Join small tables that follow each other into larger ones."""
    held: list[Table] = []
    for table in tables:
        if held and sum(t.height for t in held) + table.height > CHUNK_ROWS:
            yield joined(held)
            held = []
        held.append(table)
    if held:
        yield joined(held)


def joined(tables: list[Table]) -> Table:
    """Return one or more tables of a file as one."""
    if len(tables) == 1:
        return tables[0]
    return Table(
        pl.concat([table.cells for table in tables], how="diagonal"),
        pl.concat([table.errors for table in tables]),
        lambda lines: pl.concat([table.raws(lines) for table in tables]),
    )


@contextmanager
def refused_as(code: str, *errors: type[Exception]) -> Iterator[None]:
    """Say of a file on which its reader fails that it cannot be read.

    Raises:
        FileRefused: One of *errors* was raised, or the reader, written in Rust, panicked.
    """
    try:
        yield
    except errors as error:
        raise FileRefused(code) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # each library has its own, and none a name
            raise
        raise FileRefused(code) from error
