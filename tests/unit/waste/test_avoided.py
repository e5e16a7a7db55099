from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.measurement.standards import StandardsUnfit
from kembar_shared.measurement.vocabulary import State
from kembar_waste import standards
from kembar_waste.indicators.assumptions import Assumptions
from kembar_waste.indicators.avoided import AvoidedEmissions
from kembar_waste.indices.claims import Claim, ClaimsOverlap
from tests.unit.waste.days import APRIL, frame, month, year

BUILT = standards.build()
FOOD = year("composted", 1000e3, material="organic")


def avoided(*rows, own="", period="2025", **assumed):
    emissions = AvoidedEmissions(BUILT.overridden(own), Assumptions(**assumed))
    (figure,) = (each for each in emissions.figures(frame(*rows)) if each.period == period)
    assert figure.indicator == "waste.avoided_tco2e"
    return figure


def claim(programme, share=1.0, until=date(2026, 1, 1), **changes):
    made = {"station": "TPS-01", "route": "composted", "material": "", "since": date(2023, 1, 1)}
    return Claim(programme=programme, share=share, until=until, **(made | changes))


def test_composting_a_thousand_tonnes_of_food():
    figure = avoided(FOOD)

    assert (figure.value, figure.unit) == (pytest.approx(1223.93, abs=0.005), "t CO2e")
    assert (figure.numerator, figure.denominator) == (figure.value, None)
    assert figure.state is State.OK
    assert figure.detail["gross"] == pytest.approx(1399.53, abs=0.005)
    assert figure.detail["treatment"] == pytest.approx(175.6)
    assert figure.detail["net_100"] == pytest.approx(50 * 28 - 175.6)
    assert figure.detail["verified"] is False
    assert figure.detail["unclaimed"] == figure.value
    assert figure.method == ("kembar/avoided-co2e-AR5-docf2006-20y-managed_anaerobic-wet@3")


@pytest.mark.parametrize(
    ("assumed", "gross"),
    [
        ({"gwp_set": "AR6", "docf_set": "2019"}, 1399.53 * 1.35),
        ({"gwp_set": "AR4"}, 1399.53 * 25 / 28),
        ({"disposal_mcf": "uncategorised"}, 1399.53 * 0.6),
        ({"disposal_mcf": "active_aeration_poor"}, 1399.53 * 0.7),
        ({"horizon_years": 1}, 16.484 * 28),
        ({"horizon_years": 100}, 1400.0),
        ({"climate": "dry"}, 1400 * (1 - 2.718281828 ** (-0.085 * 20))),
    ],
)
def test_each_assumption_counts_and_is_named(assumed, gross):
    figure = avoided(FOOD, **assumed)

    assert figure.detail["gross"] == pytest.approx(gross, abs=0.02)
    assert figure.method != avoided(FOOD).method


@pytest.mark.parametrize(
    ("material", "per_tonne"),
    [
        ("paper", 0.4 * 0.5 * 0.5 * 16 / 12 * 28 * (1 - 2.718281828 ** (-0.07 * 20))),
        ("textile", 0.24 * 0.5 * 0.5 * 16 / 12 * 28 * (1 - 2.718281828 ** (-0.07 * 20))),
        ("rubber_leather", 0.39 * 0.5 * 0.5 * 16 / 12 * 28 * (1 - 2.718281828 ** (-0.035 * 20))),
        ("plastic", 0.0),
        ("metal", 0.0),
        ("glass", 0.0),
        ("electronic", 0.0),
        ("other", 0.0),
    ],
)
@pytest.mark.parametrize("route", ["recycled", "reused"])
def test_recycling_has_no_treatment_and_no_credit_for_goods(material, per_tonne, route):
    figure = avoided(year(route, 10e3, material=material))

    assert figure.value == pytest.approx(10 * per_tonne)
    assert figure.detail["treatment"] == 0.0


