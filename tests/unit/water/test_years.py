"""Index values of whole years: STORET and Japan's river class."""

import math
from datetime import date

import polars as pl
import pytest

from kembar_shared.measurement.indicators import INDEX_SCHEMA
from tests.unit.water.rivers import (
    CLEAN,
    NO_HOURS,
    STANDARDS,
    days,
    monthly,
    only,
    river,
    row,
    sample,
)

# Three dates whose maxima, minima and means are those of the worked example.
EXAMPLE = {
    "tss": [70.0, 30.0, 44.0],
    "bod": [6.0, 2.0, 2.5],
    "cod": [20.0, 10.0, 15.0],
    "do": [3.2, 6.5, 4.7],
    "fcoli": [9000.0, 1200.0, 2100.0],
}
REACH = {
    "ph": [7.0] * 12,
    "bod": [float(month) / 4.0 for month in range(1, 13)],
    "tss": [20.0] * 12,
    "do": [8.0] * 12,
    "ecoli": [15.0] * 12,
}


# What one parameter scores can be seen where there is no other.
ALONE = STANDARDS.overridden(
    """
    [[factor]]
    standard = "kembar-completeness"
    subject = "year"
    quantity = "least_parameters"
    value = 1
    valid_from = 1900-01-01
    """
)


def of(index, *rows, **settings):
    judged = river(**({"standards": ALONE} | settings))
    return judged.indices(days(*rows), NO_HOURS).filter(index=index)


def measured(series, **changes):
    return [
        r for parameter, values in series.items() for r in monthly(parameter, values, **changes)
    ]


def score(*rows, **settings):
    return only(of("storet", *rows, **settings))["value"]


def test_the_worked_example_of_storet():
    index = only(of("storet", *measured(EXAMPLE), standards=STANDARDS))

    assert (index["value"], index["category"], index["state"]) == (-26, "cemar_sedang", "ok")
    assert index["detail"]["storet_class"] == "C"
    assert (index["grain"], index["period"]) == ("year", date(2023, 1, 1))
    assert index["critical"] == "fcoli"
    assert index["detail"]["n"] == 3
    by_parameter = {each["parameter"]: each for each in index["detail"]["statistics"]}
    assert {parameter: each["score"] for parameter, each in by_parameter.items()} == {
        "tss": -1, "bod": -8, "cod": 0, "do": -2, "fcoli": -15,
    }  # fmt: skip
    assert by_parameter["do"]["mean"] == pytest.approx(4.8)
    assert index["method"] == "kepmen-lh-115-2003/storet@3"


@pytest.mark.parametrize("count", [3, 12])
def test_equal_values_at_the_limit_score_nothing(count):
    index = only(of("storet", *measured({"tp": [0.2] * count})))

    assert (index["value"], index["category"]) == (0, "memenuhi_baku_mutu")
    thrice = [r | {"n": 3, "sum": 0.2 + 0.2 + 0.2} for r in measured({"tp": [0.2] * count})]
    assert score(*thrice) == 0
    assert score(*measured({"tp": [0.2 + 1e-9] * count})) < 0


def test_clean_water_scores_nothing():
    index = only(of("storet", *measured({"bod": [1.0, 2.0]})))

    assert (index["value"], index["category"], index["critical"]) == (0, "memenuhi_baku_mutu", None)


@pytest.mark.parametrize("bod", [1.0, 9.0])
@pytest.mark.parametrize("count", [3, 4])
def test_a_score_needs_four_parameters_whether_they_keep_their_limits_or_not(count, bod):
    series = {"bod": [bod] * 2, "cod": [1.0] * 2, "tss": [1.0] * 2}
    series |= {"tp": [0.1] * 2} if count == 4 else {}

    index = only(of("storet", *measured(series), standards=STANDARDS))
    of_enough = (0.0, "ok") if bod == 1.0 else (-10.0, "ok")
    assert (index["value"], index["state"]) == (of_enough if count == 4 else (None, "insufficient"))
    assert len(index["parameters"]) == count
    assert (index["category"] is None) is (count == 3)
    assert index["detail"]["least_parameters"] == 4.0


