"""Years of stations and the limits they are judged by."""

from datetime import date

import polars as pl
import pytest

from kembar_air import catalogue, standards
from kembar_air.indicators.air import Air
from kembar_air.verdicts import Verdicts
from kembar_shared.measurement.catalogue import fold
from kembar_shared.measurement.indicators import INDEX_SCHEMA, VERDICT_SCHEMA
from kembar_shared.measurement.standards import StandardsUnfit
from tests.unit.air.tables import day, days, hours, year

ROWS = standards.build()
YEAR = year(2023)
PPM = {
    code: mass * 1000.0 / 24.465 for code, mass in catalogue.MOLAR_MASS_G.items()
}  # µg/m³ of 1 ppm


def series(parameter, values, of=2023, **changes):
    return [
        day(parameter, each, value, **changes)
        for each, value in zip(year(of), values, strict=False)
        if value is not None
    ]


def maxima(index, values, of=2023, states=None, station="BDG-AIR-01"):
    return [
        {
            "station": station,
            "grain": "day",
            "period": each,
            "index": index,
            "value": value,
            "unit": "µg/m³",
            "state": states[n] if states else "ok",
            "method": "",
            "parameters": [],
            "missing": [],
            "detail": "{}",
        }
        for n, (each, value) in enumerate(zip(year(of), values, strict=False))
    ]


def judged(day_rows, index_rows=(), rows=ROWS):
    indices = pl.DataFrame(list(index_rows), schema=INDEX_SCHEMA)
    means = Air(standards=rows).indices(days(day_rows), hours([]))
    frame = Verdicts(rows).judge(days(day_rows), pl.concat([indices, means]))
    assert frame.schema == VERDICT_SCHEMA
    return frame


def verdict(frame, standard, averaging, evaluation, grade="", **more):
    found = frame.filter(
        standard=standard, averaging=averaging, evaluation=evaluation, **{"class": grade}, **more
    )
    assert found.height == 1
    return found.row(0, named=True)


def test_a_row_says_what_it_was_made_of():
    row = verdict(judged(series("pm25", [20.0] * 365)), "pp-22-2021-vii", "P1Y", "mean")

    assert (row["place"], row["stations"], row["period"]) == ("BDG-AIR-01", ["BDG-AIR-01"], "2023")
    assert (row["value"], row["most"], row["limit_unit"]) == (20.0, 15.0, "µg/m³")
    assert (row["verdict"], row["state"], row["reason"]) == ("not_met", "ok", None)
    assert (row["n"], row["expected"], row["coverage"]) == (365, 365.0, 1.0)
    assert (row["retrospective"], row["verified"]) == (False, False)
    assert row["unverified_parts"] == ["completeness"]
    assert row["method"] == "pp-22-2021-vii/mean@4"


SEEN = "".join(
    f"""
    [[factor]]
    standard = "{standard}"
    subject = "{subject}"
    quantity = "{quantity}"
    value = {value}
    valid_from = {since}
    source = "Text of the law"
    verified = true
    """
    for standard, subject, quantity, value, since in (
        ("kembar-completeness", "year", "least_share", 0.75, "1900-01-01"),
        ("kembar-completeness", "half_year", "least_share", 0.75, "1900-01-01"),
        ("kembar-completeness", "day", "least_share", 0.75, "1900-01-01"),
        ("kembar", "mean_24h", "least_hours", 18.0, "1900-01-01"),
        ("kembar", "season", "least_share", 0.75, "1900-01-01"),
        ("jp-eqs-air", "day", "least_hours", 20.0, "1973-05-08"),
        ("jp-eqs-air", "pm25", "least_days", 250.0, "1973-05-08"),
    )
)


