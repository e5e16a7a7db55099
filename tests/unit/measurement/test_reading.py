"""From bytes to cells: whatever is sent is a table or a refusal with a reason."""

# ruff: noqa: UP031  fixtures by name, cells to the letter

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.measurement import uploads

HEADER = "station,parameter,time,value,unit,note\n"
ROW = "A,bod,2026-01-05T10:00:00+07:00,6.5,mg/L,"
DECLARED = uploads.Declaration()
JSON = "application/json"


def read(content, media_type="text/csv"):
    content = content.encode() if isinstance(content, str) else content
    return uploads.joined(list(uploads.read(io.BytesIO(content), media_type, DECLARED)))


def refusal(content, media_type="text/csv", **declared):
    content = content.encode() if isinstance(content, str) else content
    with pytest.raises(uploads.FileRefused) as caught:
        list(uploads.read(io.BytesIO(content), media_type, uploads.Declaration(**declared)))
    return caught.value


def notes(table):
    return table.cells["note"].to_list()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_separators_line_ends_and_marks(separator, end, mark):
    text = (HEADER + ROW + "x\n" + ROW + "y").replace(",", separator).replace("\n", end)
    table = read(mark + text.encode())

    assert table.errors.is_empty()
    assert table.cells["line"].to_list() == [2, 3]
    assert table.cells["value"].to_list() == ["6.5", "6.5"]
    assert notes(table) == ["x", "y"]


@pytest.mark.parametrize(
    "header",
    [
        "Stasiun,Parameter,Waktu,Nilai,Satuan,Catatan",
        "kode_stasiun,parameter uji,tanggal,hasil,SATUAN,keterangan",
        "測定局,項目,日時,値,単位,備考",
        "地点,測定項目,日付,測定値,単位,備考",
        '"station","parameter", time ,value,"Unit",note',
    ],
)
def test_column_names_of_three_languages(header):
    table = read(header.replace("parameter uji", "parameter_uji") + "\n" + ROW + "x\n")

    assert table.cells.row(0)[1:6] == ("A", "bod", "2026-01-05T10:00:00+07:00", "6.5", "mg/L")


@pytest.mark.parametrize(
    ("cell", "note"),
    [
        ('"a, b"', "a, b"),
        ('"say ""so"""', 'say "so"'),
        ('"over\nthe end"', "over\nthe end"),
        ('"over\r\nthe end"', "over\nthe end"),
        ('"an empty\n\nline"', "an empty\n\nline"),
        ('5" pipe', '5" pipe'),
        ('""', None),
        ("  spaces  ", "spaces"),
        ("'single'", "'single'"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_quoted_cells(cell, note):
    table = read(HEADER + ROW + cell + "\n" + ROW + "after\n")

    assert table.errors.is_empty()
    assert notes(table) == [note, "after"]
    assert table.raws(table.cells["line"])["raw"][0] == (ROW + cell).replace("\r\n", "\n")


@pytest.mark.parametrize("cell", ['"lone', '"a"b', '"' + "x" * 200_000])
def test_a_lone_quote_swallows_no_other_row(cell):
    table = read(HEADER + ROW + "before\n" + ROW + cell + "\n" + (ROW + "after\n") * 300)

    assert table.errors.select("line", "code").rows() == [(3, "quotes-unbalanced")]
    assert notes(table) == ["before"] + ["after"] * 300


def test_a_row_that_runs_on_keeps_the_line_it_began_on():
    table = read(HEADER + ROW + '"a\n\nb"\n\n' + ROW + "x\n")

    assert table.cells["line"].to_list() == [2, 6]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"A,bod", "cells-missing"),
        (ROW.encode() + b"x,y", "cells-too-many"),
        (ROW.encode() + b"\xff\xfe", "not-text"),
        (ROW.encode() + b"a\x00b", "not-text"),
    ],
)
def test_a_row_that_has_no_cells_is_named_and_the_rest_kept(line, code):
    table = read(HEADER.encode() + line + b"\n" + ROW.encode() + b"x\n")

    assert table.errors.select("line", "code").rows() == [(2, code)]
    assert notes(table) == ["x"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "empty-file"),
        ("\n \n\t\n", "empty-file"),
        (HEADER, "empty-file"),
        (b"PK\x03\x04" + bytes(50), "not-text"),
        (HEADER.encode("utf-16"), "empty-file"),
        (b"sta\x00tion,parameter\n", "not-text"),
        (b"sta\xfftion,parameter\n", "not-text"),
        ("place,what\n1,2\n", "unknown-column"),
        ("station,time\nA,x\n", "column-missing"),
        ("station,parameter,time,waktu,value,unit\n", "column-twice"),
        ("x" * 10_000, "cell-too-long"),
        (",".join(["station"] * 100) + "\n", "too-many-columns"),
        ('"station,parameter\n', "unknown-column"),
    ],
)
def test_a_file_that_cannot_be_read(content, code):
    assert refusal(content).code == code


