import json
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.measurement.indicators import INDEX_SCHEMA
from kembar_shared.measurement.standards import LONG_AGO, StandardsUnfit
from kembar_waste import standards
from kembar_waste.indicators import balances
from tests.unit.waste.days import APRIL, frame, month, row, year

BUILT = standards.build()
MAY = [date(2023, 5, 1) + timedelta(days=n) for n in range(31)]


def balance(*rows, own=""):
    found = balances.indices(frame(*rows), BUILT.overridden(own))
    assert found.schema == INDEX_SCHEMA
    assert found.select("station", "grain", "period", "index").is_duplicated().any() is False
    return {
        (each["station"], each["grain"], each["period"]): each
        | {"detail": json.loads(each["detail"])}
        for each in found.iter_rows(named=True)
    }


def april(*rows, own=""):
    return balance(*rows, own=own)["TPS-01", "month", date(2023, 4, 1)]


def facility(received=1000.0, recycled=200.0, composted=500.0, residual=300.0, days=APRIL):
    return [
        *month("received", received, days),
        *month("recycled", recycled, days),
        *month("composted", composted, days),
        *month("residual", residual, days),
    ]


def test_what_comes_in_goes_out():
    found = april(*facility())

    assert (found["value"], found["category"], found["state"]) == (0.0, "balanced", "ok")
    assert (found["index"], found["unit"], found["method"]) == (
        "mass_balance", "1", "kembar/mass-balance@4",
    )  # fmt: skip
    assert found["parameters"] == ["received", "recycled", "composted", "residual"]
    assert found["missing"] == []
    assert found["detail"] == {
        "reason": None, "in_t": 30.0, "out_t": 30.0, "stock_change_t": None, "opening": None,
        "last_stock_on": None, "last_stock_t": None, "leak_t": 0.0,
        "coverage": 1.0, "grain": "day", "tolerance": 0.02,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("residual", "category", "leak_t"),
    [
        (280.0, "balanced", 0.6),
        (279.0, "leak", 0.63),
        (320.0, "balanced", -0.6),
        (321.0, "surplus", -0.63),
    ],
)
def test_the_leak_is_stated(residual, category, leak_t):
    found = april(*facility(residual=residual))

    assert found["category"] == category
    assert found["value"] == pytest.approx(leak_t / 30)
    assert found["detail"]["leak_t"] == pytest.approx(leak_t)


def test_an_operator_may_tolerate_more():
    own = """
        [[factor]]
        standard = "kembar"
        subject = "mass_balance"
        quantity = "tolerance"
        value = 0.1
        valid_from = 2015-01-01
    """

    found = april(*facility(residual=279.0), own=own)
    assert (found["category"], found["detail"]["tolerance"]) == ("balanced", 0.1)
    assert found["method"].startswith("kembar/mass-balance@4+")


@pytest.mark.parametrize("value", [-0.01, 1.01, 2])
def test_a_tolerance_is_a_share(value):
    own = f"""
        [[factor]]
        standard = "kembar"
        subject = "mass_balance"
        quantity = "tolerance"
        value = {value}
        valid_from = 2015-01-01
    """

    with pytest.raises(StandardsUnfit, match="mass_balance"):
        balances.refuse_unfit(BUILT.overridden(own))


def test_what_is_collected_is_what_comes_in_unless_it_is_received():
    collected = month("collected", 2000.0)

    both = april(*facility(), *collected)
    assert (both["value"], "collected" in both["parameters"]) == (0.0, False)
    alone = april(*collected, *month("landfilled", 1500.0))
    assert (alone["value"], alone["parameters"]) == (0.25, ["collected", "landfilled"])


