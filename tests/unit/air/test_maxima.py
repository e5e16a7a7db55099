"""The highest means of days, by hours as the kernel hands them over."""

import json
from datetime import date, timedelta

import pytest

from kembar_air.indicators.air import Air
from kembar_shared.measurement.standards import Standards, StandardsUnfit
from tests.unit.air.tables import day, days, hour, hours

TODAY = date(2023, 4, 4)
BEFORE = TODAY - timedelta(days=1)
AIR = Air()


def is_maximum(row):
    return row["index"].startswith(("max_", "block_"))


def found(hour_rows, *parameters, air=AIR):
    reported = [day(code, TODAY, 1.0) for code in parameters]
    frame = air.indices(days(reported), hours(hour_rows))
    rows = {row["index"]: row for row in frame.iter_rows(named=True) if is_maximum(row)}
    return {code: row | {"detail": json.loads(row["detail"])} for code, row in rows.items()}


def flat(code, value=10.0, period=TODAY, places=range(24), **changes):
    return [hour(code, period, place, value, **changes) for place in places]


def test_a_day_has_the_maxima_that_some_limit_asks_for():
    rows = [row for code in ("so2", "co", "no2", "o3", "spm", "ox", "hc", "pm25", "pm10")
            for row in flat(code)]  # fmt: skip
    assert set(found(rows, "so2", "co", "no2", "o3", "spm", "ox", "hc", "pm25", "pm10")) == {
        "max_1h:so2", "max_1h:co", "max_1h:no2", "max_1h:o3", "max_1h:spm",
        "max_1h_daytime:ox", "max_3h:hc", "max_8h:co", "max_8h:o3", "max_8h:ox", "block_8h:co",
    }  # fmt: skip


def test_what_no_limit_asks_for_is_not_made():
    air = Air(standards=Standards(
        tuple(row for row in AIR.standards.limits if row.standard != "jp-eqs-air"),
        AIR.standards.factors,
    ))  # fmt: skip

    assert set(found(flat("co"), "co", air=air)) == {"max_1h:co", "max_8h:co"}


def test_the_row_says_what_it_was_made_of():
    row = found([*flat("o3"), hour("o3", BEFORE, 23, 900.0)], "o3")["max_1h:o3"]

    assert (row["value"], row["unit"], row["state"]) == (10.0, "µg/m³", "ok")
    assert (row["parameters"], row["missing"]) == (["o3"], [])
    assert row["detail"] == {"n": 24, "expected": 24}
    assert row["method"] == "kembar/max_1h@2"


def test_an_8_hour_mean_belongs_to_the_day_in_which_it_ends():
    # Two hours of this day still share a window with the night before.
    rows = flat("o3", 0.0) + flat("o3", 80.0, BEFORE, range(16, 24))

    assert found(rows, "o3")["max_8h:o3"]["value"] == 70.0  # 7 hours of 80 and one of 0
    later = [hour("o3", TODAY, place, 80.0 if place >= 16 else 0.0) for place in range(24)]
    assert found(later, "o3")["max_8h:o3"]["value"] == 80.0


@pytest.mark.parametrize(("count", "state"), [(18, "ok"), (17, "provisional")])
def test_a_day_s_8_hour_maximum_needs_18_means(count, state):
    # Of hours that begin with the day's first, the first window with 6 ends with the sixth.
    row = found(flat("o3", places=range(19 - count, 24)), "o3")["max_8h:o3"]

    assert row["detail"]["n"] == count
    assert (row["state"], row["value"]) == (state, 10.0)


@pytest.mark.parametrize(("count", "state"), [(18, "ok"), (17, "provisional")])
def test_a_day_s_1_hour_maximum_needs_18_hours(count, state):
    assert found(flat("so2", places=range(count)), "so2")["max_1h:so2"]["state"] == state


@pytest.mark.parametrize(("count", "state"), [(12, "ok"), (11, "provisional")])
def test_daytime_is_15_hours_and_needs_12(count, state):
    rows = [
        *flat("ox", 10.0, places=range(5, 5 + count)),
        hour("ox", TODAY, 4, 500.0),
        hour("ox", TODAY, 20, 500.0),
    ]

    row = found(rows, "ox")["max_1h_daytime:ox"]
    assert (row["value"], row["state"]) == (10.0, state)
    assert row["detail"]["expected"] == 15


