"""An operator's thresholds: what they change, and what is said where they cannot be understood."""

from __future__ import annotations

import pytest

from kembar_shared.measurement import thresholds
from kembar_shared.measurement.catalogue import (
    Catalogue,
    Checks,
    Flat,
    Parameter,
    Season,
    Span,
    Threshold,
)

OWN = Checks(Threshold(2.0), Threshold(3.0), Flat(0.1, 1440))
PH = Parameter("ph", {}, "pH", (), "PT1H", fail=Span(0, 14), suspect=Span(5, 9), checks=OWN)
CATALOGUE = Catalogue("water", (PH, Parameter("do", {}, "mg/L", (), "PT1H")))
WHOLE = """
[[check]]
parameter = "ph"
station = "CPM-01"
spike = {suspect = 9}

[[check]]
parameter = "ph"
range = {fail = [1, inf], suspect = [4, 10.5]}
spike = {suspect = 0.5, fail = 1.5}
rate = false
flat = {tolerance = 0.01, suspect = "PT6H", fail = "P2W"}
climatology = [
    {months = [11, 12, 1], suspect = [6, 8]},
    {months = [6], suspect = [-inf, 9], fail = [0, 10]},
]
weekly = true
rest = 7
source = "Dinas, 2026"
verified = true
"""


def test_what_an_operator_says_takes_the_place_of_what_stood_there():
    ph = thresholds.overridden(CATALOGUE, WHOLE).by_code["ph"]

    assert (ph.fail, ph.suspect, ph.source) == (Span(1.0), Span(4.0, 10.5), "Dinas, 2026")
    assert ph.checks == Checks(
        spike=Threshold(0.5, 1.5),
        rate=None,
        flat=Flat(0.01, 360, 14 * 1440),
        seasons=(
            Season((11, 12, 1), Span(6.0, 8.0)),
            Season((6,), Span(None, 9.0), Span(0.0, 10.0)),
        ),
        weekly=True,
        rest=7.0,
        source="Dinas, 2026",
        verified=True,
    )


def test_a_station_has_its_own_and_otherwise_those_of_all():
    changed = thresholds.overridden(CATALOGUE, WHOLE)
    here, there = changed.at("CPM-01", "ph"), changed.at("CPM-02", "ph")

    assert (here.checks.spike, here.checks.rate, here.suspect) == (
        Threshold(9.0), None, Span(4.0, 10.5),
    )  # fmt: skip
    assert (here.checks.source, here.checks.verified) == ("Operator", False)
    assert there == changed.by_code["ph"]
    assert changed.by_code["do"] == CATALOGUE.by_code["do"]


def test_the_digest_changes_with_a_threshold_alone():
    digest = thresholds.digest(CATALOGUE)
    other = 'parameter = "ph"\nstation = "A"\nspike = {suspect = 2.5}\n'

    assert thresholds.digest(thresholds.overridden(CATALOGUE, "")) == digest
    assert thresholds.digest(thresholds.overridden(CATALOGUE, f"[[check]]\n{other}")) != digest


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("spike = 1", "spike: write {suspect = …, fail = …}"),
        ("spike = {fail = 2}", "spike: say from which difference on"),
        ("spike = {suspect = 0}", "suspect must be above 0"),
        ("spike = {suspect = 2, fail = 1}", "fail not below it"),
        ("spike = {suspect = nan}", "spike.suspect: nan is no number"),
        ("spike = {suspect = true}", "spike.suspect: True is no number"),
        ("spike = {suspect = 1, warn = 2}", "there is no member 'warn'"),
        ("spikes = {suspect = 1}", "there is no member 'spikes'"),
        ('flat = {tolerance = 0.1, suspect = "6h"}', "flat.suspect: '6h' is no such duration"),
        ('flat = {tolerance = 0.1, suspect = "P1M"}', "'P1M' is no such duration"),
        ('flat = {tolerance = 0, suspect = "P1D"}', "tolerance must be above 0"),
        ('flat = {tolerance = 1, suspect = "P2D", fail = "P1D"}', "fail not before suspect"),
        ("flat = {tolerance = 1}", "say how little and how long"),
        ("range = {fail = [1]}", "range.fail: write [low, high]"),
        ("range = {fail = [2, 1]}", "2.0 is not below 1.0"),
        ("range = {fail = [6, 14]}", "plausible must lie inside"),
        ("range = {suspect = [5, 15]}", "plausible must lie inside"),
        ("climatology = [{months = [13], suspect = [1, 2]}]", "climatology 1: months = [13]"),
        ("climatology = [{months = [1]}]", "say what is usual"),
        (
            "climatology = [{months=[1], suspect=[1, 2]}, {months=[1], suspect=[1, 2]}]",
            "a month is in two seasons",
        ),
        ("weekly = 1", "weekly = 1 is no bool"),
        ("station = 1", "station = 1 is no code"),
        ("source = 1", "source = 1 is no str"),
    ],
)
def test_what_cannot_be_understood_is_told_with_its_place(entry, reason):
    with pytest.raises(thresholds.ChecksUnfit) as told:
        thresholds.overridden(CATALOGUE, f'[[check]]\nparameter = "ph"\n{entry}\n')

    assert reason in str(told.value)
    assert str(told.value).startswith("check 1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("check = ", "this is no TOML"),
        ("[check]\nparameter = 1", "write [[check]], in two brackets"),
        ("[[limit]]\nparameter = 1", "write [[check]], in two brackets"),
        ('[[check]]\nparameter = "pm25"', "'pm25' is none of this service's"),
        ("[[check]]\nspike = false", "parameter = None is none of this service's"),
    ],
)
def test_a_file_that_is_none_is_told(text, reason):
    with pytest.raises(thresholds.ChecksUnfit) as told:
        thresholds.overridden(CATALOGUE, text)

    assert reason in str(told.value)