def test_too_many_rows():
    assert refusal(HEADER + (ROW + "\n") * 3, rows=2).code == "too-many-rows"


def test_json_keeps_the_digits_it_was_sent_with():
    table = read('{"measurements": [{"value": 1.10, "station": 7, "note": null}]}', JSON)

    assert table.cells.select("line", "value", "station", "note").rows() == [(1, "1.10", "7", None)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        "7",
        '"x"',
        "{",
        "[" * 100_000,
        '{"measurements": null}',
        '{"measurements": {}}',
        '{"measurements": {"station": {}}}',
        '{"measurements": "abc"}',
        '{"measurements": 7}',
        '{"measurements": [{"value": 1, "value": 2}]}',
        '{"measurements": [{"value": 01}]}',
        b'{"measurements": ["\xff"]}',
        b'\xef\xbb\xbf{"measurements": 1}',
    ],
)
def test_json_that_is_no_list_of_objects(text):
    assert refusal(text, JSON).code == "not-json"


@pytest.mark.parametrize("row", ["7", "null", '""', "[]", '["station"]', "[{}]", '[null, "a"]'])
def test_a_json_row_that_is_no_object_is_refused_alone(row):
    table = read('{"measurements": [%s, {"note": "x"}]}' % row, JSON)

    assert table.errors.select("line", "code").rows() == [(1, "not-json")]
    assert notes(table) == ["x"]


@pytest.mark.parametrize("name", ["gold", "a\\u0000b", "\\ud800", ""])
def test_a_json_row_with_a_member_that_is_no_column_is_refused_alone(name):
    table = read('{"measurements": [{"%s": 1}, {"note": "x"}]}' % name, JSON)

    assert table.errors.select("line", "code").rows() == [(1, "unknown-column")]
    assert "\x00" not in table.errors["column"][0]
    assert notes(table) == ["x"]


@pytest.mark.parametrize("text", ["a\\u0000b", "\\ud800", "\\udfff x", "\\ud83d"])
def test_json_text_that_no_database_keeps_is_refused_alone(text):
    table = read('{"measurements": [{"note": "%s"}, {"note": "\\ud83d\\ude00"}]}' % text, JSON)

    assert table.errors.select("line", "code").rows() == [(1, "not-text")]
    assert notes(table) == ["\N{GRINNING FACE}"]


def test_json_within_a_cell_stays_json():
    table = read('{"measurements": [{"note": {"a": [true]}, "value": true}]}', JSON)

    assert table.cells.select("note", "value").rows() == [('{"a": [true]}', "true")]


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=400)
    | st.text(max_size=400).map(lambda text: text.encode("utf-8", "replace"))
)
def test_garbage_is_a_table_or_a_refusal(content):
    for media_type in ("text/csv", JSON):
        for start in (b"", HEADER.encode()):
            try:
                table = read(start + content, media_type)
            except uploads.FileRefused as refused:
                assert refused.code  # noqa: PT017  a refusal is as good as a table
            else:
                assert table.cells.height + table.errors.height > 0


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["station", "value", "note"]), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_any_json_is_a_table_or_a_refusal(document):
    try:
        read(json.dumps({"measurements": document}), JSON)
    except uploads.FileRefused as refused:
        assert refused.code  # noqa: PT017  a refusal is as good as a table