@pytest.mark.parametrize(
    ("limit", "usual", "seen"),
    [
        (("pm25", "pp-22-2021-vii", "P1Y", "mean"), ["completeness"], []),
        (("pm25", "jp-eqs-air", "PT24H", "p98"), ["completeness", "rank"], ["rank"]),
        (("pm25", "jp-eqs-air", "P1Y", "mean"), ["completeness"], []),
        (("so2", "jp-eqs-air", "PT24H", "exclusion_2"), ["completeness"], []),
        (("so2", "jp-eqs-air", "PT1H", "each"), ["completeness"], []),
        (("pm25", "who-2021", "PT24H", "p99", "AQG"), ["completeness", "rank"], ["rank"]),
        (("o3", "who-2021", "P6M", "season", "AQG"), ["completeness"], []),
        (("so2", "pp-22-2021-vii", "PT1H", "each"), ["limit", "completeness"], ["limit"]),
    ],
)
def test_a_verdict_is_verified_where_each_part_of_it_was_seen(limit, usual, seen):
    parameter, *of = limit
    for rows, parts in ((ROWS, usual), (ROWS.overridden(SEEN), seen)):
        row = verdict(judged(series(parameter, [1.0] * 365), rows=rows), *of)
        assert (row["unverified_parts"], row["verified"]) == (parts, not parts)


def test_a_value_beyond_a_limit_rests_on_no_rule_of_the_year():
    hours = maxima("max_1h:so2", [2.619 * 200.0] + [1.0] * 364)
    frame = judged(series("so2", [1.0] * 365), hours)

    broken = verdict(frame, "jp-eqs-air", "PT1H", "each")
    assert (broken["verdict"], broken["verified"]) == ("not_met", True)


def test_every_limit_of_what_was_measured_judges_once():
    frame = judged(series("pm25", [10.0] * 365) + series("tsp", [1.0]))
    expected = [
        row for row in ROWS.limits
        if row.parameter in {"pm25", "tsp"} and row.evaluation != "breakpoint"
    ]  # fmt: skip

    assert frame.height == len(expected) == 15
    keys = ["place", "parameter", "period", "standard", "class", "averaging", "evaluation"]
    assert not frame.select(keys).is_duplicated().any()


def test_a_limit_met_exactly_is_met():
    frame = judged(series("pm25", [15.0] * 365))

    assert verdict(frame, "pp-22-2021-vii", "P1Y", "mean")["verdict"] == "met"
    assert verdict(frame, "who-2021", "PT24H", "p99", "AQG")["verdict"] == "met"
    over = judged(series("pm25", [15.000001] * 365))
    assert verdict(over, "pp-22-2021-vii", "P1Y", "mean")["verdict"] == "not_met"


@pytest.mark.parametrize("parameter", ["so2", "no2", "co", "ox"])
def test_a_limit_in_ppm_met_exactly_is_met(parameter):
    ppm = {"so2": 0.04, "no2": 0.06, "co": 10.0, "ox": 0.06}[parameter]
    mass = round(ppm * PPM[parameter], 6)
    above = round((ppm + 0.00001) * PPM[parameter], 6)
    for value, expected in ((mass, "met"), (above, "not_met")):
        frame = judged(series(parameter, [value] * 365), maxima("max_1h_daytime:ox", [value] * 365))
        japan = frame.filter(standard="jp-eqs-air", limit_unit="ppm").filter(
            ~pl.col("averaging").is_in(["PT1H", "PT8H"]) | (pl.col("parameter") == "ox")
        )
        assert set(japan["verdict"]) == {expected}
    assert japan["value"][0] == pytest.approx(ppm + 0.00001, abs=1e-8)


@pytest.mark.parametrize("unit", ["ppb@25C", "ppb@20C", "ppb@0C"])
@pytest.mark.parametrize(("ppb", "japan", "indonesia"), [
    (28.5, "met", "met"), (28.7, "met", "not_met"),
    (40.0, "met", "not_met"), (40.5, "not_met", "not_met"),
])  # fmt: skip
def test_a_ratio_is_judged_alike_whatever_temperature_was_named(unit, ppb, japan, indonesia):
    conversion = catalogue.build().unit_spellings["so2", fold(unit)]
    frame = judged(series("so2", [ppb * conversion.times / conversion.over] * 365))

    row = verdict(frame, "jp-eqs-air", "PT24H", "each")
    assert (row["verdict"], row["value"]) == (japan, pytest.approx(ppb / 1000.0, abs=1e-8))
    assert verdict(frame, "jp-eqs-air", "PT24H", "exclusion_2")["verdict"] == japan
    row = verdict(frame, "pp-22-2021-vii", "PT24H", "each")
    assert (row["verdict"], row["value"]) == (
        indonesia, pytest.approx(ppb * 64.066 / 24.465, abs=1e-5)
    )  # fmt: skip


