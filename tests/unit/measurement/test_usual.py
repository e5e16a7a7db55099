"""Rows in the most usual form come out as if every cell of theirs had been looked at."""

import csv
import io

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.measurement import uploads
from kembar_shared.measurement.uploads.checking import Checker
from kembar_shared.measurement.uploads.identities import Identities
from kembar_shared.measurement.uploads.usual import Usual
from tests.unit.measurement.conftest import CATALOGUE, NOW, STATIONS

CELLS = {
    "station": ["A", "A", "A", "A", "B", "X", ""],
    "parameter": ["bod", "BOD5", "ph", "gold", ""],
    "time": [
        "2026-01-05T10:00:00+07:00", "2026-01-05T03:00:00Z", "2026-01-05T10:00:00.5+07:00",
        "2049-01-05T10:00:00+07:00", "1949-01-05T10:00:00+07:00", "2026-02-30T10:00:00+07:00", "x",
    ],
    "value": [
        "1", "-0", "+2.50", "12", "99", "-999", "-999.0", "<0.1", "6,5", "1e3", "",
        "1234567890123456",
    ],
    "unit": ["mg/L", "mg/l", "ug/L", "pH", "PH", ""],
    "qualifier": ["", "", "", "", "<"],
    "period": ["", "", "", "P1D", "P1M"],
    "material": ["", "", "", "organic"],
    "note": ["", "", "", "Dry."],
}  # fmt: skip
LIKELY = st.lists(
    st.tuples(*(st.just(cells[0]) | st.sampled_from(cells) for cells in CELLS.values())),
    min_size=1,
    max_size=20,
)


@settings(max_examples=100, deadline=None)
@given(LIKELY, st.sampled_from(["point", "comma"]), st.sampled_from([4096, 25, 24, 2]))
def test_a_usual_row_is_read_as_every_other_one(rows, decimal, longest):
    out = io.StringIO()
    csv.writer(out).writerows([CELLS, *rows])
    declared = uploads.Declaration(decimal=decimal, cell_characters=longest)
    identities = Identities(STATIONS, CATALOGUE)
    checker = Checker(CATALOGUE, identities, declared, NOW)
    file = io.BytesIO(out.getvalue().encode())

    for table in uploads.read(file, "text/csv", declared):
        typed, rest = Usual(identities, declared, NOW).split(table)
        whole, others = checker.check(table), checker.check(rest)
        both = pl.concat([typed, others.good], how="diagonal").sort("line")
        expected = pl.concat([whole.good, others.good.clear()], how="diagonal")
        assert both.select(sorted(both.columns)).equals(expected.select(sorted(expected.columns)))
        assert others.errors.equals(whole.errors)
        assert others.rejected == whole.rejected


def test_most_rows_of_a_clean_file_are_usual():
    rows = "A,bod,2026-01-05T10:00:00+07:00,6.5,mg/L\nA,BOD5,2026-01-05T11:00:00+07:00,7,mg/L\n"
    file = io.BytesIO(f"station,parameter,time,value,unit\n{rows}".encode())
    declared = uploads.Declaration()
    (table,) = uploads.read(file, "text/csv", declared)

    typed, rest = Usual(Identities(STATIONS, CATALOGUE), declared, NOW).split(table)

    assert (typed.height, rest.height) == (2, 0)
