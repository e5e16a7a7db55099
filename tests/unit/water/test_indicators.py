from datetime import date

import pytest

from kembar_shared.measurement.vocabulary import Origin, State
from tests.unit.water.rivers import CLEAN, NO_HOURS, days, only, river, row, sample


def pollution_index(frame, **settings):
    return river(**settings).indices(frame, NO_HOURS).filter(index="pollution_index")


def figures(*rows, **settings):
    found = river(**settings).figures(days(*rows))
    return {
        (figure.jurisdiction, figure.period): figure
        for figure in found
        if figure.indicator == "water.pollution_index"
    }


def test_a_sample_has_an_index_and_says_what_it_is_made_from():
    index = only(pollution_index(days(*sample())))

    assert (index["station"], index["period"]) == ("CPM-01", date(2023, 4, 4))
    assert index["value"] == pytest.approx(0.5)
    assert (index["category"], index["state"]) == ("memenuhi_baku_mutu", "ok")
    assert index["parameters"] == ["bod", "cod", "no3_n", "tss"]
    assert index["missing"] == []
    assert index["method"] == "kepmen-lh-115-2003/pollution-index@2"
    assert index["detail"]["water_class"] == "II"
    assert index["detail"]["cim_source"] is None


def test_settings_that_are_not_the_usual_ones_are_another_method():
    method = only(pollution_index(days(*sample()), fixed_saturation_mg_l=7.5, least_parameters=3))[
        "method"
    ]

    assert method == "kepmen-lh-115-2003/pollution-index@2;cim=7.5;least=3"


def test_the_worst_parameter_is_the_critical_one():
    index = only(pollution_index(days(*sample({**CLEAN, "tss": 500.0}))))

    assert (index["critical"], index["category"]) == ("tss", "cemar_ringan")


def test_three_equal_readings_at_the_limit_are_no_more_than_it():
    limits = {"tp": 0.2, "cod": 25.0, "bod": 3.0, "nh3_n": 0.2}
    thrice = [r | {"n": 3, "sum": r["sum"] + r["sum"] + r["sum"]} for r in sample(limits)]

    index = only(pollution_index(days(*thrice)))
    assert (index["value"], index["category"]) == (1.0, "memenuhi_baku_mutu")


def test_the_class_of_the_station_decides_the_limits():
    clean, strict = (
        only(pollution_index(days(*sample(water_class=water_class))))["value"]
        for water_class in ("II", "I")
    )

    assert strict > clean


def test_three_parameters_are_too_few():
    three = {"bod": 1.5, "cod": 12.5, "tss": 25.0}

    index = only(pollution_index(days(*sample(three))))
    assert (index["value"], index["category"], index["state"]) == (None, None, "insufficient")
    assert only(pollution_index(days(*sample(three)), least_parameters=3))["state"] == "ok"


def test_two_days_and_two_stations_are_four_samples():
    rows = [
        *sample(),
        *sample({**CLEAN, "bod": 30.0}, period=date(2023, 4, 5)),
        *sample(station="CPM-02"),
        *sample({**CLEAN, "cod": 250.0}, station="CPM-02", period=date(2023, 4, 5)),
    ]

    index = pollution_index(days(*reversed(rows))).sort("station", "period")
    assert index["critical"].to_list()[1::2] == ["bod", "cod"]
    assert (index["value"] > 1).to_list() == [False, True, False, True]


def test_litter_temperature_and_parameters_without_a_limit_do_not_enter():
    others = {"trash": 1.0, "temp": 25.0, "ec": 400.0, "fe": 9.0, "ecoli": 1e6}

    index = only(pollution_index(days(*sample({**CLEAN, **others}))))
    assert index["parameters"] == ["bod", "cod", "no3_n", "tss"]
    assert index["missing"] == []


def test_oxygen_is_judged_by_the_saturation_at_its_temperature_and_altitude():
    values = {**CLEAN, "do": 6.0, "temp": 25.0}

    index = only(pollution_index(days(*sample(values, altitude_m=700.0))))
    assert "do" in index["parameters"]
    assert index["detail"]["cim_mg_l"] == pytest.approx(7.58, abs=0.005)
    assert index["detail"]["cim_source"] == "computed"


@pytest.mark.parametrize(
    ("values", "altitude_m"),
    [({**CLEAN, "do": 6.0}, 700.0), ({**CLEAN, "do": 6.0, "temp": 25.0}, None)],
)
def test_oxygen_without_temperature_or_altitude_is_left_out_and_said_so(values, altitude_m):
    index = only(pollution_index(days(*sample(values, altitude_m=altitude_m))))

    assert index["value"] == pytest.approx(0.5)
    assert index["missing"] == ["do"]


