"""The IKU of cities and years."""

import math

import pytest

from kembar_air.indicators.air import Air
from kembar_air.indices import iku as formulas
from kembar_shared.measurement.standards import StandardsUnfit
from tests.unit.air.tables import day, days, figures_of, year

YEAR = year(2023)
AIR = Air()


def site(code, no2, so2, count=365, **changes):
    gases = (("no2", no2), ("so2", so2))
    return [
        day(gas, each, mean, station=code, **changes)
        for gas, mean in gases
        if mean is not None
        for each in YEAR[:count]
    ]


def iku(rows):
    found = [figure for figure in figures_of(AIR, days(rows)) if figure.indicator == "air.iku"]
    assert len(found) == 1
    return found[0]


def test_the_index_is_of_the_mean_of_the_sites():
    rows = [row for n in range(4) for row in site(f"S{n}", 10.0 * n, 5.0)]
    figure = iku(rows)

    # NO2 15 of 40 and SO2 5 of 20: (0.375 + 0.25) / 2 = 0.3125.
    assert figure.detail["ieu"] == pytest.approx(0.3125)
    assert figure.value == pytest.approx(100 - 50 / 0.9 * 0.2125)
    assert (figure.state, figure.period, figure.unit) == ("ok", "2023", "1")
    assert figure.method == "permen-lhk-27-2021/iku@4"
    # 88.19, by the LPPD's own scale.
    assert (figure.detail["category"], figure.detail["category_of"]) == ("sangat_baik", "lppd-iku")
    assert figure.numerator / figure.denominator == pytest.approx(figure.value)
    assert (figure.n, figure.expected, figure.coverage) == (1460, 1460.0, 1.0)


def test_a_site_with_days_above_the_range_does_not_count():
    rows = [row for n in range(4) for row in site(f"S{n}", 10.0, 5.0)]
    figure = iku([*rows, *site("S4", 10.0, 5.0, count=364), day("no2", YEAR[364], 10.0, n_above=1,
                  station="S4"), day("so2", YEAR[364], 5.0, station="S4")])  # fmt: skip

    assert figure.detail["sites"] == ["S0", "S1", "S2", "S3"]
    assert figure.detail["sites_insufficient"] == ["S4"]


def test_three_sites_are_provisional():
    figure = iku([row for n in range(3) for row in site(f"S{n}", 10.0, 5.0)])

    assert (figure.state, figure.detail["sites"]) == ("provisional", ["S0", "S1", "S2"])
    assert figure.value is not None


@pytest.mark.parametrize(("count", "counts"), [(238, True), (237, False)])
def test_a_site_needs_238_days(count, counts):
    rows = [row for n in range(4) for row in site(f"S{n}", 10.0, 5.0)]
    figure = iku(rows + site("S4", 400.0, 50.0, count=count))

    assert ("S4" in figure.detail["sites"]) == counts
    assert ("S4" in figure.detail["sites_insufficient"]) != counts


def test_a_site_without_one_of_the_gases_does_not_count():
    figure = iku(site("S0", 10.0, None))

    assert (figure.state, figure.value, figure.numerator) == ("insufficient", None, None)
    assert figure.detail["sites_insufficient"] == ["S0"]


def test_days_with_too_few_hours_do_not_count():
    assert iku(site("S0", 10.0, 5.0, n=17)).state == "insufficient"


def test_the_figure_is_as_real_as_its_least_real_site():
    rows = site("S0", 10.0, 5.0) + site("S1", 10.0, 5.0, origin="synthetic")

    assert iku(rows).origin == "synthetic"


def test_an_operator_s_reference_value_changes_value_and_method():
    own = AIR.standards.overridden(
        '[[factor]]\nstandard = "permen-lhk-27-2021"\nsubject = "so2"\n'
        'quantity = "iku_reference"\nvalue = 10.0\nvalid_from = 2021-01-01\n'
    )
    rows = days(site("S0", 40.0, 10.0))
    found = [f for f in figures_of(Air(standards=own), rows) if f.indicator == "air.iku"]

    assert found[0].detail["ieu"] == pytest.approx(1.0)
    assert found[0].method.startswith("permen-lhk-27-2021/iku@4+")


def own(subject, quantity, value):
    return AIR.standards.overridden(
        f'[[factor]]\nstandard = "permen-lhk-27-2021"\nsubject = "{subject}"\n'
        f'quantity = "{quantity}"\nvalue = {value}\nvalid_from = 2021-01-01\n'
    )


@pytest.mark.parametrize("value", ["0.0", "-20.0"])
@pytest.mark.parametrize("gas", ["no2", "so2"])
def test_a_reference_that_nothing_can_be_divided_by_is_refused(gas, value):
    with pytest.raises(StandardsUnfit, match=f"permen-lhk-27-2021, {gas}, iku_reference.*{value}"):
        Air(standards=own(gas, "iku_reference", value))


@pytest.mark.parametrize(
    ("subject", "quantity", "value"),
    [("so2", "iku_reference", "1e-320"), ("so2", "iku_reference", "1e-306"),
     ("iku", "least_share_of_days", "0.0")],
)  # fmt: skip
def test_an_index_is_a_number_or_none(subject, quantity, value):
    rows = site("S0", 10.0, None) if subject == "iku" else site("S0", 10.0, 5.0)
    rows = days(rows + [{**row, "station": "S1"} for row in rows])
    found = figures_of(Air(standards=own(subject, quantity, value)), rows)

    figure = next(figure for figure in found if figure.indicator == "air.iku")
    assert (figure.value, figure.state) == (None, "insufficient")
    assert figure.detail["ieu"] is None or math.isfinite(figure.detail["ieu"])


@pytest.mark.parametrize(
    ("index", "position"),
    [(39.9, 0), (40, 1), (50, 1), (50.1, 2), (60, 2), (60.1, 3), (70, 3), (70.1, 4), (80, 4),
     (80.1, 5)],
)  # fmt: skip
def test_edges_of_the_index_on_the_sheet_of_the_lppd(index, position):
    edges = (40.0, 50.0, 60.0, 70.0, 80.0)

    assert formulas.category(index, edges) == formulas.CATEGORIES[position]


def test_an_amended_edge_changes_category_and_method():
    own = AIR.standards.overridden(
        '[[factor]]\nstandard = "lppd-iku"\nsubject = "iku_class"\n'
        'quantity = "sangat_baik_above"\nvalue = 90.0\nvalid_from = 2021-01-01\n'
    )
    rows = [row for n in range(4) for row in site(f"S{n}", 10.0 * n, 5.0)]

    (figure,) = (f for f in figures_of(Air(standards=own), days(rows)) if f.indicator == "air.iku")
    assert figure.detail["category"] == "baik"
    assert figure.method.startswith("permen-lhk-27-2021/iku@4+")
