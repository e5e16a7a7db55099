"""What the bench sends is what its manifest says: counted again, line by line."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import datetime

import pytest

from kembar_water.catalogue import build
from tests.bench.workload import Network, Upload, json_bodies

NETWORK = Network(stations=3)


def recount(
    content: bytes, stored: dict[tuple[str, str, datetime], float]
) -> tuple[dict[str, int], dict[tuple[str, str, datetime], float]]:
    """Do with *content* what a correct store does, one line at a time."""
    catalogue, kept = build(), dict(stored)
    counts = dict.fromkeys(("received", "inserted", "unchanged", "corrected", "rejected"), 0)
    seen = set()
    for row in csv.DictReader(io.StringIO(content.decode())):
        counts["received"] += 1
        try:
            key = (row["station"], row["parameter"], datetime.fromisoformat(row["time"]))
            value = float(row["value"])
        except ValueError:
            counts["rejected"] += 1
            continue
        is_measured = catalogue.conversion_of(row["parameter"], row["unit"]) is not None
        if row["station"] not in NETWORK.codes or not is_measured:
            counts["rejected"] += 1
            continue
        assert key not in seen or kept[key] == value, "one file says two things"
        known = kept.get(key)
        counts["inserted" if known is None else "unchanged" if known == value else "corrected"] += 1
        kept[key] = value
        seen.add(key)
    return counts, kept


@pytest.mark.parametrize("rows", [100, 5000])
def test_a_files_manifest_is_what_a_naive_reading_finds(rows: int):
    first = Upload(NETWORK, rows)
    second = first.next_with(changed=0.05, new=0.05)

    counted, kept = recount(first.csv(), {})
    counted_again, kept_again = recount(second.csv(), kept)

    assert counted == first.receipt()
    assert (len(kept), math.fsum(kept.values())) == first.stored()
    assert counted_again == second.receipt(first)
    assert (len(kept_again), math.fsum(kept_again.values())) == pytest.approx(second.stored(first))


def test_the_second_file_is_as_different_as_it_says():
    first = Upload(NETWORK, 20_000)

    receipt = first.next_with(changed=0.05, new=0.05).receipt(first)

    assert receipt["inserted"] / first.distinct == pytest.approx(0.05, abs=0.001)
    assert receipt["corrected"] / first.distinct == pytest.approx(0.05, abs=0.005)


def test_the_same_file_again_changes_nothing():
    upload = Upload(NETWORK, 1000)

    again = upload.receipt(upload)

    assert (again["inserted"], again["corrected"]) == (0, 0)
    assert again["unchanged"] == upload.distinct + upload.repeats


def test_a_file_is_the_same_bytes_every_time():
    assert Upload(NETWORK, 1000).csv() == Upload(Network(stations=3), 1000).csv()
    assert Upload(NETWORK, 1000).csv() != Upload(NETWORK, 1000, first=1).csv()


def test_json_bodies_hold_the_networks_next_readings():
    bodies = json_bodies(NETWORK, first=NETWORK.series, bodies=2, size=3)

    sent = [row for body in bodies for row in json.loads(body)["measurements"]]
    assert len(sent) == 6
    assert {row["time"] for row in sent} == {"2024-01-01T00:10:00+07:00"}
    assert [row["value"] for row in sent] == list(
        NETWORK.readings(Upload(NETWORK, 6, NETWORK.series, dirty=0, repeated=0).index)["value"]
    )
