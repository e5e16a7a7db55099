"""Figures say how much of their masses was converted from volumes."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_waste import standards
from kembar_waste.indicators.assumptions import Assumptions
from kembar_waste.indicators.figures import WasteFigures
from tests.unit.waste.days import APRIL, WEIGHED, converted_frame, frame, month, row, year

WASTE = WasteFigures(standards.build(), Assumptions())
ALL = {"converted": 1000.0, "factors": [326.0]}


def figures(*rows):
    made = WASTE.figures(converted_frame(*rows))
    return {(figure.indicator.removeprefix("waste."), figure.period): figure for figure in made}


def told(figure):
    return {name: figure.detail[name] for name in WEIGHED}


def test_what_was_weighed_says_so_and_what_is_made_of_volumes_names_the_densities():
    weighed = [each | {"converted": None, "factors": None} for each in month()]
    some = figures(*weighed[:20], *month(days=APRIL[20:25], **ALL),
                   *month(days=APRIL[25:], converted=1000.0, factors=[250.0]))  # fmt: skip

    found = some["generated", "2023-04"]
    assert (found.value, found.detail["converted_share"]) == (30.0, pytest.approx(10 / 30))
    assert found.detail["densities_kg_per_m3"] == [250.0, 326.0]
    assert found.detail["converted_note"] == {
        "en": "33.3 % of the mass behind this figure was not weighed but converted from volumes, "
        "by densities of 250; 326 kg/m³.",
        "id": "33,3 % dari massa di balik angka ini tidak ditimbang, tetapi dihitung dari volume "
        "dengan massa jenis 250; 326 kg/m³.",
        "ja": "この数値のもとになった質量の 33.3 % は計量したものではなく、体積から密度 250; 326 "
        "kg/m³ で換算したものです。",
    }
    assert told(figures(*weighed)["generated", "2023-04"]) == WEIGHED
    assert [told(each) for each in WASTE.figures(frame(*month()))] == [WEIGHED] * 2


def test_a_day_may_be_converted_in_part():
    days = [row(kg=1000.0, period=day, n=2, converted=400.0, factors=[250.0]) for day in APRIL]

    assert figures(*days)["generated", "2023-04"].detail["converted_share"] == pytest.approx(0.4)


def test_of_a_share_both_sides_count():
    rows = [*month(**ALL), *month("recycled", 500.0)]

    found = figures(*rows)
    assert found["sdg_12_5_1", "2023-04"].value == pytest.approx(0.5)
    assert found["sdg_12_5_1", "2023-04"].detail["converted_share"] == pytest.approx(2 / 3)
    assert told(found["manfaatkan_t", "2023-04"]) == WEIGHED
    assert found["generated", "2023-04"].detail["converted_share"] == 1.0


def test_parts_beside_their_total_are_not_counted_again():
    rows = [*month(), *month(kg=900.0, material="organic", converted=900.0, factors=[326.0])]

    assert told(figures(*rows)["generated", "2023-04"]) == WEIGHED


def test_days_and_a_reported_month_or_year_are_told_apart():
    rows = [
        *month(),
        row(kg=3e4, grain="month", following=date(2023, 5, 1), converted=3e4, factors=[326.0]),
        year(kg=9e5, of=2023, converted=9e5, factors=[250.0]),
    ]

    found = figures(*rows)
    assert told(found["generated", "2023-04"]) == WEIGHED
    assert found["generated", "2023"].detail["densities_kg_per_m3"] == [250.0]


def test_trips_are_not_weighed_and_nothing_is_said_of_nothing():
    trips = [row("trips", 4.0, date(2026, 4, day)) for day in range(1, 31)]

    found = figures(*trips)["collected_from_trips", "2026-04"]
    assert found.detail["converted_share"] == 1.0
    assert set(found.detail["converted_note"]) == {"en", "id", "ja"}
    silent = figures(*month(days=APRIL[:3], **ALL))["generated", "2023-04"]
    assert (silent.state, silent.detail["converted_share"]) == ("insufficient", 1.0)
    assert silent.detail["converted_note"] is None
    nothing = figures(*month("recycled"))["recycling_rate_jp", "2023-04"]
    assert told(nothing) == WEIGHED | {"converted_share": None}


@pytest.mark.parametrize(
    ("converted", "said"),
    [(0.001, "0.1 %"), (999.999, "99.9 %"), (1000.0, "100 %"), (500.0, "50 %"), (126.0, "12.6 %")],
)
def test_a_share_is_rounded_neither_to_nothing_nor_to_all(converted, said):
    rows = month(converted=converted, factors=[326.125])

    note = figures(*rows)["generated", "2023-04"].detail["converted_note"]
    assert note["en"].startswith(f"{said} of")
    assert "326,125 kg/m³" in note["id"]


def test_many_densities_are_said_as_a_range():
    rows = [row(period=day, converted=1.0, factors=[200.0 + day.day]) for day in APRIL]

    found = figures(*rows)["generated", "2023-04"]
    assert len(found.detail["densities_kg_per_m3"]) == 30
    assert "201\N{EN DASH}230 kg/m³" in found.detail["converted_note"]["ja"]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=30, max_size=30))
def test_the_share_is_that_of_all_days_and_moves_no_value(amounts):
    rows = [
        row(kg=float(volume + weight), period=day, converted=float(volume) or None,
            factors=[326.0] if volume else None)
        for day, (volume, weight) in zip(APRIL, amounts, strict=True)
    ]  # fmt: skip

    found = figures(*rows)["generated", "2023-04"]
    volumes, weights = (sum(side) for side in zip(*amounts, strict=True))
    assert found.detail["converted_share"] == pytest.approx(volumes / (volumes + weights))
    assert found.value == pytest.approx((volumes + weights) / 1000)
