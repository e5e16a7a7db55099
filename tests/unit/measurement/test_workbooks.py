"""Workbooks: what stands in the cells, and nothing that a workbook only claims."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.measurement import uploads

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
)
NAMES = ["station", "parameter", "time", "value", "unit", "note"]
ROW = ["A", "bod", "2026-01-05T10:00:00+07:00", 6.5, "mg/L", "x"]
SHARED = Path(__file__).parents[3].parent / "shared" / "data"


def xlsx(*sheets, at=(0, 0)):
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    shown = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for name, rows in sheets:
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows, at[0]):
            for column, cell in enumerate(row, at[1]):
                if isinstance(cell, datetime):
                    sheet.write_datetime(number, column, cell, shown)
                elif isinstance(cell, str):
                    sheet.write_string(number, column, cell)
                elif cell is not None:
                    sheet.write(number, column, cell)
    book.close()
    return out.getvalue()


def ods(rows, table=""):
    """A sheet as LibreOffice writes it, with the million empty rows below."""
    cells = {
        str: lambda c: (
            '<table:table-cell office:value-type="string">'
            f"<text:p>{c}</text:p></table:table-cell>"
        ),
        float: lambda c: f'<table:table-cell office:value-type="float" office:value="{c}"/>',
        type(None): lambda _: "<table:table-cell/>",
    }  # fmt: skip
    lines = "".join(
        f"<table:table-row>{''.join(cells[type(c)](c) for c in row)}"
        '<table:table-cell table:number-columns-repeated="16378"/></table:table-row>'
        for row in rows
    )
    rest = (
        '<table:table-row table:number-rows-repeated="1048570">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body>'
        f'<office:spreadsheet><table:table table:name="S">{lines}{table}{rest}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return zipped({"mimetype": ODS, "content.xml": content, "META-INF/manifest.xml": MANIFEST})


def zipped(entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def changed(book, name, change):
    """The workbook with the content of its entry *name* changed."""
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        entries = {entry: archive.read(entry) for entry in archive.namelist()}
    return zipped(entries | {name: change(entries[name])})


def read(book, media_type=XLSX, **declared):
    declaration = uploads.Declaration(**declared)
    return uploads.joined(list(uploads.read(io.BytesIO(book), media_type, declaration)))


def refusal(book, media_type=XLSX, **declared):
    with pytest.raises(uploads.FileRefused) as refused:
        read(book, media_type, **declared)
    return refused.value


@pytest.mark.parametrize("make", [lambda rows: (xlsx(("S", rows)), XLSX), lambda r: (ods(r), ODS)])
def test_rows_keep_their_place_in_the_sheet(make):
    rows = [NAMES, ROW, [None] * 6, [*ROW[:5], None], [*ROW, "y"]]
    table = read(*make(rows))

    assert table.cells.select("line", *NAMES).rows() == [
        (2, *ROW[:3], "6.5", "mg/L", "x"),
        (4, *ROW[:3], "6.5", "mg/L", None),
    ]
    assert table.errors.select("line", "code").rows() == [(5, "cells-too-many")]
    assert table.raws(pl.Series([4])).rows() == [(4, ",".join([*ROW[:3], "6.5,mg/L,,"]))]


def test_a_table_that_begins_somewhere_else():
    assert read(xlsx(("S", [NAMES, ROW]), at=(4, 3))).cells["line"].to_list() == [6]


def test_titles_above_the_header_are_passed_over():
    assert read(xlsx(("S", [["Sungai"], [], NAMES, ROW]))).cells["line"].to_list() == [4]


def test_two_headers_below_a_title_are_not_chosen_from():
    assert refusal(xlsx(("S", [["Sungai"], NAMES, ROW, NAMES, ROW]))).code == "header-twice"


def test_dates_are_clock_times_to_the_second():
    rows = [NAMES, [*ROW[:2], datetime(2026, 1, 5, 10, 7, 13), *ROW[3:]]]  # noqa: DTZ001  a cell

    assert read(xlsx(("S", rows))).cells["time"].to_list() == ["2026-01-05T10:07:13"]
    assert read(xlsx(("S", rows)), dates="dmy").cells["time"].to_list() == ["05/01/2026T10:07:13"]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.datetimes(datetime(1950, 1, 1), datetime(2099, 1, 1)).map(  # noqa: DTZ001
            lambda t: t.replace(microsecond=0)
        ),
        min_size=1, max_size=20,
    ),
    st.sampled_from(["iso", "dmy"]),
)  # fmt: skip
def test_every_second_survives(moments, dates):
    rows = [[*ROW[:2], moment, *ROW[3:]] for moment in moments]
    found = read(xlsx(("S", [NAMES, *rows])), dates=dates).cells["time"].to_list()

    form = "%Y-%m-%dT%H:%M:%S" if dates == "iso" else "%d/%m/%YT%H:%M:%S"
    midnight = "T00:00:00"
    whole = [text if "T" in text else text + midnight for text in found]
    assert [datetime.strptime(text, form) for text in whole] == moments  # noqa: DTZ007


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(-1e300, 1e300).map(lambda x: float(f"{x:.15g}")),
             min_size=1, max_size=20),
    st.sampled_from(["point", "comma"]),
)  # fmt: skip
def test_every_number_survives(numbers, decimal):
    rows = [[*ROW[:3], number, *ROW[4:]] for number in numbers]
    found = read(xlsx(("S", [NAMES, *rows])), decimal=decimal).cells["value"].to_list()

    if decimal == "comma":
        assert not any("." in text for text in found)
    assert [float(text.replace(",", ".")) for text in found] == numbers


def test_the_sheet_that_is_meant():
    one = xlsx(("Data", [NAMES, ROW]), ("Catatan", [["x"]]))
    two = xlsx(("Jan", [NAMES, ROW]), ("Feb", [NAMES, [*ROW[:5], "feb"]]))

    assert read(one).cells.height == 1
    assert refusal(two).code == "sheet-undeclared"
    assert refusal(two).expected == "Jan, Feb"
    assert read(two, sheet="Feb").cells["note"].to_list() == ["feb"]
    assert refusal(two, sheet="Mar").code == "unknown-sheet"


def test_a_sheet_of_a_file_that_has_none():
    assert refusal(b"station", "text/csv", sheet="S").code == "unknown-sheet"


def test_a_wide_sheet():
    rows = [["station", "time", "bod [mg/L]", "pH (pH)"], ["A", "T", 6.5, 7.0], ["B", "T", None, 8]]

    cells = read(xlsx(("S", rows)), layout="wide").cells
    assert cells.select("line", "parameter", "value").rows() == [
        (2, "bod", "6.5"), (2, "pH", "7"), (3, "pH", "8"),
    ]  # fmt: skip


def test_formulas_are_not_followed():
    book = xlsx(("S", [NAMES, [*ROW[:5], "=1+1"]]))
    assert read(book).cells["note"].to_list() == ["=1+1"]


@pytest.mark.parametrize(
    ("book", "code"),
    [
        (b"", "empty-file"),
        (b"station,time\n", "not-a-workbook"),
        (b"PK\x03\x04" + bytes(500), "not-a-workbook"),
        (zipped({"a.txt": "x"}), "not-a-workbook"),
        (xlsx(("S", [NAMES, ROW]))[:-200], "not-a-workbook"),
        (xlsx(("S", [])), "empty-file"),
        (xlsx(("S", [NAMES])), "empty-file"),
        (zipped({f"{i}.xml": "x" for i in range(201)}), "too-many-entries"),
        (zipped({"a.xml": bytes(210 << 20)}), "too-large-unpacked"),
        (zipped({"a.xml": bytes(2 << 20)}), "too-large-unpacked"),
    ],
)
def test_what_is_no_workbook_is_refused(book, code):
    assert refusal(book).code == code


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda xml: xml.replace(b"<worksheet", b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet', 1),
         "entities-declared"),
        (lambda xml: xml.replace(b"UTF-8", b"UTF-7", 1), "entities-declared"),
        (lambda xml: xml.decode().replace("UTF-8", "UTF-16").encode("utf-16"), "entities-declared"),
        (lambda xml: xml.replace(b'r="A2"', b'r="XFD1048576"'), "sheet-too-large"),
        (lambda xml: xml.replace(b'<c r="A2"', b'<c q=">" r = \'XFD1048576\''), "sheet-too-large"),
        (lambda xml: xml.replace(b"<row", b"<row>" + b"<c><v>1</v></c>" * 4_100_000 + b"<row", 1),
         "too-large-unpacked"),
    ],
    ids=["doctype", "utf-7", "utf-16", "corner", "hidden-corner", "cells"],
)  # fmt: skip
def test_xml_that_would_grow_is_refused_before_it_is_read(change, code):
    assert refusal(changed(xlsx(("S", [NAMES, ROW])), SHEET, change)).code == code


@pytest.mark.parametrize(
    "table",
    [
        '<table:table-row table:number-rows-repeated="1048576"><table:table-cell '
        'table:number-columns-repeated="16384" office:value-type="float" office:value="1"/>'
        "</table:table-row>",
        '<table:table-row table:number-rows-repeated="1000000"><table:table-cell/>'
        '</table:table-row><table:table-row><table:table-cell office:value-type="float" '
        'office:value="1" table:number-columns-repeated="9"/></table:table-row>',
    ],
    ids=["filled", "far-below"],
)
def test_repeated_cells_of_ods_are_counted(table):
    assert refusal(ods([NAMES, ROW], table), ODS).code == "sheet-too-large"


def test_a_lying_directory_is_found_out():
    book = xlsx(("S", [NAMES, ROW]))
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        size = archive.getinfo(SHEET).file_size
    directory = book.rindex(b"PK\x01\x02")
    lying = book
    while directory >= 0:
        if SHEET.encode() in lying[directory : directory + 100]:
            at = directory + 24
            lying = lying[:at] + (size - 50).to_bytes(4, "little") + lying[at + 4 :]
        directory = lying.rfind(b"PK\x01\x02", 0, directory)

    assert refusal(lying).code == "not-a-workbook"


@pytest.mark.parametrize(
    "path", sorted(SHARED.glob("waste/sipsn/*.xlsx")) or [None], ids=lambda p: p and p.stem
)
def test_the_national_waste_workbooks_are_refused_with_a_reason(path, needs):
    needs("../shared/data/waste/sipsn")
    refused = refusal(path.read_bytes())

    assert refused.code in {"unknown-column", "column-missing", "sheet-undeclared"}
    assert refused.column or refused.expected


NOISE = 0.1 + 0.2
PLACE = 123456.5


def as_excel_writes(rows, number):
    """A workbook with all digits of *number* for each `PLACE`; our writer cuts the 17th."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx(("Sheet", rows)))) as book,
        zipfile.ZipFile(out, "w") as exact,
    ):
        for name in book.namelist():
            content = book.read(name).replace(b"<v>123456.5</v>", f"<v>{number!r}</v>".encode())
            exact.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("kind", [XLSX, ODS])
