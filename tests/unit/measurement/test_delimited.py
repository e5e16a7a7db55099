"""CSV: the fast path and the exact one agree on any text, and lines are counted exactly."""

from __future__ import annotations

import csv
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.measurement import uploads
from kembar_shared.measurement.uploads import delimited, lines
from kembar_shared.measurement.uploads.columns import Header

NAMES = ("station", "parameter", "time", "value", "unit")
DECLARED = uploads.Declaration()
HEADER = Header.of(NAMES, DECLARED, line=1)
HEAD = b"station,parameter,time,value,unit\n"
ROW = b"A,bod,2026-01-05T10:00:00+07:00,6.5,mg/L\n"
CELL = st.sampled_from(
    ["", "a", " a ", '""', '"a,b"', '"x\ny"', '"s ""q"" t"', '"', 'a"b', '"a"b', "\u00a0", "µ",
     "\ufffd", "\x1e", "\x1f", '" "', '"\n"', "\x00", "\t", ";"]
)  # fmt: skip
TEXT = st.text(st.characters(exclude_characters="\x00\ufffd\r", codec="utf-8"), max_size=5)
ROWS = st.lists(st.lists(CELL, min_size=4, max_size=6) | st.lists(CELL, min_size=5, max_size=5))


def joined(tables):
    table = uploads.joined(tables)
    return table.cells.sort("line"), table.errors.sort("line"), table


@settings(max_examples=250, deadline=None)
@given(ROWS, st.sampled_from([",", ";", "\t"]))
def test_the_fast_path_is_the_exact_path(rows, separator):
    text = "".join(separator.join(row) + "\n" for row in rows).replace("\x00", "\ufffd").encode()
    fast = delimited.fast(text, 2, separator, HEADER) if text else None
    if fast is None:
        return
    exact, carried = delimited.exact(text, 2, separator, HEADER, is_last=True)

    cells, errors, table = joined(fast)
    exact_cells, exact_errors, exact_table = joined(exact)
    assert carried == b""
    assert cells.equals(exact_cells)
    assert errors.equals(exact_errors)
    assert table.raws(cells["line"]).equals(exact_table.raws(cells["line"]))


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_what_a_spreadsheet_writes_takes_the_fast_path(quoting):
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting, lineterminator="\n")
    writer.writerows([["A, b", 'say "so"', "over\nthe end", "6.5", ""]] * 3)
    (table,) = delimited.fast(out.getvalue().encode(), 2, ",", HEADER)

    assert table.cells.select("line", *NAMES).row(2) == (
        6, "A, b", 'say "so"', "over\nthe end", "6.5", None,
    )  # fmt: skip
    assert table.raws(pl.Series([4])).rows()[0][0] == 4


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(*[TEXT] * 5),
        min_size=1, max_size=20,
    ),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)  # fmt: skip
def test_what_is_written_is_what_is_read(rows, separator, quoting):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, quoting=quoting, lineterminator="\r\n")
    writer.writerows([NAMES, *rows])
    expected = [tuple(stripped(cell) for cell in row) for row in rows]
    try:
        tables = list(uploads.read(io.BytesIO(out.getvalue().encode()), "text/csv", DECLARED))
    except uploads.FileRefused as refused:
        assert refused.code == "empty-file"  # noqa: PT017  rows of nothing but spaces
        return
    kept = [row for row in uploads.joined(tables).cells.select(NAMES).rows() if any(row)]

    assert kept == [row for row in expected if any(row)]


def stripped(cell):
    return pl.Series([cell]).str.strip_chars()[0].replace("\r\n", "\n") or None


def file_of(*parts):
    return io.BytesIO(HEAD + b"".join(parts))


def test_a_large_file_comes_in_chunks_that_follow_each_other():
    tables = list(uploads.read(file_of(ROW * 250_000), "text/csv", DECLARED))

    found = pl.concat([table.cells["line"] for table in tables])
    assert max(table.height for table in tables) <= uploads.CHUNK_ROWS
    assert found.equals(pl.Series("line", range(2, 250_002)))


@pytest.mark.parametrize("before", [lines.LINES - 3, lines.LINES - 2, lines.LINES - 1])
def test_a_cell_that_runs_over_the_end_of_a_chunk_stays_whole(before):
    long = ROW.replace(b"mg/L", b'"m\n\ng"')
    tables = list(uploads.read(file_of(ROW * before, long, ROW * 5), "text/csv", DECLARED))

    table = uploads.joined(tables)
    assert table.errors.is_empty()
    assert table.cells["unit"][before] == "m\n\ng"
    assert table.cells["line"].to_list()[before:] == [before + 2, *range(before + 5, before + 10)]


def test_a_lone_quote_at_the_end_of_a_chunk_swallows_no_row():
    broken = ROW.replace(b"mg/L", b'"mg/L')
    tables = list(
        uploads.read(file_of(ROW * (lines.LINES - 2), broken, ROW * 300), "text/csv", DECLARED)
    )

    table = uploads.joined(tables)
    assert table.errors.select("line", "code").rows() == [(lines.LINES, "quotes-unbalanced")]
    assert table.height == lines.LINES - 2 + 301


@pytest.mark.parametrize("bad", [b"A,bod\n", b"\n", b"\xff,,,,\n", b'"a"b,,,,\n'])
def test_a_bad_line_changes_nothing_for_the_others(bad):
    tables = list(uploads.read(file_of(ROW * 150_000, bad, ROW * 10), "text/csv", DECLARED))

    table = uploads.joined(tables)
    assert table.cells.height == 150_010
    assert table.cells["line"][-1] == 150_012
    assert table.errors["line"].to_list() == ([] if bad == b"\n" else [150_002])


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_are_counted_alike_whatever_ends_them(end):
    text = HEAD + b"\n" + ROW * 100_000 + b"\n\n" + ROW
    tables = list(uploads.read(io.BytesIO(text.replace(b"\n", end)), "text/csv", DECLARED))

    assert uploads.joined(tables).cells["line"][-1] == 100_005


@pytest.mark.parametrize("coding", ["utf-16-le", "utf-16-be"])
def test_utf16_with_its_mark_is_read(coding):
    text = "\ufeff" + (HEAD + ROW).decode().replace("mg/L", "µg/L")
    (table,) = uploads.read(io.BytesIO(text.encode(coding)), "text/csv", DECLARED)

    assert table.cells["unit"].to_list() == ["µg/L"]


def test_the_text_of_rows_is_found_again():
    file = file_of(ROW * 150_000, b"A,bod\n", b'A,bod,"x\ny",1,mg/L\n', ROW)
    found = uploads.raws(file, "text/csv", DECLARED, pl.Series([2, 120_000, 150_002, 150_003]))

    assert dict(found.rows()) == {
        2: ROW.decode().strip(),
        120_000: ROW.decode().strip(),
        150_002: "A,bod",
        150_003: 'A,bod,"x\ny",1,mg/L',
    }


def test_a_line_longer_than_any_row_refuses_the_file():
    with pytest.raises(uploads.FileRefused) as refused:
        list(uploads.read(file_of(ROW, b"x" * 20_000_000), "text/csv", DECLARED))

    assert (refused.value.code, refused.value.line) == ("cell-too-long", 3)


@pytest.mark.parametrize("name", ["Station_Code", "STATION CODE", "station code", "KODE STASIUN"])
def test_column_names_may_differ_in_case_spaces_and_underscores(name):
    head = HEAD.replace(b"station", name.encode())
    (table,) = uploads.read(io.BytesIO(head + ROW), "text/csv", DECLARED)

    assert table.cells["station"].to_list() == ["A"]
