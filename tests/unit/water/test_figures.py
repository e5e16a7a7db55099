"""The figures beside the mean Pollution Index."""

from datetime import date

import pytest

from kembar_shared.measurement.vocabulary import State
from kembar_water.standards.scores import IKA_PARAMETERS
from tests.unit.water.rivers import (
    CLEAN,
    NO_HOURS,
    STANDARDS,
    days,
    monthly,
    river,
    row,
    sample,
    summed,
)

# All eight parameters of the IKA, each well within class I.
EIGHT = {
    "bod": 1.0, "cod": 5.0, "do": 7.0, "fcoli": 50.0, "no3_n": 5.0, "ph": 7.5, "tp": 0.1,
    "tss": 20.0,
}  # fmt: skip
GROUPS = {"do": 6.0, "ec": 500.0, "no3_n": 1.0, "tp": 0.1, "ph": 7.0}


def figures(indicator, *rows, **settings):
    settings = {"fixed_saturation_mg_l": 8.0} | settings
    return {
        (figure.jurisdiction, figure.period): figure
        for figure in river(**settings).figures(days(*rows))
        if figure.indicator == indicator
    }


def in_april(indicator, *rows, **settings):
    return figures(indicator, *rows, **settings)["bandung", "2023-04"]


def year(values, **changes):
    return [r for parameter, v in values.items() for r in monthly(parameter, [v] * 12, **changes)]


def test_the_share_of_samples_that_meet_their_class():
    bad = sample({**CLEAN, "bod": 3.1}, period=date(2023, 4, 20))
    limit = sample({**CLEAN, "bod": 3.0}, period=date(2023, 4, 21))

    figure = in_april("water.class_met_share", *sample(), *bad, *limit)
    assert (figure.numerator, figure.denominator, figure.unit) == (2.0, 3.0, "1")
    assert figure.value == pytest.approx(2 / 3)
    assert (figure.state, figure.n) == (State.OK, 3)
    assert figure.method == "pp-22-2021-vi/class-met-share@3"


def test_three_equal_readings_at_the_limit_meet_class_and_target():
    thrice = {"n": 3, **summed(0.2 + 0.2 + 0.2, 3)}
    limit = row("tp", 0.2) | thrice
    assert in_april("water.class_met_share", *sample(), limit).value == 1.0
    beyond = limit | summed(0.6 + 1e-9, 3)
    assert in_april("water.class_met_share", *sample(), beyond).value == 0.0

    others = year({name: value for name, value in GROUPS.items() if name != "tp"})
    same = [r | thrice for r in monthly("tp", [0.2] * 12)]
    found = figures("water.sdg_6_3_2", *others, *same)["bandung", "2023"]
    assert found.detail["good"] == ["CPM-01"]


USUAL = {
    "water.pollution_index": "kepmen-lh-115-2003/pollution-index@2",
    "water.class_met_share": "pp-22-2021-vi/class-met-share@3",
    "water.ika": "permen-lhk-27-2021/ika@2",
    "water.ika_historic": "permen-lhk-p4-2018/ika@2",
}


@pytest.mark.parametrize("indicator", USUAL)
def test_a_method_names_the_settings_it_depends_on(indicator):
    by_oxygen = indicator in {"water.pollution_index", "water.ika"}

    def method(saturation, least):
        return in_april(
            indicator,
            *sample(EIGHT, altitude_m=700.0),
            fixed_saturation_mg_l=saturation,
            least_parameters=least,
        ).method

    assert method(None, 4) == USUAL[indicator]
    assert method(7.5, 4) == USUAL[indicator] + (";cim=7.5" if by_oxygen else "")
    assert method(None, 3) == USUAL[indicator] + ";least=3"
    assert method(7.5, 3) == USUAL[indicator] + (";cim=7.5" if by_oxygen else "") + ";least=3"


