"""A floor that did less than the work would be no floor."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.bench import floors
from tests.bench.workload import SPOILT, Network, Upload

UPLOAD = Upload(Network(stations=2), 700, dirty=0.1)


def test_a_floor_finds_each_spoilt_row_and_what_failed():
    good, refused = floors.read(UPLOAD.csv(), UPLOAD.network)

    lines = UPLOAD.csv().decode().splitlines()
    spoilt = Counter(column for column, _ in SPOILT)
    each = UPLOAD.refused // len(SPOILT)
    assert (good.height, refused.height) == (UPLOAD.rows - UPLOAD.refused, UPLOAD.refused)
    assert Counter(refused["failed"]) == {
        "value": spoilt["value"] * each,
        "time": spoilt["time"] * each,
        "station": spoilt["station"] * each,
        "parameter or unit": (spoilt["parameter"] + spoilt["unit"]) * each,
    }
    for row in refused.iter_rows(named=True):
        told = (row[name] or "" for name in ("station", "parameter", "time", "value", "unit"))
        assert lines[row["line"] - 1].replace('"', "") == ",".join(told)


def test_sqlites_floor_keeps_every_distinct_row(tmp_path: Path):
    took_s = floors.sqlite(UPLOAD.csv(), UPLOAD.network, tmp_path, UPLOAD.distinct)

    assert took_s > 0
    assert list(tmp_path.iterdir()) == []


def test_postgresqls_floor_keeps_every_distinct_row(postgres_url: str):
    took_s = floors.postgresql(UPLOAD.csv(), UPLOAD.network, postgres_url, UPLOAD.distinct)

    assert took_s > 0