@pytest.mark.parametrize(("stored", "expected"), [(73.74, "met"), (73.75, "not_met")])
def test_a_limit_by_mass_at_20_degrees_is_compared_there(stored, expected):
    own = ROWS.overridden(
        '[[limit]]\nstandard = "pp-22-2021-vii"\nparameter = "so2"\naveraging = "PT24H"\n'
        "ref_temperature_c = 20.0\nvalid_from = 2021-02-02\n"
    )  # 75 µg/m³ at 20 °C are 73.743 at 25 °C.
    row = verdict(
        judged(series("so2", [stored] * 365), rows=own), "pp-22-2021-vii", "PT24H", "each"
    )

    assert row["verdict"] == expected
    assert row["value"] == pytest.approx(stored * 24.465 / 24.055, abs=1e-8)


def test_one_day_above_breaks_a_rule_for_each_however_little_was_measured():
    frame = judged(series("pm10", [75.1, 20.0]))

    row = verdict(frame, "pp-22-2021-vii", "PT24H", "each")
    assert (row["verdict"], row["state"], row["exceeded"]) == ("not_met", "ok", 1)
    assert (row["exceeded_on"], row["value"]) == (["2023-01-01"], 75.1)
    good = verdict(judged(series("pm10", [75.0, 20.0])), "pp-22-2021-vii", "PT24H", "each")
    assert (good["verdict"], good["state"], good["reason"]) == (
        None, "insufficient", "too_few_days"
    )  # fmt: skip
    assert good["value"] is None


def test_a_day_with_too_few_hours_is_no_day():
    rows = [*series("pm10", [10.0] * 364), day("pm10", YEAR[364], 500.0, n=17)]

    row = verdict(judged(rows), "pp-22-2021-vii", "PT24H", "each")
    assert (row["verdict"], row["n"]) == ("met", 364)


@pytest.mark.parametrize(("above", "expected"), [(3, "met"), (4, "not_met")])
def test_who_allows_three_days_a_year(above, expected):
    values = [40.0] * above + [10.0] * (365 - above)

    row = verdict(judged(series("pm25", values)), "who-2021", "PT24H", "p99", "IT-3")
    assert (row["verdict"], row["exceeded"]) == (expected, above)
    assert row["value"] == (10.0 if expected == "met" else 40.0)


@pytest.mark.parametrize(("above", "expected"), [(7, "met"), (8, "not_met")])
def test_japan_excludes_two_percent_of_days(above, expected):
    values = [20.0] * 365
    for n in range(above):
        values[2 * n] = 0.041 * PPM["so2"]

    row = verdict(judged(series("so2", values)), "jp-eqs-air", "PT24H", "exclusion_2")
    assert row["verdict"] == expected
    assert len(row["exceeded_on"]) == above


def test_japan_allows_no_two_days_in_a_row():
    values = [20.0] * 365
    values[10] = values[11] = 0.041 * PPM["so2"]

    row = verdict(judged(series("so2", values)), "jp-eqs-air", "PT24H", "exclusion_2")
    assert (row["verdict"], row["exceeded_on"]) == ("not_met", ["2023-01-11", "2023-01-12"])
    assert row["value"] < 0.04


@pytest.mark.parametrize(("above", "expected"), [(7, "met"), (8, "not_met")])
def test_japans_98_percent_value(above, expected):
    values = [36.0] * above + [10.0] * (365 - above)

    row = verdict(judged(series("pm25", values)), "jp-eqs-air", "PT24H", "p98")
    assert row["verdict"] == expected


