"""What share of a period has to be measured, as an operator amends it."""

from datetime import date

import polars as pl
import pytest

from kembar_shared.measurement import completeness
from kembar_shared.measurement.completeness import FACTORS, OF_HALF_YEARS
from kembar_shared.measurement.standards import Standards, StandardsUnfit
from kembar_shared.measurement.vocabulary import Grain
from tests.unit.measurement.test_coverage import april, gathered, unit

ASKED = Standards(factors=(*FACTORS, *OF_HALF_YEARS))


def amended(subject, value, *, quantity="least_share", since="2023-04-01"):
    return ASKED.overridden(
        f'[[factor]]\nstandard = "kembar-completeness"\nsubject = "{subject}"\n'
        f'quantity = "{quantity}"\nvalue = {value}\nvalid_from = {since}\n'
    )


@pytest.mark.parametrize(
    ("written", "least"),
    [("2023-03", 0.75), ("2023-04", 0.5), ("2023-12", 0.5), ("2023-03-31", 0.75)],
)
def test_a_period_is_asked_what_holds_on_its_first_day(written, least):
    asked = completeness.least(amended("month", 0.5), "month")

    assert pl.DataFrame({"period": [written]}).select(asked).item() == least


@pytest.mark.parametrize("period", [2023, "2023", date(2023, 1, 1)])
def test_a_year_begins_with_its_first_day_however_it_is_written(period):
    asked = pl.DataFrame({"period": [period]})

    for since, least in (("2023-01-01", 0.5), ("2023-01-02", 0.75)):
        rows = amended("year", 0.5, since=since)
        assert asked.select(completeness.least(rows, "year")).item() == least


def test_an_amended_month_asks_nothing_else_of_the_year_and_of_months_before():
    rows = amended("month", 0.5)
    units = [*april(15), *(unit(date(2023, 3, n)) for n in range(17, 32))]

    assert gathered(units)["2023-04"]["state"] == "insufficient"
    found = gathered(units, standards=rows)
    assert (found["2023-03"]["state"], found["2023-04"]["state"]) == ("insufficient", "ok")
    assert gathered(units, Grain.YEAR, standards=rows)["2023"]["state"] == "insufficient"


def test_halves_of_a_year_are_asked_by_their_own_row():
    # All of the dry half, and a third of the wet one.
    months = [unit(date(2023, m, 1), grain="month") for m in (1, 2, *range(5, 11))]
    rows = amended("year", 0.6, since="2020-01-01")

    assert gathered(months, Grain.YEAR, standards=rows)["2023"]["state"] == "ok"
    with_halves = gathered(months, Grain.YEAR, standards=rows, seasons=True)["2023"]
    assert (with_halves["state"], with_halves["coverage"]) == ("insufficient", 2 / 6)
    both = rows.overridden(
        '[[factor]]\nstandard = "kembar-completeness"\nsubject = "half_year"\n'
        'quantity = "least_share"\nvalue = 0.3\nvalid_from = 2020-01-01\n'
    )
    assert gathered(months, Grain.YEAR, standards=both, seasons=True)["2023"]["state"] == "ok"


@pytest.mark.parametrize(
    ("since", "last", "closed"),
    [
        ("2023-04-01", date(2023, 3, 31), date(2024, 3, 31)),
        ("2023-04-01", date(2023, 4, 1), date(2023, 10, 1)),
        ("2023-04-01", date(2023, 8, 31), date(2024, 2, 29)),
    ],
)
def test_how_long_a_silence_lasts_is_asked_of_the_row_of_its_first_day(since, last, closed):
    rows = amended("silence", 6, quantity="closed_after", since=since)

    frame = pl.DataFrame({"last": [last]})
    assert frame.select(completeness.closed_on(rows, "last")).item() == closed


def test_a_member_that_fell_silent_is_expected_as_long_as_its_row_says():
    units = [*april(30), unit(date(2022, 10, 15), member="old")]
    rows = amended("silence", 6, quantity="closed_after", since="2022-01-01")
    five = amended("silence", 5, quantity="closed_after", since="2022-01-01")

    assert gathered(units)["2023-04"]["expected"] == 60.0
    assert gathered(units, standards=rows)["2023-04"]["expected"] == 60.0
    assert gathered(units, standards=five)["2023-04"]["expected"] == 30.0


@pytest.mark.parametrize(
    ("subject", "quantity", "value"),
    [
        ("month", "least_share", 75.0),
        ("month", "least_share", 0.0),
        ("year", "least_dates", -1.0),
        ("silence", "closed_after", 0.0),
        ("silence", "closed_after", 1.5),
        ("silence", "closed_after", 13.0),
    ],
)
def test_what_cannot_be_asked_is_refused(subject, quantity, value):
    completeness.refuse_unfit(amended(subject, 1.0, quantity=quantity))

    with pytest.raises(StandardsUnfit, match=f"{subject}, {quantity} from 2023-04-01: {value}"):
        completeness.refuse_unfit(amended(subject, value, quantity=quantity))


def test_a_row_of_a_name_that_nothing_asks_for_is_refused():
    text = (
        '[[factor]]\nstandard = "kembar-completeness"\nsubject = "months"\n'
        'quantity = "least_share"\nvalue = 0.5\nunit = "1"\nvalid_from = 2023-01-01\n'
        'source = "s"\n'
    )

    with pytest.raises(StandardsUnfit, match="none of that name"):
        completeness.refuse_unfit(ASKED.overridden(text))