@pytest.mark.parametrize("material", ["", "mixed", "residual", "hazardous"])
def test_nothing_is_avoided_by_what_is_not_known(material):
    unknown = year("recycled", 5e3, material=material)

    alone = avoided(unknown)
    assert (alone.state, alone.value) == (State.CANNOT_ASSESS, None)
    assert (alone.detail["reason"], alone.detail["unassessed_t"]) == ("material_unknown", 5.0)
    assert alone.detail["verified"] is None
    beside = avoided(FOOD, unknown)
    assert (beside.state, beside.value) == (State.PROVISIONAL, avoided(FOOD).value)
    assert beside.detail["verified"] is False
    assert (beside.detail["unassessed_t"], beside.detail["assessed_t"]) == (5.0, 1000.0)


def test_other_waste_is_inert_and_assessed():
    figure = avoided(year("recycled", 1000e3, material="other"))

    assert (figure.value, figure.state, figure.detail["reason"]) == (0.0, State.OK, None)
    assert (figure.detail["assessed_t"], figure.detail["verified"]) == (1000.0, False)


@pytest.mark.parametrize("own_mcf", [False, True])
def test_no_factor_is_called_verified_where_none_was_used(own_mcf):
    own = own_factor("disposal-site", "bandung", "mcf", 0.5) if own_mcf else ""

    assert avoided(year("recycled", 5e3), own=own).detail["verified"] is None


def test_of_a_total_the_materials_count_and_the_rest_is_not_known():
    figure = avoided(FOOD, year("composted", 1200e3))

    assert figure.value == pytest.approx(avoided(FOOD).value)
    assert (figure.state, figure.coverage) == (State.PROVISIONAL, 1.0)
    assert figure.detail["unassessed_t"] == pytest.approx(200)
    whole = avoided(FOOD, year("composted", 1000e3))
    assert (whole.state, whole.detail["unassessed_t"]) == (State.OK, 0.0)
    less = avoided(FOOD, year("composted", 999e3))
    assert (less.state, less.detail["reason"]) == (State.CANNOT_ASSESS, "materials_exceed_total")


def test_a_material_that_is_not_told_on_a_day_is_no_gap_of_a_known_total():
    named = month("composted", 600.0, APRIL[:10], material="organic")

    figure = avoided(*month("composted", 1000.0), *named, period="2023-04")
    assert (figure.coverage, figure.state) == (1.0, State.PROVISIONAL)
    assert figure.detail["assessed_t"] == pytest.approx(6.0)
    assert figure.detail["unassessed_t"] == pytest.approx(24.0)


@pytest.mark.parametrize(
    ("days", "state"), [(30, State.OK), (23, State.PROVISIONAL), (22, State.INSUFFICIENT)]
)
def test_a_month_with_gaps_avoided_at_least_so_much_or_nothing_known(days, state):
    figure = avoided(
        *month("composted", 1000.0, APRIL[:days], material="organic"), period="2023-04"
    )

    assert figure.state is state
    expected = None if state is State.INSUFFICIENT else pytest.approx(days * 1.22393, abs=0.001)
    assert figure.value == expected


def own_factor(standard, subject, quantity, value, since="2025-01-01"):
    return f"""
        [[factor]]
        standard = "{standard}"
        subject = "{subject}"
        quantity = "{quantity}"
        value = {value}
        unit = "1"
        valid_from = {since}
        source = "survey"
        verified = true
    """


def test_waste_that_would_have_been_burnt_avoids_no_methane():
    kawasaki = FOOD | {"jurisdiction": "kawasaki"}

    figure = avoided(kawasaki, own=own_factor("disposal-site", "kawasaki", "mcf", 0.0))
    assert figure.value == pytest.approx(-175.6)
    assert (figure.detail["disposal_site"], figure.detail["disposal_mcf"]) == ("own", [0.0])
    assert figure.method.startswith(f"{avoided(FOOD).method}+")
    other = avoided(FOOD, own=own_factor("disposal-site", "kawasaki", "mcf", 0.0))
    assert other.value == avoided(FOOD).value
    with pytest.raises(StandardsUnfit, match="kawasaki"):
        avoided(FOOD, own=own_factor("disposal-site", "kawasaki", "mcf", 1.1))


