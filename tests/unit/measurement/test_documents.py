"""JSON in one document or on lines: any rows come back as sent, and nesting ends early."""

from __future__ import annotations

import io
import json
import time

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.measurement import uploads

JSON, NDJSON = "application/json", "application/x-ndjson"
DECLARED = uploads.Declaration()
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufffd"), max_size=8)
ROWS = st.lists(st.fixed_dictionaries({"station": TEXT, "note": TEXT}), min_size=1, max_size=10)


def read(content, media_type, **declared):
    content = content.encode() if isinstance(content, str) else content
    declaration = uploads.Declaration(**declared)
    return uploads.joined(list(uploads.read(io.BytesIO(content), media_type, declaration)))


def stripped(cell):
    return pl.Series([cell]).str.strip_chars()[0] or None


@settings(max_examples=100, deadline=None)
@given(ROWS, st.booleans())
def test_what_is_written_is_what_is_read(rows, is_ascii):
    expected = [(stripped(row["station"]), stripped(row["note"])) for row in rows]
    document = json.dumps({"measurements": rows}, ensure_ascii=is_ascii)
    text = "".join(json.dumps(row, ensure_ascii=is_ascii) + "\r\n" for row in rows)

    for content, media_type in ((document, JSON), (text, NDJSON)):
        table = read(content, media_type)
        assert table.cells.select("station", "note").rows() == expected
        assert table.cells["line"].to_list() == list(range(1, len(rows) + 1))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("7", "not-json"),
        ("{", "not-json"),
        ('{"note": 1} x', "not-json"),
        ('{"note": 1},{"note": 2}', "not-json"),
        ('{"note": 1, "note": 2}', "not-json"),
        ('{"note": "\\u0000"}', "not-text"),
        (b'{"note": "\xff"}', "not-text"),
        ('{"gold": 1}', "unknown-column"),
        ('{"note": 1, "catatan": 2}', "column-twice"),
        ('{"note": ' + "[" * 100 + "]" * 100 + "}", "not-json"),
    ],
)
def test_a_line_that_is_no_row_is_refused_alone(line, code):
    line = line.encode() if isinstance(line, str) else line
    table = read(b'{"note": 1.10}\n\n' + line + b'\n{"note": "z"}', NDJSON)

    assert table.errors.select("line", "code").rows() == [(3, code)]
    assert table.cells.select("line", "note").rows() == [(1, "1.10"), (4, "z")]


def test_the_text_of_a_row_is_what_was_sent():
    content = '{"x": {}, "measurements": [ {"note" : 1.10 } , {"gold":  "}"}]}'
    table = read(content, JSON)

    assert table.raws(pl.Series([1])).rows() == [(1, '{"note" : 1.10 }')]
    assert table.errors["raw"].to_list() == ['{"gold":  "}"}']


def test_a_wide_row_holds_several_values():
    table = read('{"station": "A", "time": "T", "bod [mg/L]": 6.50, "ph [pH]": null}', NDJSON,
                 layout="wide")  # fmt: skip

    assert table.cells.select("line", "parameter", "value", "unit").rows() == [
        (1, "bod", "6.50", "mg/L")
    ]


@pytest.mark.parametrize(
    "row",
    [
        "[" * 5_000_000,
        '{"note": [' + "{}," * 8_000_000 + "{}]}",
        '{"note": ' + '{"a":' * 2_000_000,
        '{"note": "' + "x" * 20_000_000 + '"}',
        '{"note": "' + "x" * 20_000_000,
    ],
    ids=["brackets", "braces", "deep", "long", "open"],
)
def test_a_bomb_is_refused_before_it_is_parsed(row):
    began = time.perf_counter()
    with pytest.raises(uploads.FileRefused) as refused:
        read('{"measurements": [' + row + "]}", JSON)

    assert refused.value.code == "not-json"
    assert time.perf_counter() - began < 5


def test_more_rows_than_may_be_are_refused():
    with pytest.raises(uploads.FileRefused) as refused:
        read('{"note": 1}\n' * 20, NDJSON, rows=19)

    assert refused.value.code == "too-many-rows"