def test_all_of_it_may_be_lost():
    found = april(*month("received", 1000.0), *month("residual", 0.0))

    assert (found["value"], found["category"]) == (1.0, "leak")


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        (month("received"), list(balances.OUT)),
        (month("composted"), ["received"]),
        ([*month("received"), *month("composted", days=APRIL[:22])], ["composted"]),
        ([*month("received", days=APRIL[:22]), *month("composted")], ["received"]),
        ([*month("received", days=APRIL[:25]), *month("composted", days=APRIL[5:])], []),
        ([*month("received"), *month("composted"), row("recycled", period=MAY[0])], ["recycled"]),
    ],
)
def test_a_side_that_is_not_known_is_no_leak(rows, missing):
    found = april(*rows)

    assert (found["state"], found["value"], found["category"]) == ("insufficient", None, None)
    assert found["missing"] == missing
    assert found["detail"]["leak_t"] is None
    reason = None if missing else "sides_known_at_different_times"
    assert found["detail"]["reason"] == reason


def test_only_days_on_which_all_is_known_are_compared():
    rows = [
        *(row("received", 1000.0 * day.day, day) for day in APRIL[:27]),
        *(row("composted", 900.0 * day.day, day) for day in APRIL[2:]),
    ]

    found = april(*rows)
    assert (found["value"], found["state"]) == (pytest.approx(0.1), "provisional")
    assert found["detail"]["coverage"] == pytest.approx(25 / 30)


def test_one_of_several_materials_that_is_not_known_leaves_the_side_unknown():
    parts = [
        *month("composted", 400.0, material="organic"),
        *month("composted", 100.0, APRIL[:22], material="paper"),
    ]

    assert april(*month("received"), *parts)["state"] == "insufficient"


@pytest.mark.parametrize(
    ("received", "reason"), [(0.0, "nothing_came_in"), (-1.0, "negative_mass")]
)
def test_nothing_is_said_of_nothing(received, reason):
    found = april(*facility(received=received))

    assert (found["state"], found["value"]) == ("cannot_assess", None)
    assert found["detail"]["reason"] == reason


def test_what_is_still_there_is_not_lost():
    stock = [row("stock", 1000.0 + 100.0 * day.day, day) for day in APRIL]

    found = april(*facility(residual=200.0), *stock)
    assert found["detail"]["stock_change_t"] == pytest.approx(2.9)
    assert found["value"] == pytest.approx(0.0, abs=1e-12)
    assert (found["detail"]["in_t"], found["detail"]["opening"]) == (29.0, "first_day")
    assert (found["category"], found["state"]) == ("balanced", "ok")


MARCH_31 = date(2023, 3, 31)


def stored(days, per_day=900.0, **changes):
    return [row("stock", 1000.0 + per_day * (day - MARCH_31).days, day, **changes) for day in days]


@pytest.mark.parametrize("per_day", [900.0, -100.0, 0.0])
def test_a_steady_facility_is_balanced_whatever_it_stores(per_day):
    rows = [*month("received", 1000.0), *month("recycled", 1000.0 - per_day)]

    for stock, opening, in_t in (
        (stored([MARCH_31, *APRIL], per_day), "previous_day", 30.0),
        (stored(APRIL, per_day), "first_day", 29.0),
    ):
        found = april(*rows, *stock)
        assert found["value"] == pytest.approx(0.0, abs=1e-12)
        assert found["detail"]["opening"] == opening
        assert found["detail"]["in_t"] == pytest.approx(in_t)


def test_what_is_lost_beside_a_stock_is_a_share_of_the_days_compared():
    rows = [*month("received", 1000.0), *month("recycled", 50.0)]

    for stock in (stored([MARCH_31, *APRIL]), stored(APRIL)):
        assert april(*rows, *stock)["value"] == pytest.approx(0.05)
    older = april(*rows, *stored([date(2023, 3, 30), *APRIL]))["detail"]
    assert (older["opening"], older["last_stock_on"]) == ("first_day", "2023-03-30")


def test_a_reading_of_some_days_ago_opens_no_month():
    found = april(*facility(), *stored([date(2023, 3, 30), *APRIL[1:]], 0.0))

    assert (found["state"], found["value"], found["missing"]) == ("insufficient", None, ["stock"])
    detail = found["detail"]
    assert (detail["reason"], detail["opening"]) == ("no_opening_stock", None)
    assert (detail["last_stock_on"], detail["last_stock_t"]) == ("2023-03-30", 1.0)