@pytest.mark.parametrize(
    ("rows", "evaluation", "state", "reason"),
    [
        (series("pm25", [10.0] * 250), "p98", "ok", None),
        (series("pm25", [10.0] * 249), "p98", "insufficient", "too_few_days"),
        (series("pm25", [10.0] * 365, n=20), "p98", "ok", None),
        (series("pm25", [10.0] * 365, n=19), "p98", "insufficient", "too_few_days"),
        (series("spm", [10.0] * 250), "exclusion_2", "ok", None),
        (series("spm", [10.0] * 249), "exclusion_2", "insufficient", "too_few_hours"),
        (series("spm", [10.0] * 300, n=20), "exclusion_2", "ok", None),
        (series("spm", [10.0] * 299, n=20), "exclusion_2", "insufficient", "too_few_hours"),
        (series("spm", [10.0] * 365, n=19), "exclusion_2", "insufficient", "too_few_hours"),
    ],
)
def test_japan_asks_for_20_hours_250_days_and_6000_hours(rows, evaluation, state, reason):
    row = verdict(judged(rows), "jp-eqs-air", "PT24H", evaluation)

    assert (row["state"], row["reason"]) == (state, reason)
    assert (row["verdict"] is None) == (state != "ok")


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [
        (range(120, 166), None),  # 46 of the dry season's 184 days
        (range(120, 167), "too_few_days_of_a_half_year"),
        ([*range(45)], None),  # 45 of the wet season's 181
        ([*range(46)], "too_few_days_of_a_half_year"),
        ([*range(45), *range(120, 166)], None),  # 91 of all 365
        ([*range(45), *range(120, 167)], "too_few_days"),
    ],
)
def test_a_mean_needs_three_quarters_of_the_year_and_of_each_half(left_out, reason):
    values = [None if n in set(left_out) else 10.0 for n in range(365)]

    row = verdict(judged(series("pm10", values)), "who-2021", "P1Y", "mean", "AQG")
    assert row["reason"] == reason
    assert row["verdict"] == (None if reason else "met")


def test_a_mean_that_was_reported_for_the_year_stands_where_days_do_not_suffice():
    whole = day("pm10", date(2023, 1, 1), 30.0, n=1, expected=1.0, grain="year",
                following=date(2024, 1, 1))  # fmt: skip
    row = verdict(judged([whole]), "pp-22-2021-vii", "P1Y", "mean")
    assert (row["verdict"], row["value"], row["n"], row["expected"]) == ("met", 30.0, 1, 1.0)

    both = verdict(judged([whole, *series("pm10", [50.0] * 365)]), "pp-22-2021-vii", "P1Y", "mean")
    assert (both["verdict"], both["value"], both["n"]) == ("not_met", 50.0, 365)
    each = verdict(judged([whole]), "pp-22-2021-vii", "PT24H", "each")
    assert (each["state"], each["n"]) == ("insufficient", 0)


def test_limits_over_hours_are_compared_with_the_days_maxima():
    rows = series("o3", [30.0] * 365)
    index = maxima("max_1h:o3", [140.0] * 365) + maxima("max_8h:o3", [99.0] * 364 + [101.0])
    frame = judged(rows, index)

    assert verdict(frame, "pp-22-2021-vii", "PT1H", "each")["verdict"] == "met"
    row = verdict(frame, "pp-22-2021-vii", "PT8H", "each")
    assert (row["verdict"], row["exceeded_on"]) == ("not_met", ["2023-12-31"])
    assert verdict(frame, "who-2021", "PT8H", "p99", "AQG")["value"] == 99.0
    season = verdict(frame, "who-2021", "P6M", "season", "IT-1")
    assert (season["verdict"], season["exceeded"]) == ("met", None)
    assert season["value"] == pytest.approx((99.0 * 183 + 101.0) / 184)


def test_a_provisional_maximum_may_break_a_limit_but_not_keep_it():
    rows = series("o3", [30.0] * 365)
    states = ["provisional"] * 365
    low = judged(rows, maxima("max_8h:o3", [90.0] * 365, states=states))
    row = verdict(low, "pp-22-2021-vii", "PT8H", "each")
    assert (row["state"], row["n"], row["verdict"]) == ("insufficient", 0, None)

    high = judged(rows, maxima("max_8h:o3", [101.0] * 365, states=states))
    assert verdict(high, "pp-22-2021-vii", "PT8H", "each")["verdict"] == "not_met"
    assert verdict(high, "who-2021", "PT8H", "p99", "AQG")["verdict"] is None


def test_hours_of_days_without_maxima_do_not_count_for_limits_over_hours():
    rows = series("spm", [10.0] * 365)
    few = judged(rows, maxima("max_1h:spm", [10.0] * 249))
    enough = judged(rows, maxima("max_1h:spm", [10.0] * 250))

    assert verdict(few, "jp-eqs-air", "PT1H", "each")["reason"] == "too_few_hours"
    assert verdict(enough, "jp-eqs-air", "PT1H", "each")["verdict"] == "met"


def test_without_hours_nothing_is_said_about_hours():
    row = verdict(judged(series("no2", [30.0] * 365)), "pp-22-2021-vii", "PT1H", "each")

    assert (row["state"], row["n"], row["value"]) == ("insufficient", 0, None)