@pytest.mark.parametrize(("saturation", "source"), [(None, "computed"), (7.5, "fixed")])
def test_a_figure_says_where_its_saturation_comes_from(saturation, source):
    for indicator in ("water.pollution_index", "water.ika"):
        detail = in_april(indicator, *sample(EIGHT), fixed_saturation_mg_l=saturation).detail
        assert (detail["cim_source"], detail["cim_mg_l"]) == (source, saturation)


def test_the_class_is_that_of_the_station():
    rows = sample({**CLEAN, "bod": 2.5, "cod": 5.0, "tss": 10.0})

    assert in_april("water.class_met_share", *rows).value == 1.0
    assert in_april("water.class_met_share", *(r | {"water_class": "I"} for r in rows)).value == 0.0


def test_oxygen_is_compared_with_its_limit_without_a_saturation_too():
    rows = sample({**CLEAN, "do": 3.9})

    figure = in_april("water.class_met_share", *rows, fixed_saturation_mg_l=None)
    assert figure.value == 0.0
    assert "do" in figure.detail["parameters"]
    assert figure.detail["left_out"] == []


@pytest.mark.parametrize(("bod", "failing"), [(3.0, 0), (3.1, 1)])
def test_a_sample_of_too_few_parameters_counts_neither_as_meeting_nor_as_breaking(bod, failing):
    figure = in_april("water.class_met_share", *sample({"bod": bod, "cod": 12.5, "tss": 25.0}))

    assert (figure.state, figure.value, figure.n) == (State.INSUFFICIENT, None, 0)
    told = (figure.detail["incomplete_samples"], figure.detail["incomplete_failing"])
    assert told == (1, failing)
    four = in_april("water.class_met_share", *sample({**CLEAN, "bod": bod}))
    assert (four.state, four.value) == (State.OK, 1.0 - failing)
    assert four.detail["incomplete_samples"] == 0


@pytest.mark.parametrize("station", ["CPM-01", "CPM-02"])
def test_a_breach_of_nitrate_alone_lowers_no_share_and_is_named(station):
    breach = row("no3_n", 30.0, station=station, period=date(2023, 4, 20))

    figure = in_april("water.class_met_share", *sample(), breach)
    assert (figure.numerator, figure.denominator, figure.state) == (1.0, 1.0, State.OK)
    told = (figure.detail["incomplete_samples"], figure.detail["incomplete_failing"])
    assert told == (1, 1)
    assert figure.detail["parameters"] == sorted(CLEAN)


def test_a_breach_counts_where_the_fourth_parameter_is_the_one_that_cannot_be_assessed():
    coarse = row("hg", None, n_below=1, below_limit=0.005)
    three = {"bod": 9.0, "cod": 12.5, "tss": 25.0}

    assert in_april("water.class_met_share", *sample(three), coarse).value == 0.0
    clean = in_april("water.class_met_share", *sample(three | {"bod": 3.0}), coarse)
    assert (clean.state, clean.detail["open_samples"]) == (State.CANNOT_ASSESS, 1)
    # Oxygen above the method's range keeps its limit, yet was not compared with it.
    plenty = row("do", None, n_above=1)
    assert in_april("water.class_met_share", *sample(three), plenty).value is None


def test_a_value_only_known_to_be_large_cannot_meet_a_class():
    above = row("fcoli", None, n_above=1)

    figure = in_april("water.class_met_share", *sample(), above)
    assert (figure.state, figure.value, figure.n) == (State.CANNOT_ASSESS, None, 0)
    broken = in_april("water.class_met_share", *sample({**CLEAN, "bod": 9.0}), above)
    assert (broken.n, broken.value) == (1, 0.0)