def test_blocks_are_fixed():
    # The highest running mean is 100, from 4:00 to 12:00; no block is.
    rows = [hour("co", TODAY, place, 100.0 if 4 <= place < 12 else 0.0) for place in range(24)]
    both = found(rows, "co")

    assert both["max_8h:co"]["value"] == 100.0
    assert (both["block_8h:co"]["value"], both["block_8h:co"]["detail"]["n"]) == (50.0, 3)


def test_a_day_without_one_of_its_blocks_may_have_had_more():
    row = found(flat("co", places=range(16)), "co")["block_8h:co"]

    assert (row["state"], row["value"], row["detail"]["n"]) == ("provisional", 10.0, 2)


def test_a_3_hour_mean_needs_all_of_its_hours():
    rows = flat("hc", 10.0, places=range(2)) + flat("hc", 10.0, places=range(3, 6))

    row = found(rows, "hc")["max_3h:hc"]
    assert (row["detail"]["n"], row["state"]) == (1, "provisional")


@pytest.mark.parametrize(("covered", "n"), [(0.75, 24), (0.74, 23)])
def test_an_hour_needs_three_quarters_of_itself(covered, n):
    rows = [*flat("so2", places=range(1, 24)), hour("so2", TODAY, 0, 99.0, covered=covered)]

    row = found(rows, "so2")["max_1h:so2"]
    assert row["detail"]["n"] == n
    assert row["value"] == (99.0 if n == 24 else 10.0)


def test_an_hour_above_the_range_might_be_the_highest():
    rows = [*flat("o3", places=range(1, 24)), hour("o3", TODAY, 0, None, n_above=1)]
    both = found(rows, "o3")

    assert {(row["state"], row["value"]) for row in both.values()} == {("above_limit", None)}
    before = [*flat("o3"), hour("o3", BEFORE, 20, None, n_above=1)]
    assert found(before, "o3")["max_8h:o3"]["state"] == "above_limit"
    assert found(before, "o3")["max_1h:o3"]["state"] == "ok"


def test_hours_too_short_to_count_are_no_maximum():
    row = found(flat("so2", covered=0.5), "so2")["max_1h:so2"]

    assert (row["state"], row["value"], row["missing"]) == ("insufficient", None, ["so2"])


def test_a_rule_of_completeness_holds_from_its_day_on():
    own = AIR.standards.overridden(
        '[[factor]]\nstandard = "eu-2008-50"\nsubject = "hour"\nquantity = "least_share"\n'
        "value = 0.4\nvalid_from = 2023-04-04\n"
        '[[factor]]\nstandard = "eu-2008-50"\nsubject = "mean_8h"\nquantity = "least_hours"\n'
        "value = 8.0\nvalid_from = 2023-04-04\n"
    )
    rows = flat("o3", covered=0.5) + flat("o3", 20.0, BEFORE, covered=0.5)
    frame = Air(standards=own).indices(
        days([day("o3", TODAY, 1.0), day("o3", BEFORE, 1.0)]), hours(rows)
    )

    n = {(row["index"], row["period"]): json.loads(row["detail"])["n"]
         for row in frame.iter_rows(named=True) if is_maximum(row)}  # fmt: skip
    # Of the first day no hour is valid, so the second one's first mean of 8 ends with its eighth.
    assert n == {
        ("max_1h:o3", BEFORE): 0, ("max_8h:o3", BEFORE): 0,
        ("max_1h:o3", TODAY): 24, ("max_8h:o3", TODAY): 17,
    }  # fmt: skip


def test_breakpoints_that_do_not_rise_are_refused():
    own = AIR.standards.overridden(
        '[[limit]]\nstandard = "p14-2020"\nparameter = "pm25"\nindex = 100\n'
        "most = 15.5\nvalid_from = 2020-07-01\n"
    )

    with pytest.raises(StandardsUnfit, match="rise"):
        Air(standards=own)


def test_days_that_were_not_asked_for_are_not_answered():
    frame = AIR.indices(days([day("o3", TODAY, 1.0)]), hours(flat("o3") + flat("o3", 1.0, BEFORE)))

    assert set(frame["period"]) == {TODAY}
    assert frame.select("station", "grain", "period", "index").is_duplicated().sum() == 0