def test_what_is_shorter_than_an_hour_cannot_be_judged_by_hours():
    frame = judged(series("so2", [30.0] * 365), maxima("max_1h:so2", [30.0] * 365))

    row = verdict(frame, "who-2021", "PT10M", "each", "AQG")
    assert (row["state"], row["reason"]) == ("cannot_assess", "shorter_than_an_hour")


def test_ozone_has_no_24_hour_verdict_in_indonesia_and_pm10_none_in_japan():
    frame = judged(series("o3", [200.0] * 365) + series("pm10", [200.0] * 365))

    ozone = frame.filter(parameter="o3", standard="pp-22-2021-vii")
    assert "PT24H" not in ozone["averaging"].to_list()
    assert frame.filter(parameter="pm10", standard="jp-eqs-air").height == 0


def test_a_limit_of_detection_above_the_limit_says_nothing():
    rows = series("so2", [0.0] * 365, n=0, n_below=24, below_limit=80.0)
    row = verdict(judged(rows), "pp-22-2021-vii", "PT24H", "each")
    assert (row["state"], row["reason"], row["value"]) == ("cannot_assess", "detection_limit", None)

    low = series("so2", [0.0] * 365, n=0, n_below=24, below_limit=75.0)
    assert verdict(judged(low), "pp-22-2021-vii", "PT24H", "each")["verdict"] == "met"


def test_one_day_below_a_high_limit_of_detection_spoils_no_year():
    rows = series("so2", [10.0] * 364)
    rows.append(day("so2", YEAR[364], 0.0, n=0, n_below=24, below_limit=80.0))
    row = verdict(judged(rows), "pp-22-2021-vii", "PT24H", "each")

    assert (row["verdict"], row["n"]) == ("met", 364)


def below(limit, every=1, otherwise=10.0, high=None, parameter="so2"):
    """Make a year of which every so many days lie below a limit of detection."""
    rows = series(parameter, [otherwise] * 365)
    for n in range(0, 365, every):
        rows[n] = day(parameter, YEAR[n], 0.0, n=0, n_below=24, below_limit=limit)
    for n, value in enumerate(high or ()):
        rows[5 * n + 1] = day(parameter, YEAR[5 * n + 1], value)
    return rows


def test_days_below_a_high_limit_of_detection_keep_their_place_in_ranks():
    row = verdict(judged(below(41.0, every=5, high=[90.0] * 3)), "who-2021", "PT24H", "p99", "AQG")
    assert (row["state"], row["reason"], row["verdict"]) == (
        "cannot_assess", "detection_limit", None
    )  # fmt: skip
    assert (row["value"], row["n"], row["exceeded"]) == (None, 365, 3)

    low = verdict(judged(below(40.0, every=5, high=[90.0] * 3)), "who-2021", "PT24H", "p99", "AQG")
    assert (low["verdict"], low["value"]) == ("met", 20.0)


@pytest.mark.parametrize(
    ("high", "expected", "value"), [([90.0] * 4, "not_met", 90.0), ([90.0] * 3, None, None)]
)
def test_four_days_above_break_a_rank_whatever_the_others_were(high, expected, value):
    row = verdict(judged(below(60.0, every=5, high=high)), "who-2021", "PT24H", "p99", "AQG")

    assert (row["verdict"], row["value"]) == (expected, value)


def test_a_rank_may_be_kept_with_and_without_days_below_a_high_limit_of_detection():
    rows = series("so2", [10.0] * 365)
    for n in range(3):
        rows[n] = day("so2", YEAR[n], 0.0, n=0, n_below=24, below_limit=60.0)

    row = verdict(judged(rows), "who-2021", "PT24H", "p99", "AQG")
    assert (row["verdict"], row["value"], row["n"]) == ("met", 10.0, 365)


@pytest.mark.parametrize(
    ("otherwise", "expected", "reason"),
    [
        (9.5, "met", None),  # at most 10
        (9.51, None, "detection_limit"),  # between 7.608 and 10.008
        (10.5, None, "detection_limit"),  # between 8.4 and 10.8
        (12.5, None, "detection_limit"),  # 10 at least
        (12.6, "not_met", None),
    ],
)
def test_a_mean_counts_days_below_a_high_limit_of_detection_twice(otherwise, expected, reason):
    rows = below(12.0, every=5, otherwise=otherwise, parameter="no2")
    row = verdict(judged(rows), "who-2021", "P1Y", "mean", "AQG")

    assert (row["verdict"], row["value"], row["reason"]) == (expected, None, reason)
    assert row["n"] == 365