def test_how_many_parameters_a_score_needs_is_a_row_that_changes_its_method():
    index = only(of("storet", *measured({"bod": [1.0] * 2})))

    assert (index["value"], index["state"]) == (0.0, "ok")
    assert index["method"].startswith("kepmen-lh-115-2003/storet@3+")


def test_a_parameter_above_the_method_is_one_of_the_four():
    above = row("fcoli", None, n_above=1, period=date(2023, 3, 4))

    three = measured({"bod": [1.0] * 2, "cod": [1.0] * 2, "tss": [1.0] * 2})
    assert only(of("storet", *three, above, standards=STANDARDS))["state"] == "cannot_assess"
    two = [r for r in three if r["parameter"] != "tss"]
    assert only(of("storet", *two, above, standards=STANDARDS))["state"] == "insufficient"


def test_one_date_makes_no_score():
    index = only(of("storet", *measured({"bod": [30.0], "cod": [30.0]})))

    assert (index["value"], index["category"], index["state"]) == (None, None, "insufficient")


@pytest.mark.parametrize(("count", "expected"), [(9, -2 - 2 - 6), (10, -4 - 4 - 12)])
def test_ten_samples_are_many(count, expected):
    assert score(*measured({"bod": [9.0] * count})) == expected


@pytest.mark.parametrize(("count", "expected"), [(9, -10), (10, -20)])
def test_parameters_may_be_counted_instead(count, expected):
    others = ["cod", "no3_n", "tp", "cl", "so4", "f", "b", "hg", "as"][: count - 1]
    rows = measured({"bod": [9.0] * 2, **{name: [0.0] * 2 for name in others}})

    assert score(*rows, storet_count_basis="parameters") == expected
    assert score(*rows) == -10


def test_what_is_counted_is_part_of_the_method():
    methods = [
        only(of("storet", *measured(EXAMPLE), storet_count_basis=basis, standards=STANDARDS))[
            "method"
        ]
        for basis in ("samples", "parameters")
    ]

    assert methods == [
        "kepmen-lh-115-2003/storet@3",
        "kepmen-lh-115-2003/storet@3;count=parameters",
    ]


def test_the_class_of_the_station_decides():
    rows = {"bod": [2.5, 2.5]}

    assert score(*measured(rows, water_class="I")) == -10
    assert score(*measured(rows, water_class="II")) == 0


def test_the_mean_of_a_censored_series_is_not_that_of_halves():
    series = {"bod": [4.0, 4.0, 4.0, "3", "3", "0.1"]}

    index = only(of("storet", *measured(series)))
    (statistics,) = index["detail"]["statistics"]
    assert statistics["mean_estimator"] == "kaplan_meier"
    assert (statistics["n"], statistics["n_below"]) == (6, 3)
    halved = (4 * 3 + 1.5 * 2 + 0.05) / 6
    assert statistics["mean"] != pytest.approx(halved)


def test_more_than_four_fifths_below_detection_have_no_mean_but_may_have_a_score():
    few = only(of("storet", *measured({"bod": [2.0, "1", "1", "1", "1", "1"]})))
    (statistics,) = few["detail"]["statistics"]
    assert (statistics["mean"], statistics["mean_estimator"]) == (None, "none")
    assert few["value"] == 0

    # The mean lies somewhere between 2 and 4.5: on both sides of the limit of 3.
    open_ = only(of("storet", *measured({"bod": [12.0, *["3"] * 5], "cod": [1.0] * 6})))
    assert (open_["parameters"], open_["missing"]) == (["cod"], ["bod"])


def test_a_detection_limit_above_the_standard_leaves_the_parameter_out():
    index = only(of("storet", *measured({"hg": ["0.01", "0.01"], "cod": [1.0, 1.0]})))

    assert (index["parameters"], index["missing"], index["value"]) == (["cod"], ["hg"], 0)


def test_clean_days_say_nothing_of_a_day_with_a_detection_limit_above_the_standard():
    series = {"hg": [0.001, 0.001, "0.01"], "cod": [1.0] * 3}

    index = only(of("storet", *measured(series)))
    assert (index["parameters"], index["missing"]) == (["cod"], ["hg"])
    assert (index["value"], index["state"]) == (0, "ok")
    at_standard = only(of("storet", *measured(series | {"hg": [0.001, 0.001, "0.002"]})))
    assert at_standard["missing"] == []