def test_a_fixed_saturation_needs_neither():
    index = only(pollution_index(days(*sample({**CLEAN, "do": 6.0})), fixed_saturation_mg_l=8.0))

    assert "do" in index["parameters"]
    assert (index["detail"]["cim_mg_l"], index["detail"]["cim_source"]) == (8.0, "fixed")


@pytest.mark.parametrize(
    ("limit", "substituted", "missing"),
    [(0.001, ["hg"], []), (0.002, ["hg"], []), (0.0021, [], ["hg"])],
)
def test_a_value_below_detection_counts_half_unless_the_method_is_too_coarse(
    limit, substituted, missing
):
    index = only(pollution_index(days(*sample(), row("hg", None, below=limit, n_below=1))))

    assert index["detail"]["substituted"] == substituted
    assert index["missing"] == missing
    assert ("hg" in index["parameters"]) == bool(substituted)


def test_half_the_detection_limit_is_what_enters():
    below = dict.fromkeys(CLEAN)
    limits = {"bod": 3.0, "cod": 25.0, "tss": 50.0, "no3_n": 10.0}
    rows = [row(parameter, None, below=limits[parameter]) for parameter in below]

    assert only(pollution_index(days(*rows)))["value"] == pytest.approx(0.5)


@pytest.mark.parametrize(("limit", "known"), [(0.002, True), (0.004, False)])
def test_a_detection_limit_above_the_standard_spoils_the_whole_day(limit, known):
    readings = row("hg", 0.001, n_below=1, below_limit=limit)

    index = only(pollution_index(days(*sample(), readings)))
    assert ("hg" in index["parameters"]) is known
    assert ("hg" in index["missing"]) is not known


def test_a_ph_below_detection_and_a_count_above_the_method_judge_nothing():
    index = only(
        pollution_index(days(*sample(), row("ph", None, below=2.0), row("fcoli", None, n_above=1)))
    )

    assert index["missing"] == ["fcoli", "ph"]


def test_an_index_without_its_likely_worst_parameter_is_none():
    index = only(pollution_index(days(*sample(), row("fcoli", None, n_above=1))))

    assert (index["value"], index["category"], index["critical"]) == (None, None, None)
    assert (index["state"], index["missing"]) == ("cannot_assess", ["fcoli"])


def test_too_few_parameters_are_too_few_with_one_above_its_method_too():
    three = {"bod": 1.5, "cod": 12.5, "tss": 25.0}

    index = only(pollution_index(days(*sample(three), row("fcoli", None, n_above=1))))
    assert (index["value"], index["state"]) == (None, "insufficient")


def test_oxygen_above_its_method_is_missing_and_takes_no_index_away():
    index = only(pollution_index(days(*sample(), row("do", None, n_above=1))))

    assert (index["missing"], index["state"]) == (["do"], "ok")
    assert index["value"] == pytest.approx(0.5)


def test_the_mean_index_leaves_out_a_sample_without_its_likely_worst_parameter():
    later = date(2023, 4, 18)
    above = [*sample(period=later), row("fcoli", None, n_above=1, period=later)]

    assert figures(*sample(), *above)["bandung", "2023-04"].n == 1


def test_a_sample_older_than_the_regulation_is_judged_and_marked():
    old = only(pollution_index(days(*sample(period=date(2021, 2, 1)))))
    new = only(pollution_index(days(*sample(period=date(2021, 2, 2)))))

    assert (old["value"], old["detail"]["retrospective"]) == (new["value"], True)
    assert new["detail"]["retrospective"] is False


def test_a_month_is_the_mean_of_its_samples():
    rows = [*sample(), *sample(dict.fromkeys(CLEAN, 0.0), period=date(2023, 4, 20))]

    figure = figures(*rows)["bandung", "2023-04"]
    assert figure.value == pytest.approx(0.25)
    assert (figure.numerator, figure.denominator) == (pytest.approx(0.5), 2.0)
    assert (figure.n, figure.expected, figure.coverage) == (2, 1.0, 1.0)
    assert (figure.state, figure.origin, figure.stations) == (State.OK, Origin.REAL, ("CPM-01",))
    assert figure.detail["parameters"] == ["bod", "cod", "no3_n", "tss"]
    assert figure.detail["parameter_sets"] == 1


def test_a_month_in_which_a_station_of_two_is_silent_is_insufficient():
    rows = [*sample(), *sample(station="CPM-02"), *sample(period=date(2023, 5, 4))]

    found = figures(*rows)
    assert found["bandung", "2023-04"].state is State.OK
    may = found["bandung", "2023-05"]
    assert (may.state, may.value, may.numerator, may.denominator) == (
        State.INSUFFICIENT,
        None,
        None,
        None,
    )
    assert (may.n, may.expected, may.coverage) == (1, 2.0, 0.5)