def test_a_day_of_some_undetected_hours_that_is_above_at_any_rate_breaks_the_limit():
    rows = series("so2", [10.0] * 364)
    rows.append(day("so2", YEAR[364], 200.0, n=12, n_below=12, below_limit=80.0))
    row = verdict(judged(rows), "pp-22-2021-vii", "PT24H", "each")
    assert (row["verdict"], row["exceeded_on"]) == ("not_met", ["2023-12-31"])

    # Between 70 and 110.
    rows[-1] = day("so2", YEAR[364], 140.0, n=12, n_below=12, below_limit=80.0)
    row = verdict(judged(rows), "pp-22-2021-vii", "PT24H", "each")
    assert (row["verdict"], row["n"], row["exceeded"]) == ("met", 364, 0)


def test_two_days_in_a_row_below_a_high_limit_of_detection_leave_japans_rule_open():
    rows = series("so2", [10.0] * 365)
    for n in (10, 11):
        rows[n] = day("so2", YEAR[n], 0.0, n=0, n_below=24, below_limit=50.0 * PPM["so2"] / 1000.0)
    row = verdict(judged(rows), "jp-eqs-air", "PT24H", "exclusion_2")
    assert (row["verdict"], row["reason"]) == (None, "detection_limit")

    rows[11] = day("so2", YEAR[11], 10.0)
    assert verdict(judged(rows), "jp-eqs-air", "PT24H", "exclusion_2")["verdict"] == "met"


@pytest.mark.parametrize(("limit", "expected"), [(110.0, None), (100.0, "met")])
def test_highest_means_of_undetected_hours_may_be_all_of_their_limit(limit, expected):
    rows = below(limit, parameter="o3")
    row = verdict(
        judged(rows, maxima("max_8h:o3", [limit / 2] * 365)), "who-2021", "PT8H", "p99", "AQG"
    )

    assert row["verdict"] == expected


@pytest.mark.parametrize(("censored", "state"), [(182, "ok"), (183, "cannot_assess")])
def test_a_mean_of_mostly_undetected_values_is_none(censored, state):
    rows = series("so2", [10.0] * 365)
    rows[:censored] = [
        day("so2", each, 0.0, n=0, n_below=24, below_limit=4.0) for each in YEAR[:censored]
    ]

    row = verdict(judged(rows), "pp-22-2021-vii", "P1Y", "mean")
    assert row["state"] == state
    assert row["reason"] == (None if state == "ok" else "mostly_below_detection")


def test_what_lies_above_the_range_leaves_means_open_and_ranks_below_it_known():
    rows = series("pm25", [10.0] * 362)
    rows += [day("pm25", each, 0.0, n=0, n_above=24) for each in YEAR[362:]]
    frame = judged(rows)

    assert verdict(frame, "who-2021", "PT24H", "p99", "AQG")["verdict"] == "met"
    mean = verdict(frame, "who-2021", "P1Y", "mean", "AQG")
    assert (mean["state"], mean["reason"]) == ("cannot_assess", "above_range")
    each = verdict(frame, "pp-22-2021-vii", "PT24H", "each")
    assert (each["state"], each["reason"]) == ("cannot_assess", "above_range")
    rows[0] = day("pm25", YEAR[0], 60.0)
    assert verdict(judged(rows), "pp-22-2021-vii", "PT24H", "each")["verdict"] == "not_met"
    rows[358] = day("pm25", YEAR[358], 0.0, n=0, n_above=24)
    rank = verdict(judged(rows), "who-2021", "PT24H", "p99", "AQG")
    assert (rank["state"], rank["reason"]) == ("cannot_assess", "above_range")


def test_a_year_before_the_standard_is_judged_and_marked():
    frame = judged(series("pm25", [10.0] * 365, of=2019) + series("pm25", [10.0] * 365, of=2021))

    marks = dict(
        frame.filter(standard="pp-22-2021-vii", averaging="P1Y")
        .select("period", "retrospective").rows()
    )  # fmt: skip
    assert marks == {"2019": True, "2021": True}
    japan = frame.filter(standard="jp-eqs-air")
    assert set(japan["retrospective"]) == {False}