def test_a_maximum_that_violates_counts_beside_a_coarse_detection_limit():
    series = {"hg": [0.003, 0.003, 0.003, "0.0025"], "cod": [1.0] * 4}

    index = only(of("storet", *measured(series)))
    assert (index["missing"], index["critical"]) == ([], "hg")
    assert index["value"] < 0


def test_of_oxygen_the_minimum_is_what_violates():
    series = {"do": [3.0, 8.0, 8.0, "5"], "cod": [1.0] * 4}

    assert only(of("storet", *measured(series)))["critical"] == "do"
    kept = only(of("storet", *measured(series | {"do": [5.0, 8.0, 8.0, "5"]})))
    assert (kept["missing"], kept["value"]) == (["do"], 0)


def test_a_value_above_the_method_leaves_no_score_but_that_of_the_worst_class():
    above = row("fcoli", None, n_above=1, period=date(2023, 3, 4))
    known = {"fcoli": [10.0] * 2, "cod": [1.0] * 2}

    index = only(of("storet", *measured(known), above))
    assert (index["parameters"], index["missing"]) == (["cod"], ["fcoli"])
    assert (index["value"], index["category"], index["critical"]) == (None, None, None)
    assert (index["state"], index["detail"]["storet_class"]) == ("cannot_assess", None)

    three = measured(known | dict.fromkeys(["bod", "tp", "nh3_n"], [99.0] * 2))
    still = only(of("storet", *three, above))
    assert (still["value"], still["state"]) == (None, "cannot_assess")
    four = measured(known | dict.fromkeys(["bod", "tp", "nh3_n", "hg"], [99.0] * 2))
    worst = only(of("storet", *four, above))
    assert (worst["value"], worst["category"], worst["state"]) == (-40, "cemar_berat", "ok")
    assert worst["missing"] == ["fcoli"]


def test_only_values_above_the_method_cannot_be_assessed():
    above = [row("fcoli", None, n_above=1, period=date(2023, month, 4)) for month in (3, 4)]

    assert only(of("storet", *above))["state"] == "cannot_assess"
    assert only(of("storet", above[0]))["state"] == "insufficient"


def test_oxygen_above_the_method_takes_no_score_away():
    above = row("do", None, n_above=1, period=date(2023, 3, 4))

    index = only(of("storet", *measured({"do": [6.0, 7.0], "cod": [1.0, 1.0]}), above))
    assert (index["value"], index["state"]) == (0, "ok")


def test_litter_and_monthly_means_are_not_scored():
    litter = measured({"trash": [1.0, 1.0], "cod": [1.0, 1.0]})
    assert only(of("storet", *litter))["parameters"] == ["cod"]

    means = [r | {"grain": "month"} for r in measured({"bod": [9.0, 9.0]})]
    assert of("storet", *means).height == 0


def test_years_and_stations_are_scored_apart():
    rows = [
        *measured({"bod": [9.0] * 2}),
        *measured({"bod": [1.0] * 2}, year=2024),
        *measured({"bod": [1.0] * 2}, station="CPM-02"),
    ]

    found = of("storet", *rows).sort("station", "period")["value"].to_list()
    assert found == [-10, 0, 0]


def test_worse_water_never_scores_better():
    scores = [score(*measured(EXAMPLE | {"cod": [20.0, 10.0, more]})) for more in (15.0, 26.0, 90)]

    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3


def test_an_operator_s_score_gives_another_method():
    changed = ALONE.overridden(
        """
        [[factor]]
        standard = "kepmen-lh-115-2003"
        subject = "storet_chemical_few"
        quantity = "mean"
        value = -5
        valid_from = 2003-07-10
        """
    )

    index = only(of("storet", *measured({"bod": [9.0] * 2}), standards=changed))
    assert index["value"] == -9
    assert index["method"].startswith("kepmen-lh-115-2003/storet@3+")


def reach(**changes):
    return only(of("jp_river_class", *measured(REACH | changes)))