def days_of(year):
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


def keeping(years, stock):
    """Return a facility that keeps a tenth of a tonne a day, and its readings (t by day)."""
    days = [day for year in years for day in days_of(year)]
    readings = [row("stock", 1000.0 * level, day) for day, level in stock.items()]
    return [*month("received", 1000.0, days), *month("recycled", 900.0, days), *readings]


EVES = {date(2022, 12, 31): 7.0, date(2023, 1, 31): 10.1, date(2023, 12, 31): 43.5}


def test_january_and_the_year_open_with_the_stock_of_december():
    found = balance(*keeping([2023], EVES))

    january = found["TPS-01", "month", date(2023, 1, 1)]
    of_year = found["TPS-01", "year", date(2023, 1, 1)]
    assert (january["value"], of_year["value"]) == pytest.approx((0.0, 0.0), abs=1e-9)
    assert (january["state"], of_year["state"]) == ("ok", "ok")
    assert january["detail"]["stock_change_t"] == pytest.approx(3.1)
    assert of_year["detail"]["stock_change_t"] == pytest.approx(36.5)
    for each in (january["detail"], of_year["detail"]):
        assert (each["opening"], each["last_stock_on"]) == ("previous_day", "2022-12-31")
        assert each["last_stock_t"] == 7.0
    february = found["TPS-01", "month", date(2023, 2, 1)]
    assert (february["state"], february["detail"]["reason"]) == ("insufficient", "no_closing_stock")


def test_without_the_stock_of_december_january_and_the_year_do_not_open():
    stock = dict(list(EVES.items())[1:])

    found = balance(*keeping([2023], stock))
    for grain in ("month", "year"):
        each = found["TPS-01", grain, date(2023, 1, 1)]
        assert (each["state"], each["value"]) == ("insufficient", None)
        assert each["detail"]["reason"] == "no_opening_stock"
        assert each["detail"]["last_stock_on"] is None


def test_a_stock_that_nobody_read_for_a_year_has_not_stayed_the_same():
    found = balance(*keeping([2024], {date(2023, 6, 30): 7.0}))

    def told(grain, month):
        each = found["TPS-01", grain, date(2024, month, 1)]
        return each["state"], each["detail"]["reason"], each["detail"]["last_stock_on"]

    for grain, of in (("year", 1), ("month", 1), ("month", 6)):
        assert told(grain, of) == ("insufficient", "no_opening_stock", "2023-06-30")
    # Twelve months after its last reading it is taken as given up.
    assert told("month", 7) == ("ok", None, None)
    assert "stock" not in found["TPS-01", "month", date(2024, 7, 1)]["parameters"]


def test_the_year_after_one_without_a_reading_opens_on_its_first_day_or_not_at_all():
    ends = {date(2023, 12, 31): 7.0, date(2025, 12, 31): 80.0}
    begins = {date(2025, 1, 1): 43.6}

    late = balance(*keeping([2024, 2025], ends))["TPS-01", "year", date(2025, 1, 1)]
    assert (late["state"], late["detail"]["reason"]) == ("insufficient", "no_opening_stock")
    assert late["detail"]["last_stock_on"] is None
    for years in ([2025], [2024, 2025]):
        found = balance(*keeping(years, ends | begins))["TPS-01", "year", date(2025, 1, 1)]
        assert (found["state"], found["detail"]["opening"]) == ("ok", "first_day")
        assert found["value"] == pytest.approx(0.0, abs=1e-9)
        assert found["detail"]["in_t"] == pytest.approx(364.0)


@pytest.mark.parametrize("material", ["", "organic"])
def test_a_part_of_the_stock_of_december_opens_nothing(material):
    kept = {"material": "paper"}
    eve = [
        row("stock", 6000.0, date(2022, 12, 30), **kept),
        row("stock", 7000.0, date(2022, 12, 31), material=material),
    ]

    found = balance(*keeping([2023], {date(2023, 12, 31): 43.5}), *eve)
    of_year = found["TPS-01", "year", date(2023, 1, 1)]
    assert of_year["detail"]["reason"] == (None if material == "" else "no_opening_stock")