def test_a_leap_year_expects_its_day():
    row = verdict(judged(series("pm10", [10.0] * 366, of=2024)), "who-2021", "P1Y", "mean", "AQG")

    assert (row["n"], row["expected"]) == (366, 366.0)


NEW_OX = """
[[limit]]
standard = "jp-eqs-air"
parameter = "ox"
averaging = "PT8H"
valid_from = 2023-10-01

[[limit]]
standard = "jp-eqs-air"
parameter = "ox"
averaging = "P1Y"
valid_from = 2023-10-01

[[limit]]
standard = "jp-eqs-air"
parameter = "ox"
averaging = "PT1H"
valid_from = 1973-05-08
valid_to = 2023-10-01
"""


def test_the_operator_changes_the_standard_for_oxidants_on_a_day():
    rows = series("ox", [50.0] * 365) + series("ox", [50.0] * 365, of=2022)
    eight = round(0.07 * PPM["ox"], 6)
    index = [row for of in (2022, 2023) for row in maxima("max_8h:ox", [eight] * 365, of)]
    index += [row for of in (2022, 2023)
              for row in maxima("max_1h_daytime:ox", [100.0] * 365, of)]  # fmt: skip

    def oxidants(rows_of):
        frame = judged(rows, index, rows_of).filter(standard="jp-eqs-air")
        return {
            (row["period"], row["averaging"]): row["verdict"] for row in frame.iter_rows(named=True)
        }

    assert oxidants(ROWS) == {("2022", "PT1H"): "met", ("2023", "PT1H"): "met"}
    changed = oxidants(ROWS.overridden(NEW_OX))
    assert changed == {
        ("2022", "PT1H"): "met",
        ("2022", "PT8H"): "met", ("2022", "P1Y"): "not_met",
        ("2023", "PT8H"): "met", ("2023", "P1Y"): "not_met",
    }  # fmt: skip


def test_an_operator_s_limit_judges_and_changes_the_method():
    own = ROWS.overridden(
        '[[limit]]\nstandard = "pp-22-2021-vii"\nparameter = "pm25"\naveraging = "P1Y"\n'
        "most = 25.0\nvalid_from = 2021-02-02\n"
    )
    frame = judged(series("pm25", [20.0] * 365), rows=own)

    row = verdict(frame, "pp-22-2021-vii", "P1Y", "mean")
    assert (row["verdict"], row["most"], row["verified"]) == ("met", 25.0, False)
    assert row["method"].startswith("pp-22-2021-vii/mean@4+")
    assert verdict(frame, "who-2021", "P1Y", "mean", "AQG")["method"] == "who-2021/mean@4"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ('unit = "ppm"', "ppm"),
        ("ref_temperature_c = 20.0", "20.0"),
        ('evaluation = "median"\nsource = "x"\nauthority = "id"\nunit = "µg/m³"', "median"),
        ("least = 1.0", "most"),
    ],
)
def test_a_limit_that_nothing_can_be_compared_with_is_refused(change, text):
    own = ROWS.overridden(
        '[[limit]]\nstandard = "pp-22-2021-vii"\nparameter = "pm25"\naveraging = "P1Y"\n'
        f"most = 25.0\nvalid_from = 2021-02-02\n{change}\n"
    )

    with pytest.raises(StandardsUnfit, match=text):
        Verdicts(own)


def test_stations_and_years_are_judged_apart():
    rows = series("pm25", [10.0] * 365, station="A")
    rows += series("pm25", [20.0] * 365, station="B") + series("pm25", [30.0] * 366, of=2024)
    frame = judged(rows).filter(standard="pp-22-2021-vii", averaging="P1Y")

    found = {(row["place"], row["period"]): row["value"] for row in frame.iter_rows(named=True)}
    assert found == {("A", "2023"): 10.0, ("B", "2023"): 20.0, ("BDG-AIR-01", "2024"): 30.0}


def test_maxima_of_stations_and_years_without_days_are_not_taken_for_others():
    index = maxima("max_8h:o3", [500.0] * 365, of=2022)
    index += maxima("max_8h:o3", [500.0] * 365, station="A")
    frame = judged(series("o3", [10.0] * 365), index)

    assert verdict(frame, "pp-22-2021-vii", "PT8H", "each")["n"] == 0