def test_a_sample_with_a_detection_limit_above_the_standard_cannot_be_assessed_unless_it_breaks():
    # Class II allows 0.002 mg/L of mercury.
    coarse = row("hg", None, n_below=1, below_limit=0.005)
    fine = row("hg", None, n_below=1, below_limit=0.002)

    figure = in_april("water.class_met_share", *sample(), coarse)
    assert (figure.state, figure.value, figure.n) == (State.CANNOT_ASSESS, None, 0)
    assert figure.detail["open_samples"] == 1
    assert in_april("water.class_met_share", *sample(), fine).value == 1.0
    broken = in_april("water.class_met_share", *sample({**CLEAN, "bod": 9.0}), coarse)
    assert (broken.state, broken.value) == (State.OK, 0.0)


def test_a_share_beside_samples_that_cannot_be_assessed_is_provisional_and_counts_them():
    coarse = row("hg", None, n_below=1, below_limit=0.005, period=date(2023, 4, 20))
    second = sample(period=date(2023, 4, 20))

    figure = in_april("water.class_met_share", *sample(), *second, coarse)
    assert (figure.state, figure.value, figure.n) == (State.PROVISIONAL, 1.0, 1)
    assert figure.detail["open_samples"] == 1


def test_a_year_of_samples_that_cannot_be_assessed_says_so():
    rows = [*year(CLEAN), *monthly("hg", [None] * 12, n_below=1, below_limit=0.005)]

    figure = figures("water.class_met_share", *rows)["bandung", "2023"]
    assert (figure.state, figure.value) == (State.CANNOT_ASSESS, None)
    too_few = figures("water.class_met_share", *rows[:8])["bandung", "2023"]
    assert too_few.state is State.INSUFFICIENT


@pytest.mark.parametrize(("measured", "value"), [(6.1, 0.0), (5.9, None), (1.9, 1.0)])
def test_a_mean_that_lies_beyond_the_limit_either_way_breaks_it(measured, value):
    # One reading, and one somewhere below 4 mg/L: the mean is more than half the reading.
    partly = row("bod", measured, n_below=1, below_limit=4.0)
    four = sample({"cod": 12.5, "tss": 25.0, "no3_n": 5.0, "tp": 0.1})

    assert in_april("water.class_met_share", *four, partly).value == value


def test_litter_breaks_every_class():
    assert in_april("water.class_met_share", *sample({**CLEAN, "trash": 1.0})).value == 0.0
    assert in_april("water.class_met_share", *sample({**CLEAN, "trash": 0.0})).value == 1.0


def test_shares_over_different_sets_of_parameters_are_provisional():
    second = sample(CLEAN | {"tp": 0.1}, period=date(2023, 4, 20))

    assert in_april("water.class_met_share", *sample(), *second).state is State.PROVISIONAL


def test_the_ika_is_the_mean_of_points():
    bad = sample({**EIGHT, "bod": 9.0}, period=date(2023, 4, 20))

    figure = in_april("water.ika", *sample(EIGHT), *bad)
    assert (figure.value, figure.numerator, figure.denominator) == (60.0, 120.0, 2.0)
    assert (figure.state, figure.method) == (State.OK, "permen-lhk-27-2021/ika@2;cim=8")
    assert figure.detail["parameters"] == sorted(IKA_PARAMETERS)


def test_the_ika_is_judged_by_class_two_whatever_the_station_s_class():
    strict = [r | {"water_class": "I"} for r in sample({**EIGHT, "bod": 2.5})]

    figure = in_april("water.ika", *strict)
    assert figure.value == 70.0
    assert figure.detail["water_classes"] == ["II"]


def test_parameters_outside_the_set_change_no_ika():
    assert in_april("water.ika", *sample({**EIGHT, "hg": 9.0, "oil": 90.0})).value == 70.0


def test_an_incomplete_set_makes_the_ika_provisional():
    seven = {name: value for name, value in EIGHT.items() if name != "fcoli"}

    figure = in_april("water.ika", *sample(seven))
    assert (figure.state, figure.value) == (State.PROVISIONAL, 70.0)
    assert figure.detail["incomplete_samples"] == 1