def test_a_double_is_kept_with_all_its_digits(check, kind):
    def rows(number):
        return [NAMES[:5], [*ROW[:3], number, "mg/L"]]

    content = as_excel_writes(rows(PLACE), NOISE) if kind == XLSX else ods(rows(NOISE))

    part = check(content, kind)

    assert part.errors["code"].to_list() == []
    assert part.good["value"].to_list() == [NOISE]


def test_a_double_is_kept_in_a_limit_and_under_a_sign(check):
    names = [*NAMES[:5], "qualifier", "limit", "depth_m"]
    rows = [names, [*ROW[:3], None, "mg/L", "<", PLACE, PLACE]]

    part = check(as_excel_writes(rows, NOISE), XLSX)

    assert part.errors["code"].to_list() == []
    assert part.good["limit_value"].to_list() == [NOISE]


def test_a_double_is_kept_in_a_wide_sheet_beside_a_text(check):
    later = "2026-01-06T10:00:00+07:00"
    rows = [
        ["station", "time", "bod [mg/L]", "ph [pH]"],
        ["A", ROW[2], PLACE, "7.10000000000000004"],
        ["A", later, repr(NOISE), PLACE],
    ]

    part = check(as_excel_writes(rows, NOISE), XLSX, layout="wide")

    found = part.errors.select("line", "value", "code").rows()
    assert found == [
        (2, "7.10000000000000004", "too-many-digits"), (3, repr(NOISE), "too-many-digits"),
    ]  # fmt: skip
    assert part.good["value"].to_list() == [NOISE, NOISE]


def test_a_text_of_so_many_digits_is_refused_in_a_workbook_too(check):
    later = "2026-01-06T10:00:00+07:00"
    rows = [NAMES[:5], [*ROW[:3], repr(NOISE), "mg/L"], ["A", "bod", later, PLACE, "mg/L"]]

    part = check(as_excel_writes(rows, NOISE), XLSX)

    assert part.errors.select("line", "code").rows() == [(2, "too-many-digits")]
    assert part.good["value"].to_list() == [NOISE]


@given(st.floats(min_value=1e-90, max_value=1e90))
@settings(max_examples=50, deadline=None)
def test_any_double_of_a_workbook_reads_back_the_same(check, number):
    rows = [NAMES[:5], [*ROW[:3], PLACE, "mg/L"]]

    part = check(as_excel_writes(rows, number), XLSX)

    assert part.errors["code"].to_list() == []
    assert part.good["value"].to_list() == [number]