@pytest.mark.parametrize(
    ("standard", "subject", "quantity", "value"),
    [
        ("ipcc-2006", "food", "doc", 15.0),
        ("ipcc-2006", "food", "docf", 1.01),
        ("ipcc-2006", "landfill_gas", "methane_share", 50.0),
        ("ipcc-ar5", "ch4_biogenic", "gwp100", -28.0),
    ],
)
def test_a_factor_that_cannot_be_is_refused(standard, subject, quantity, value):
    with pytest.raises(StandardsUnfit, match=f"{standard}/{subject}/{quantity}"):
        avoided(FOOD, own=own_factor(standard, subject, quantity, value))


def test_a_newer_factor_holds_from_its_day_on():
    own = own_factor("ipcc-2006", "food", "doc", 0.3)
    before = year("composted", 1000e3, of=2024, material="organic")

    rows = [before, FOOD]
    assert avoided(*rows, own=own, period="2024").detail["gross"] == pytest.approx(
        1399.53, abs=0.01
    )
    assert avoided(*rows, own=own).detail["gross"] == pytest.approx(2799.06, abs=0.02)


def test_programmes_share_what_was_avoided_and_the_rest_is_unclaimed():
    paper = year("recycled", 10e3, material="paper")
    held = (
        claim("kang-pisman", 0.5, material="organic"),
        claim("jica", 0.25),
        claim("jcm", route="recycled", material="plastic"),
        claim("elsewhere", station="TPS-02"),
    )

    figure = avoided(FOOD, paper, claims=held)
    whole = avoided(FOOD).value
    assert figure.detail["by_programme"] == {
        "jica": pytest.approx(whole * 0.25), "kang-pisman": pytest.approx(whole * 0.5)
    }  # fmt: skip
    assert figure.detail["unclaimed"] == pytest.approx(figure.value - whole * 0.75)
    assert figure.value == avoided(FOOD, paper).value


def test_a_claim_counts_whole_days_and_no_part_of_a_reported_year():
    april = month("composted", 1000.0, material="organic")
    held = (claim("kang-pisman", until=APRIL[10]),)

    of_days = avoided(*april, period="2023-04", claims=held).detail["by_programme"]
    assert of_days == {"kang-pisman": pytest.approx(12.2393, abs=0.001)}
    amid = (claim("kang-pisman", until=date(2025, 12, 31)),)
    assert avoided(FOOD, claims=amid).detail["by_programme"] == {}


def test_claims_of_one_tonne_by_two_are_refused_before_anything_is_computed():
    with pytest.raises(ClaimsOverlap, match="jica"):
        AvoidedEmissions(BUILT, Assumptions(claims=(claim("kang-pisman"), claim("jica", 0.1))))


@settings(deadline=None, max_examples=8)
@given(
    st.dictionaries(st.sampled_from(["organic", "paper", "plastic"]), st.integers(0, 1000)),
    st.lists(st.sampled_from([0.1, 0.25, 0.4]), max_size=2),
    st.integers(1, 5),
)
def test_avoided_is_linear_in_mass_and_divided_without_rest(kilograms, shares, factor):
    held = tuple(claim(f"programme-{n}", share) for n, share in enumerate(shares))
    rows = [year("composted", 1e3 * kg, material=each) for each, kg in kilograms.items()]
    if not rows:
        return

    once = avoided(*rows, claims=held)
    more = avoided(*(each | {"sum": each["sum"] * factor} for each in rows), claims=held)
    assert more.value == pytest.approx(once.value * factor, abs=1e-9)
    assert sum(once.detail["by_material"].values()) == pytest.approx(once.value)
    credited = sum(once.detail["by_programme"].values()) + once.detail["unclaimed"]
    assert credited == pytest.approx(once.value)
