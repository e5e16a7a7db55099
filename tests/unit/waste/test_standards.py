from datetime import date

import pytest

from kembar_shared.measurement.standards import LONG_AGO
from kembar_waste import standards
from kembar_waste.standards import climate

BUILT = standards.build()


def factor(standard, subject, quantity):
    return BUILT.factor(standard, subject, quantity, date(2026, 6, 1))


def targets(parameter, year):
    return [
        (limit.least, limit.verified)
        for limit in BUILT.limits
        if limit.parameter == parameter and limit.valid_from <= date(year, 12, 31) < limit.valid_to
    ]


@pytest.mark.parametrize(
    ("year", "reduction", "handling"),
    [
        (2017, [], []),
        (2018, [(0.18, False)], [(0.73, False)]),
        (2024, [(0.28, False)], [(0.71, False)]),
        (2025, [(0.30, True)], [(0.70, True)]),
        (2026, [], []),
    ],
)
def test_each_year_has_its_own_target(year, reduction, handling):
    assert targets("reduction_rate", year) == reduction
    assert targets("handling_rate", year) == handling


@pytest.mark.parametrize(
    ("year", "least"), [(2024, []), (2025, [(0.5121, True)]), (2028, []), (2029, [(1.0, True)])]
)
def test_the_rpjmn_counts_in_its_first_and_last_year(year, least):
    assert targets("managed_rate_rpjmn", year) == least


def test_every_row_has_a_key_a_day_and_a_source():
    rows = [*BUILT.limits, *BUILT.factors]

    keys = [(row.key, row.valid_from) for row in rows]
    assert len(set(keys)) == len(keys)
    assert all(row.source and row.valid_from and row.valid_from > LONG_AGO for row in rows)


@pytest.mark.parametrize(
    ("standard", "subject", "quantity", "value", "unit", "verified"),
    [
        ("ipcc-2006", "food", "doc", 0.15, "1", True),
        ("ipcc-2006", "nappies", "doc", 0.24, "1", False),
        ("ipcc-2006", "paper", "docf", 0.5, "1", False),
        ("ipcc-2019", "food", "docf", 0.7, "1", True),
        ("ipcc-2019", "wood", "docf", 0.1, "1", False),
        ("ipcc-2006", "food", "k_tropical_wet", 0.4, "1/a", False),
        ("ipcc-2006", "rubber", "k_tropical_dry", 0.025, "1/a", False),
        ("ipcc-2006", "plastic", "fossil_share", 1.0, "1", True),
        ("ipcc-2006", "unmanaged_deep", "mcf", 0.8, "1", True),
        ("ipcc-2019", "semi_aerobic_poor", "mcf", 0.7, "1", False),
        ("gpc", "bulk", "docf", 0.6, "1", True),
        ("ipcc-2006", "composting", "n2o", 0.24, "g/kg", False),
        ("ipcc-2006", "open_burning", "oxidation", 0.58, "1", True),
        ("ipcc-2019", "open_burning", "oxidation", 0.71, "1", False),
        ("ipcc-ar6", "ch4_fossil", "gwp100", 29.8, "1", False),
        ("ipcc-ar4", "n2o", "gwp100", 298.0, "1", False),
        ("density", "dump_truck", "density", 326.0, "kg/m3", True),
        ("trip-load", "bandung", "load", 5.757, "t/trip", True),
        ("sni-19-3983-1995", "small_city", "generation_low", 0.625, "kg/person/day", True),
        ("kembar", "mass_balance", "tolerance", 0.02, "1", False),
    ],
)
def test_factors_are_those_of_their_sources(standard, subject, quantity, value, unit, verified):
    row = factor(standard, subject, quantity)

    assert (row.value, row.unit, row.verified) == (value, unit, verified)


def test_large_cities_have_to_measure():
    with pytest.raises(KeyError):
        factor("sni-19-3983-1995", "large_city", "generation_low")


def test_what_is_carried_of_each_type_is_complete():
    waste = {row.subject for row in BUILT.factors if row.quantity == "k_tropical_wet"} - {"bulk"}

    for standard in climate.DOCF_SETS.values():
        assert all(0 < factor(standard, each, "docf").value <= 1 for each in waste)
    for standard in climate.GWP_SETS.values():
        assert (
            factor(standard, "ch4_biogenic", "gwp100").value
            < factor(standard, "n2o", "gwp100").value
        )
    assert all(factor(climate.MCF_STANDARD[site], site, "mcf") for site in climate.MCF_STANDARD)
