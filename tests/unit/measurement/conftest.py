"""A small catalogue, and a way to read and check a text as a file."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import polars as pl
import pytest

from kembar_shared.measurement import uploads
from kembar_shared.measurement.catalogue import Catalogue, Conversion, Parameter, Span

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MG_L = (Conversion("mg/L"), Conversion("µg/L", ("ug/L",), over=1000.0))
NAMES = {"en": "x", "id": "x", "ja": "x"}
CATALOGUE = Catalogue(
    service="water",
    parameters=(
        Parameter("bod", NAMES, "mg/L", MG_L, "P1D", "P1M", ("BOD5",)),
        Parameter(
            "ph", NAMES, "pH", (Conversion("pH"),), "P1D", "P1M",
            fail=Span(0.0, 14.0), suspect=Span(3.0, 11.0),
        ),
    ),
)  # fmt: skip
STATIONS = pl.DataFrame(
    {
        "station_id": [1, 2],
        "station": ["A", "B"],
        "timezone": ["Asia/Jakarta", "Asia/Tokyo"],
        "is_own": [True, False],
    }
)


@pytest.fixture(scope="session")
def check():
    """Return a function: bytes of a file -> what became of its rows."""

    def run(content, media_type="text/csv", **declared):
        declaration = uploads.Declaration(**declared)
        spool = io.BytesIO(content)
        return uploads.check(
            uploads.read(spool, media_type, declaration),
            CATALOGUE,
            STATIONS,
            declaration,
            now=NOW,
            raws=lambda lines: uploads.raws(spool, media_type, declaration, lines),
        )

    return run


@pytest.fixture(scope="session")
def check_cells(check):
    """Return a function: cells of one good row to be replaced -> what became of it."""

    def run(**cells):
        declared = {name[1:]: cells.pop(name) for name in list(cells) if name[0] == "_"}
        row = {
            "station": "A",
            "parameter": "bod",
            "time": "2026-01-05T10:00:00+07:00",
            "value": "6.5",
            "unit": "mg/L",
        } | cells
        text = ";".join(row) + "\n" + ";".join(f'"{cell}"' for cell in row.values()) + "\n"
        return check(text.encode(), **declared)

    return run


@pytest.fixture(scope="session")
def codes_of(check_cells):
    """Return a function: cells of one row -> the codes of its failing cells."""
    return lambda **cells: check_cells(**cells).errors["code"].to_list()