@pytest.mark.parametrize(("months", "state"), [(8, State.INSUFFICIENT), (9, State.OK)])
def test_a_year_of_the_ika_needs_three_quarters_of_its_months(months, state):
    rows = [r for month in range(1, months + 1) for r in sample(EIGHT, period=date(2023, month, 4))]

    assert figures("water.ika", *rows)["bandung", "2023"].state is state


def test_the_historic_ika_asks_for_class_one_and_the_plain_quotient_of_oxygen():
    assert in_april("water.ika_historic", *sample(EIGHT)).value == 100.0
    # Oxygen of 3 mg/L against 6 is a ratio of 2, corrected 2.505; the mean of all eight 0.93.
    figure = in_april("water.ika_historic", *sample({**EIGHT, "do": 3.0}))
    assert figure.value == 80.0
    assert figure.method == "permen-lhk-p4-2018/ika@2"
    assert in_april("water.ika_historic", *sample({**EIGHT, "do": 0.0})).value == 20.0


def test_the_water_of_a_station_is_good_when_four_fifths_of_its_comparisons_comply():
    # Of 60 comparisons 12 fail: 80.0 %.
    good = year(GROUPS | {"tp": 0.21})
    one_more = [*year(GROUPS | {"tp": 0.21}, station="CPM-02")]
    one_more[0] = row("do", 3.9, station="CPM-02", period=date(2023, 1, 4))

    figure = figures("water.sdg_6_3_2", *good, *one_more)["bandung", "2023"]
    assert (figure.numerator, figure.denominator, figure.value) == (1.0, 2.0, 0.5)
    assert (figure.state, figure.n, figure.expected) == (State.OK, 2, 2.0)
    assert (figure.detail["good"], figure.detail["not_good"]) == (["CPM-01"], ["CPM-02"])
    assert figure.detail["comparisons"] == 120
    assert figure.method == "sdg-6.3.2/good-water-bodies@2"


def test_it_is_a_figure_of_years_alone():
    assert {period for _, period in figures("water.sdg_6_3_2", *year(GROUPS))} == {"2023"}


def test_a_station_without_a_core_group_makes_it_provisional():
    four = {name: value for name, value in GROUPS.items() if name != "ec"}

    figure = figures("water.sdg_6_3_2", *year(four))["bandung", "2023"]
    assert (figure.state, figure.value) == (State.PROVISIONAL, 1.0)
    assert figure.detail["groups"] == ["acidification", "nitrogen", "oxygen", "phosphorus"]


def test_a_station_of_three_core_groups_is_not_assessed():
    three = {name: GROUPS[name] for name in ("do", "ph", "tp")}

    figure = figures("water.sdg_6_3_2", *year(three))["bandung", "2023"]
    assert (figure.state, figure.value, figure.denominator) == (State.INSUFFICIENT, None, None)
    both = figures("water.sdg_6_3_2", *year(three), *year(GROUPS, station="CPM-02"))
    assert (both["bandung", "2023"].denominator, both["bandung", "2023"].value) == (1.0, 1.0)


@pytest.mark.parametrize(("months", "state"), [(8, State.INSUFFICIENT), (9, State.OK)])
def test_the_share_of_good_stations_needs_three_quarters_of_the_months(months, state):
    rows = [r for name, value in GROUPS.items() for r in monthly(name, [value] * months)]

    assert figures("water.sdg_6_3_2", *rows)["bandung", "2023"].state is state


def test_a_target_that_an_operator_sets_is_the_one_compared_with():
    own = STANDARDS.overridden(
        """
        [[limit]]
        standard = "sdg-6.3.2"
        parameter = "ec"
        most = 400
        valid_from = 2021-02-02
        """
    )
    rows = year(GROUPS | {"tp": 0.21})

    figure = figures("water.sdg_6_3_2", *rows, standards=own)["bandung", "2023"]
    assert figure.value == 0.0
    assert figure.method.startswith("sdg-6.3.2/good-water-bodies@2+")