def test_a_reach_has_the_class_of_its_worst_item():
    # The 75 % value of BOD is the 9th of 12: 2.25 mg/L.
    index = reach()

    assert (index["category"], index["value"], index["critical"]) == ("B", 3.0, "bod")
    assert index["state"] == "ok"
    assert index["parameters"] == ["bod", "do", "ecoli", "ph", "tss"]
    assert reach(bod=[1.0] * 9 + [50.0] * 3)["category"] == "AA"
    assert reach(bod=[1.0] * 8 + [50.0] * 4)["category"] == "worse_than_E"


def test_three_equal_readings_at_a_limit_of_japan_are_at_the_limit():
    at_limit = [r | {"n": 3, "sum": 0.1 + 0.1 + 0.1} for r in monthly("bod", [0.1] * 12)]
    changed = STANDARDS.overridden(
        """
        [[limit]]
        standard = "jp-eqs-river"
        parameter = "bod"
        class = "AA"
        most = 0.1
        valid_from = 2023-01-01
        """
    )

    rest = measured({name: values for name, values in REACH.items() if name != "bod"})
    index = only(of("jp_river_class", *rest, *at_limit, standards=changed))
    assert index["category"] == "AA"


def test_water_unfit_for_farms_has_its_class_all_the_same():
    assert reach(bod=[0.5] * 12, ph=[8.0] * 12)["category"] == "AA"


def test_e_coli_is_judged_by_its_90_percent_value():
    clean = {"bod": [0.5] * 12}

    assert reach(ecoli=[15.0] * 11 + [5000.0], **clean)["category"] == "AA"
    assert reach(ecoli=[15.0] * 10 + [500.0] * 2, **clean)["category"] == "B"


@pytest.mark.parametrize(("months", "state"), [(8, "insufficient"), (9, "ok")])
def test_an_item_needs_three_quarters_of_the_months(months, state):
    index = reach(tss=[20.0] * months)

    assert index["state"] == state
    assert ("tss" in index["missing"]) is (state == "insufficient")


def test_faecal_coliform_is_no_e_coli():
    rows = {name: values for name, values in REACH.items() if name != "ecoli"}

    index = only(of("jp_river_class", *measured(rows | {"fcoli": [15.0] * 12, "bod": [0.5] * 12})))
    assert (index["state"], index["missing"]) == ("insufficient", ["ecoli"])


def test_before_e_coli_there_was_total_coliform():
    rows = {name: values for name, values in REACH.items() if name != "ecoli"}
    old = measured(rows | {"tcoli": [900.0] * 12}, year=2021)

    index = only(of("jp_river_class", *old))
    assert (index["category"], index["parameters"][-2:]) == ("B", ["tcoli", "tss"])


def test_values_below_detection_may_leave_the_class_open():
    assert reach(bod=["0.5"] * 12)["category"] == "AA"
    open_ = reach(bod=["1.5"] * 12)
    assert (open_["state"], open_["value"]) == ("cannot_assess", None)


def test_every_row_has_the_schema_and_keys_are_unique():
    rows = [*measured(EXAMPLE), *measured(REACH, station="CPM-02"), *sample(station="CPM-03")]

    found = river().indices(days(*rows), NO_HOURS)
    assert found.schema == INDEX_SCHEMA
    assert found.select("station", "grain", "period", "index").is_unique().all()
    assert not found["value"].is_nan().any()
    assert set(found["index"]) == {"pollution_index", "storet", "jp_river_class"}


def test_a_sample_of_a_month_keeps_its_grain():
    rows = [r | {"grain": "month", "period": date(2023, 4, 1)} for r in sample(CLEAN)]

    index = only(of("pollution_index", *rows))
    assert (index["grain"], index["period"], index["unit"]) == ("month", date(2023, 4, 1), "1")
    assert index["detail"]["grain"] == "month"
    assert math.isclose(index["value"], 0.5)


def test_the_order_of_rows_changes_nothing():
    rows = [*measured(EXAMPLE), *measured(REACH, station="CPM-02")]
    keys = ["station", "index", "period"]

    forward, backward = (
        river().indices(days(*order), NO_HOURS).sort(keys) for order in (rows, rows[::-1])
    )
    assert forward.equals(backward)
    assert isinstance(forward, pl.DataFrame)
