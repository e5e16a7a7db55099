"""Which small posts are plain, and what is read of them."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import UTC, datetime

import pytest

from kembar_shared.chassis.verifying import Caller
from kembar_shared.measurement import ingest, small
from kembar_shared.measurement.catalogue import Catalogue, Conversion, Parameter, Span
from kembar_shared.measurement.uploads import Declaration
from kembar_shared.measurement.vocabulary import Flag

NAMES = {"en": "x", "id": "x", "ja": "x"}
PH = Parameter(
    "ph", NAMES, "pH", (Conversion("pH"),), "P1D", fail=Span(0.0, 14.0), suspect=Span(3.0, 11.0)
)
NOW = datetime(2026, 1, 9, tzinfo=UTC)
ROW = {
    "station": "A-1", "parameter": "ph", "time": "2026-01-05T10:00:00+07:00", "value": "7.25",
    "unit": "pH",
}  # fmt: skip


def read(text, stations=None):
    body = text.encode()
    digest = hashlib.sha256(body).hexdigest()
    file = ingest.File(io.BytesIO(body), len(body), digest, "application/json")
    caller = Caller("logger", frozenset({"measurements:write"}), stations=stations)
    reader = small.Reader(Catalogue("water", (PH,)))
    return reader.read(caller, file, ingest.Terms(Declaration()), now=NOW)


def document(*rows):
    return json.dumps({"measurements": list(rows)})


def test_every_cell_of_a_plain_post_is_read():
    later = ROW | {"time": "2026-01-05T04:00:00Z", "value": "-0.5", "limit": None}
    post = read(document(ROW, later, ROW | {"station": "B-2", "value": 11.5}))

    assert [(row.line, row.station, row.value, row.flag) for row in post.rows] == [
        (1, "A-1", 7.25, Flag.GOOD),
        (2, "A-1", -0.5, Flag.FAIL),
        (3, "B-2", 11.5, Flag.SUSPECT),
    ]
    assert post.rows[1].time_us - post.rows[0].time_us == 3_600_000_000


@pytest.mark.parametrize("blank", ["", " ", "\n\t"])
def test_a_member_that_stands_there_twice_is_not_plain(blank):
    row = json.dumps(ROW)
    twice = f'{row[:-1]}, "value"{blank}: "8"}}'
    again = json.dumps({"measurements": [ROW]})[:-1] + f', "measurements"{blank}: []}}'

    assert read(f'{{"measurements"{blank}: [{row}]}}') is not None
    assert read(f'{{"measurements": [{twice}]}}') is None
    assert read(again) is None


@pytest.mark.parametrize(
    "odd",
    [
        {"value": ""}, {"value": "7,25"}, {"value": "1e2"}, {"value": "7.25\n8"},
        {"value": "\u0667"},
        {"value": ":7"}, {"value": "-999"}, {"value": "-999.0"}, {"value": "1" * 400},
        {"value": True}, {"value": None}, {"value": []}, {"value": {"a": 1}}, {"unit": "mg/L"},
        {"station": None}, {"station": "A" * 9000}, {"time": "2026-01-05"}, {"time": None},
        {"time": "2026-13-05T10:00:00Z"}, {"time": "2027-01-05T10:00:00Z"}, {"parameter": "bod"},
        {"limit": "1"}, {"note": "x"}, {"qualifier": "<"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_plain_in_every_cell_goes_the_usual_way(odd):
    assert read(document(ROW, ROW | {"time": "2026-01-05T11:00:00+07:00"} | odd)) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "7", "null", "{}", '{"measurements": null}', '{"measurements": []}',
        '{"measurements": [null]}', '{"measurements": [7]}', '{"measurements": ["station"]}',
        '{"measurements": [[]]}', '{"measurements": [{}]}', document(ROW, ROW),
        document(ROW)[:-1], document(ROW).replace("A-1", "\\u0041-1"), document(ROW) + "{}",
    ],
    ids=range(16),
)  # fmt: skip
def test_what_is_no_list_of_measurements_goes_the_usual_way(text):
    assert read(text) is None


def test_another_client_s_station_goes_the_usual_way():
    assert read(document(ROW), stations=("A-1",)) is not None
    assert read(document(ROW, ROW | {"station": "B-2"}), stations=("A-1",)) is None