def test_stations_in_different_time_zones_do_not_mix():
    other = {"station": "MKS-AIR-01"}
    rows = flat("o3") + [
        row | other | {"start": row["start"] - timedelta(hours=1)} for row in flat("o3", 20.0)
    ]
    frame = AIR.indices(days([day("o3", TODAY, 1.0), day("o3", TODAY, 1.0, **other)]), hours(rows))

    maxima = frame.filter(index="max_1h:o3").sort("station")
    assert maxima["value"].to_list() == [10.0, 20.0]
    assert [json.loads(text)["n"] for text in maxima["detail"]] == [24, 24]


def test_more_hours_in_one_call_change_nothing():
    week = [TODAY + timedelta(days=n) for n in range(7)]
    rows = [hour("o3", each, place, float(place * (n + 1))) for n, each in enumerate(week)
            for place in range(24)]  # fmt: skip
    asked = [day("o3", each, 1.0) for each in week]
    whole = AIR.indices(days(asked), hours(rows))

    for n, each in enumerate(week):
        near = [row for row in rows if week[max(0, n - 1)] <= row["day"] <= each]
        alone = AIR.indices(days([asked[n]]), hours(near))
        assert alone.sort("index").equals(whole.filter(period=each).sort("index"))


@pytest.mark.parametrize(
    ("standard", "category", "last"),
    [
        ("p14-2020", "sedang", 50.0),
        ("p14-2020", "sedang", 200.0),
        ("p14-2020", "baik", 0.0),
        ("kep-107-1997", "sangat_tidak_sehat", 199.0),
    ],
)
def test_categories_that_do_not_end_one_above_the_other_are_refused(standard, category, last):
    began = {"p14-2020": "2020-07-01", "kep-107-1997": "1997-11-21"}[standard]
    own = AIR.standards.overridden(
        f'[[factor]]\nstandard = "{standard}"\nsubject = "{category}"\n'
        f'quantity = "last_index"\nvalue = {last}\nvalid_from = {began}\n'
    )

    with pytest.raises(StandardsUnfit, match=f"{standard}, last_index.*{last}"):
        Air(standards=own)


@pytest.mark.parametrize(
    "change",
    [
        'grade = "other"\nindex = 100.0\nmost = 60.0',  # 100 twice
        'grade = "baik"\nindex = 50.0\nmost = 0.0',
        'grade = "baik"\nindex = 0.0\nmost = 1.0',
    ],
)
def test_indices_and_breakpoints_rise_from_zero(change):
    own = AIR.standards.overridden(
        '[[limit]]\nstandard = "p14-2020"\nparameter = "pm25"\naveraging = "PT24H"\n'
        'evaluation = "breakpoint"\nauthority = "id"\nunit = "µg/m³"\nsource = "x"\n'
        f"valid_from = 2020-07-01\n{change}\n"
    )

    with pytest.raises(StandardsUnfit, match=r"p14-2020, pm25.*rise"):
        Air(standards=own)


@pytest.mark.parametrize(
    ("shares", "state"),
    [
        ([1.0] * 18, "ok"),
        ([0.75] * 24, "ok"),
        ([1.0] * 17 + [0.74, 0.74], "insufficient"),
        ([1.0] * 17 + [0.5] * 7, "insufficient"),
    ],
)
def test_a_day_needs_18_hours_that_are_valid(shares, state):
    rows = [hour("pm25", TODAY, place, 10.0, covered=share) for place, share in enumerate(shares)]
    # Hours of another day and of other stations count for neither.
    rows += [hour("pm25", BEFORE, place, 10.0) for place in range(15, 24)]
    rows += [hour("pm25", TODAY, place, 10.0, station="A") for place in range(24)]
    reported = day("pm25", TODAY, 10.0, covered=sum(shares) / 24)
    assert reported["covered"] >= 0.75

    frame = AIR.indices(days([reported]), hours(rows)).filter(index="ispu")
    assert frame["state"].to_list() == [state]


def test_a_value_of_the_whole_day_needs_no_hours():
    whole = day("pm25", TODAY, 10.0, n=1, expected=1.0)
    for rows in ([], [hour("pm25", TODAY, place, 10.0) for place in range(3)]):
        frame = AIR.indices(days([whole]), hours(rows)).filter(index="ispu")
        assert frame["state"].to_list() == ["ok"]


def test_values_that_overlap_make_no_more_hours_than_there_are():
    reported = day("pm25", TODAY, 10.0, covered=0.75)
    rows = [hour("pm25", TODAY, place, 10.0) for place in range(12)]

    frame = AIR.indices(days([reported]), hours(rows)).filter(index="ispu")
    assert frame["state"].to_list() == ["insufficient"]