def test_figures_come_in_the_same_order_every_time():
    rows = [
        r
        for jurisdiction in ("kawasaki", "bandung")
        for month in range(12, 0, -1)
        for r in sample(
            period=date(2023, month, 4), jurisdiction=jurisdiction, station=jurisdiction
        )
    ]

    months = [key for key in figures(*rows) if len(key[1]) == 7]
    assert months == sorted(months)
    assert len(months) == 24


def test_a_station_that_never_measures_enough_owes_nothing():
    rows = [*sample(), row("no3_n", 5.0, station="CPM-03")]

    figure = figures(*rows)["bandung", "2023-04"]
    assert (figure.state, figure.stations) == (State.OK, ("CPM-01",))


def test_where_no_station_measures_enough_the_figure_is_insufficient():
    figure = figures(row("no3_n", 5.0))["bandung", "2023-04"]

    assert (figure.state, figure.value, figure.n) == (State.INSUFFICIENT, None, 0)


def test_a_figure_is_as_real_as_its_least_real_station():
    rows = [*sample(), *sample(station="CPM-02", origin="stand-in")]

    assert figures(*rows)["bandung", "2023-04"].origin is Origin.STAND_IN


@pytest.mark.parametrize(("months", "state"), [(8, State.INSUFFICIENT), (9, State.OK)])
def test_a_year_needs_three_quarters_of_its_months(months, state):
    rows = [r for month in range(1, months + 1) for r in sample(period=date(2023, month, 4))]

    figure = figures(*rows)["bandung", "2023"]
    assert (figure.state, figure.n, figure.expected) == (state, months, 12.0)


def test_a_station_with_one_date_does_not_count_in_the_year():
    rows = [r for month in range(1, 13) for r in sample(period=date(2023, month, 4))]
    once = sample(dict.fromkeys(CLEAN, 0.0), station="CPM-02", period=date(2023, 1, 4))

    figure = figures(*rows, *once)["bandung", "2023"]
    assert (figure.n, figure.coverage, figure.state) == (12, 0.5, State.INSUFFICIENT)


@pytest.mark.parametrize(("dates", "state"), [(1, State.INSUFFICIENT), (2, State.OK)])
def test_a_reported_yearly_mean_needs_two_dates_too(dates, state):
    values = {parameter: value * dates for parameter, value in CLEAN.items()}
    rows = sample(values, grain="year", period=date(2023, 1, 1), n=dates)

    found = figures(*rows)
    assert set(found) == {("bandung", "2023")}
    assert found["bandung", "2023"].state is state


def test_a_station_outside_every_jurisdiction_has_an_index_and_no_figure():
    rows = sample(jurisdiction=None)

    assert pollution_index(days(*rows)).height == 1
    assert figures(*rows) == {}


def test_nothing_measured_is_nothing_said():
    assert figures() == {}
    assert pollution_index(days()).height == 0
    assert figures(row("bod", None)) == {}


def test_a_mean_over_different_sets_of_parameters_is_provisional():
    more = CLEAN | {"tp": 0.1}
    first, second = sample(), sample(more, period=date(2023, 4, 18))

    same = figures(*first, *sample(period=date(2023, 4, 18)))["bandung", "2023-04"]
    assert (same.state, same.detail["parameter_sets"]) == (State.OK, 1)
    mixed = figures(*first, *second)["bandung", "2023-04"]
    assert (mixed.state, mixed.detail["parameter_sets"]) == (State.PROVISIONAL, 2)
    assert mixed.value == pytest.approx(0.5)


def test_too_few_samples_of_different_sets_stay_insufficient():
    rows = [*sample(), *sample(CLEAN | {"tp": 0.1}, period=date(2023, 5, 4))]

    year = figures(*rows)["bandung", "2023"]
    assert (year.state, year.value, year.detail["parameter_sets"]) == (
        State.INSUFFICIENT,
        None,
        2,
    )


def test_a_parameter_that_was_left_out_was_not_substituted():
    oxygen = row("do", None, below=0.5)

    index = only(pollution_index(days(*sample(), oxygen)))
    assert (index["missing"], index["detail"]["substituted"]) == (["do"], [])
    here = {"altitude_m": 700.0}
    with_temperature = [*sample(**here), oxygen | here, row("temp", 25.0, **here)]
    judged = only(pollution_index(days(*with_temperature)))
    assert (judged["missing"], judged["detail"]["substituted"]) == ([], ["do"])
