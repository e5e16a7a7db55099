"""Lines that are kept read like those of the client library."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from kembar_shared.chassis.exposition import Family, Row, Sheet

FAMILY = Family("river", 'Of "water"\nand \\ stones.', ("name", "place"))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUE = st.floats(allow_nan=False, allow_infinity=False)


class Library:
    def __init__(self, samples):
        self.family = GaugeMetricFamily(FAMILY.name, FAMILY.help, labels=FAMILY.labels)
        for labels, value in samples.items():
            self.family.add_metric(labels, value)

    def collect(self):
        yield self.family


def samples(families):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.tuples(TEXT, TEXT), VALUE, max_size=5))
def test_what_is_written_is_read_as_what_the_library_writes(found):
    registry = CollectorRegistry()
    registry.register(Library(found))
    sheet = Sheet(FAMILY)
    for labels, value in found.items():
        sheet.put(labels, Row((FAMILY.line(labels, value),), 0.0, ("",)))

    text = "".join(sheet.pieces(0.0))
    expected = samples(plain(generate_latest(registry).decode()))
    assert samples(plain(text)) == samples(openmetrics(text + "# EOF\n")) == expected


@pytest.mark.parametrize(("now", "shown"), [(9.0, "1.5"), (10.0, "1.5"), (10.1, "0.0")])
def test_a_row_is_stale_after_its_time(now, shown):
    sheet = Sheet(FAMILY)
    labels = ("a", "b")
    sheet.put(1, Row((FAMILY.line(labels, 1.5),), 10.0, (FAMILY.line(labels, 0),)))

    assert "".join(sheet.pieces(now)).endswith(f" {shown}\n")
    sheet.drop(1)
    assert "".join(sheet.pieces(now)) == FAMILY.head