def test_values_that_could_go_either_way_leave_the_station_out_where_they_decide():
    above = [row("tp", None, n_above=1, period=date(2023, m, 4)) for m in range(1, 13)]
    four = {name: value for name, value in GROUPS.items() if name != "tp"}

    assert figures("water.sdg_6_3_2", *year(four), *above)["bandung", "2023"].value == 1.0
    undecided = year(four)
    undecided[0] = row("do", 3.9, period=date(2023, 1, 4))
    figure = figures("water.sdg_6_3_2", *undecided, *above)["bandung", "2023"]
    assert (figure.state, figure.detail["not_assessed"]) == (State.INSUFFICIENT, ["CPM-01"])


@pytest.mark.parametrize(
    "indicator", ["water.class_met_share", "water.ika", "water.ika_historic", "water.sdg_6_3_2"]
)
def test_means_over_months_are_no_samples(indicator):
    rows = [
        r | {"grain": "month", "period": r["period"].replace(day=1)} for r in year(EIGHT | GROUPS)
    ]

    assert figures(indicator, *rows) == {}
    assert figures("water.pollution_index", *rows)["bandung", "2023"].state is State.OK


STATED = """
[[factor]]
standard = "iklh-parts"
subject = "bandung"
quantity = "iku"
value = 90.0
unit = "1"
valid_from = 2023-01-01
source = "City report 2023"

[[factor]]
standard = "iklh-parts"
subject = "bandung"
quantity = "ikl"
value = 30.0
unit = "1"
valid_from = 2023-01-01
source = "City report 2023"
verified = true
"""


def test_the_city_s_index_needs_what_others_measure():
    rows = year(EIGHT)
    standards = STANDARDS.overridden(STATED)

    assert figures("water.iklh", *rows) == {}
    (water,) = (
        figure
        for (_, period), figure in figures("water.ika", *rows, standards=standards).items()
        if period == "2023"
    )
    found = figures("water.iklh", *rows, standards=standards)
    assert set(found) == {("bandung", "2023")}
    figure = found["bandung", "2023"]
    assert figure.value == pytest.approx(0.376 * water.value + 0.405 * 90 + 0.219 * 30)
    assert figure.value == pytest.approx(69.34)
    assert (figure.detail["category"], figure.detail["ika"]) == ("sedang", 70.0)
    assert figure.detail["verified"] == {"iku": False, "ikl": True}
    assert figure.method.startswith("permen-lhk-27-2021/iklh-city@2;cim=8+")
    half = STATED.partition("\n[[factor]]\nstandard")[0] + STATED.partition('"ikl"')[2][:0]
    assert figures("water.iklh", *rows, standards=STANDARDS.overridden(half)) == {}


def test_a_city_s_index_without_a_water_index_is_no_number():
    standards = STANDARDS.overridden(STATED)

    figure = figures("water.iklh", *sample(EIGHT), standards=standards)["bandung", "2023"]
    assert (figure.value, figure.state) == (None, State.INSUFFICIENT)
    assert figure.detail["category"] is None


def test_what_is_asked_of_a_year_is_a_row_that_changes_the_methods_of_what_it_decides():
    own = STANDARDS.overridden(
        '[[factor]]\nstandard = "kembar-completeness"\nsubject = "year"\n'
        'quantity = "least_share"\nvalue = 0.5\nvalid_from = 2023-01-01\n'
    )
    months = [r for parameter, v in CLEAN.items() for r in monthly(parameter, [v] * 6)]

    usual = figures("water.class_met_share", *months)["bandung", "2023"]
    assert usual.state is State.INSUFFICIENT
    found = figures("water.class_met_share", *months, standards=own)["bandung", "2023"]
    assert (found.state, found.value) == (State.OK, 1.0)
    assert found.method.startswith(usual.method + "+")
    index = river(standards=own).indices(days(*months), NO_HOURS)
    methods = dict(index.select("index", "method").unique().iter_rows())
    assert "+" not in methods["pollution_index"]
    assert "+" in methods["storet"]