@pytest.mark.parametrize("twice", [MARCH_31, APRIL[0], APRIL[-1]])
def test_a_stock_read_twice_a_day_is_no_more_of_it(twice):
    stock = [
        row("stock", 100e3 * count, day, n=count)
        for day in [MARCH_31, *APRIL]
        for count in [2 if day == twice else 1]
    ]

    found = april(*facility(), *stock)
    assert (found["value"], found["detail"]["stock_change_t"]) == (0.0, 0.0)


def test_a_total_of_one_day_among_parts_is_a_day_like_the_others():
    parts = [
        *month("composted", 400.0, material="organic"),
        *month("composted", 600.0, material="paper"),
    ]

    found = april(*month("received"), *parts, row("composted", 1000.0))
    assert (found["value"], found["state"]) == (pytest.approx(0.0), "ok")


@pytest.mark.parametrize(
    ("days", "stock_days", "missing", "reason"),
    [
        (APRIL, APRIL[1:], ["stock"], "no_opening_stock"),
        (APRIL, APRIL[:-1], ["stock"], "no_closing_stock"),
        (APRIL[:29], APRIL, [], "flows_incomplete_beside_stock"),
    ],
)
def test_a_stock_of_other_days_says_nothing(days, stock_days, missing, reason):
    found = april(*facility(days=days), *month("stock", 5.0, stock_days))

    assert (found["state"], found["missing"]) == ("insufficient", missing)
    assert found["detail"]["reason"] == reason


def test_a_year_is_balanced_by_its_days_or_months_or_as_it_was_reported():
    reported = balance(year("received", 900e3), year("landfilled", 810e3))
    assert {key: each["value"] for key, each in reported.items()} == {
        ("TPS-01", "year", date(2025, 1, 1)): pytest.approx(0.1)
    }

    months = [
        row(code, kg, date(2023, m, 1), "month")
        for m in range(1, 11)
        for code, kg in (("received", 1000.0), ("landfilled", 900.0))
    ]
    found = balance(*months)
    assert len(found) == 11
    of_year = found["TPS-01", "year", date(2023, 1, 1)]
    assert (of_year["value"], of_year["state"]) == (pytest.approx(0.1), "provisional")
    assert of_year["detail"]["coverage"] == pytest.approx(10 / 12)
    assert balance(*facility())["TPS-01", "year", date(2023, 1, 1)]["state"] == "insufficient"


def test_a_month_s_total_is_not_compared_with_days():
    rows = [*month("received"), row("landfilled", 30_000.0, grain="month", following=MAY[0])]

    assert april(*rows)["state"] == "insufficient"


def test_each_facility_is_by_itself():
    found = balance(*facility(), *month("received", station="TPS-02", jurisdiction=None))

    assert {station for station, *_ in found} == {"TPS-01", "TPS-02"}


def test_what_is_no_flow_of_a_facility_has_no_balance():
    assert balance() == {}
    assert balance(*month(), *month("sorted"), *month("trips"), *month("stock")) == {}
    assert BUILT.factor("kembar", "mass_balance", "tolerance", LONG_AGO).value == 0.02


@settings(deadline=None, max_examples=15)
@given(
    st.lists(
        st.tuples(st.integers(1, 1000), st.integers(0, 1000), st.integers(0, 1000)),
        min_size=30,
        max_size=30,
    )
)
def test_a_month_s_leak_is_the_sum_of_its_days(flows):
    rows = []
    for day, (received, composted, residual) in zip(APRIL, flows, strict=True):
        rows += [
            row("received", float(received), day),
            row("composted", float(composted), day),
            row("residual", float(residual), day),
        ]

    found = april(*rows)
    leak = sum(received - composted - residual for received, composted, residual in flows)
    assert found["detail"]["leak_t"] * 1000 == pytest.approx(leak, abs=1e-6)
    assert found["value"] == pytest.approx(leak / sum(received for received, *_ in flows))
    assert pl.Series([found["category"]]).is_in(["balanced", "leak", "surplus"]).all()
