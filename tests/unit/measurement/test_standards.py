"""Tables of limits and factors, and what an operator's file makes of them."""

from dataclasses import replace
from datetime import date

import pytest

from kembar_shared.measurement.standards import Factor, Limit, Standards, StandardsUnfit

DAY = date(2021, 2, 2)
PM25 = Limit(
    standard="pp-22-2021-vii", authority="id", parameter="pm25", averaging="PT24H", most=55.0,
    unit="µg/m³", valid_from=DAY, source="PP 22/2021", verified=True,
)  # fmt: skip
YEAR = Limit(
    standard="pp-22-2021-vii", authority="id", parameter="pm25", averaging="P1Y", most=15.0,
    evaluation="mean", unit="µg/m³", valid_from=DAY, source="PP 22/2021", verified=True,
)  # fmt: skip
NOT_YET = Limit(
    standard="jp-eqs-air", authority="jp", parameter="ox", averaging="PT8H", most=0.07,
    unit="ppm", valid_from=None, source="Central Environment Council", verified=False,
)  # fmt: skip
DOC = Factor(
    standard="ipcc-2006", subject="food", quantity="doc", value=0.15, unit="1",
    valid_from=date(2006, 1, 1), source="IPCC 2006, volume 5", verified=True,
)  # fmt: skip
TABLES = Standards((PM25, YEAR, NOT_YET), (DOC,))
LATER = """
[[limit]]
standard = "pp-22-2021-vii"
parameter = "pm25"
averaging = "PT24H"
valid_from = 2026-07-01
most = 40
source = "Perda 1/2026"
"""


def test_a_later_row_begins_where_the_one_before_it_ends():
    amended = TABLES.overridden(LATER)

    found = [limit for limit in amended.limits if limit.key == PM25.key]
    assert [(row.most, row.valid_from, row.valid_to) for row in found] == [
        (55.0, DAY, date(2026, 7, 1)),
        (40.0, date(2026, 7, 1), None),
    ]
    assert (found[1].unit, found[1].verified, found[1].source) == ("µg/m³", False, "Perda 1/2026")


def test_a_row_of_the_same_day_takes_the_other_s_place():
    amended = TABLES.overridden(LATER.replace("2026-07-01", "2021-02-02"))

    assert [row.most for row in amended.limits if row.key == PM25.key] == [40.0]


def test_an_earlier_row_ends_where_the_next_one_begins():
    amended = TABLES.overridden(LATER.replace("2026-07-01", "1999-05-26"))

    found = {row.valid_from: row.valid_to for row in amended.limits if row.key == PM25.key}
    assert found == {date(1999, 5, 26): DAY, DAY: None}


def test_what_waits_for_its_day_gets_it():
    text = """
[[limit]]
standard = "jp-eqs-air"
parameter = "ox"
averaging = "PT8H"
valid_from = 2026-04-01
"""
    amended = TABLES.overridden(text)

    assert TABLES.frame("jp-eqs-air").is_empty()
    assert amended.frame("jp-eqs-air")["most"].to_list() == [0.07]


def test_a_new_standard_says_everything():
    text = """
[[limit]]
standard = "kota-bandung"
authority = "id"
parameter = "tss"
averaging = "sample"
most = 30.0
unit = "mg/L"
valid_from = 2026-01-01
source = "Perwal"
verified = true
"""
    (limit,) = TABLES.overridden(text).of("kota-bandung")

    assert (limit.most, limit.evaluation, limit.verified) == (30.0, "each", True)
    with pytest.raises(StandardsUnfit, match=r"limit 1: .*'unit'"):
        TABLES.overridden(text.replace('unit = "mg/L"', ""))


def test_a_factor_has_the_value_of_its_day():
    amended = TABLES.overridden(
        "[[factor]]\nstandard = 'ipcc-2006'\nsubject = 'food'\nquantity = 'doc'\nvalue = 0.2\n"
        "valid_from = 2026-01-01\n"
    )

    days = [date(1990, 1, 1), date(2025, 12, 31), date(2026, 1, 1)]
    found = [amended.factor("ipcc-2006", "food", "doc", day).value for day in days]
    assert found == [0.15, 0.15, 0.2]
    with pytest.raises(KeyError):
        amended.factor("ipcc-2006", "food", "dry", DAY)


PERCENT = """
[[factor]]
standard = "ipcc-2006"
subject = "food"
quantity = "doc"
value = 15
unit = "%"
valid_from = 2026-01-01
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[limit]", "no TOML"),
        ("[limit]\nmost = 1", r"write \[\[limit\]\]"),
        ("[[limits]]\nmost = 1", r"write \[\[limit\]\] or \[\[factor\]\]"),
        (LATER.replace("most", "maximum"), "limit 1: there is no member 'maximum'"),
        (LATER.replace("40", "'40'"), "limit 1: most = '40' is no number"),
        (LATER.replace("40", "nan"), "limit 1: most = nan is no number"),
        (LATER.replace("40", "true"), "limit 1: most = True is no number"),
        (LATER.replace("2026-07-01", "'2026-07-01'"), "is no day; write 2026-01-31"),
        (LATER.replace("2026-07-01", "2026-07-01T00:00:00"), "is no day"),
        (LATER.replace("valid_from = 2026-07-01", ""), "say from which day"),
        (LATER.replace('averaging = "PT24H"', ""), "2 rows are meant by"),
        (LATER.replace('"Perda 1/2026"', "1"), "limit 1: source = 1 is no str"),
        (PERCENT, "factor 1: unit = '%': this factor is read in '1'"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(text, said):
    with pytest.raises(StandardsUnfit, match=said):
        TABLES.overridden(text)


def test_a_changed_row_is_another_method_for_its_standard_alone():
    amended = TABLES.overridden(LATER)

    changed = amended.method("a@1", "pp-22-2021-vii")
    assert TABLES.method("a@1", "pp-22-2021-vii") == "a@1"
    assert changed.startswith("a@1+")
    assert changed == TABLES.overridden(LATER).method("a@1", "pp-22-2021-vii")
    assert changed != TABLES.overridden(LATER.replace("40", "41")).method("a@1", "pp-22-2021-vii")
    assert amended.method("b@1", "jp-eqs-air") == "b@1"
    assert len({TABLES.digest, amended.digest}) == 2


def test_rows_are_plain_and_say_who_set_them():
    rows = {(row["kind"], row["set_by"]): row for row in TABLES.overridden(LATER).rows()}

    assert rows["limit", "operator"]["value"] == 40.0
    assert rows["limit", "operator"]["valid_from"] == "2026-07-01"
    assert rows["limit", "kembar"] | {"bound": "at_most", "class": ""} == rows["limit", "kembar"]
    assert rows["factor", "kembar"]["quantity"] == "doc"


def test_the_oldest_row_holds_for_everything_before_it():
    frame = TABLES.overridden(LATER).frame("pp-22-2021-vii")

    assert frame["applied_from"].to_list() == [date(1, 1, 1), date(1, 1, 1), date(2026, 7, 1)]
    assert frame["most"].to_list()[-1] == 40.0


def test_a_row_for_a_while_gives_way_to_the_one_before_it():
    amended = TABLES.overridden(LATER + "valid_to = 2027-01-01\n")

    found = sorted(
        (row.valid_from, row.valid_to, row.most) for row in amended.limits if row.key == PM25.key
    )[:2]
    assert found == [(DAY, date(2026, 7, 1), 55.0), (date(2026, 7, 1), date(2027, 1, 1), 40.0)]
    (last,) = (r for r in amended.limits if r.key == PM25.key and r.valid_from == date(2027, 1, 1))
    assert (last.most, last.valid_to) == (55.0, None)
    assert [r["set_by"] for r in amended.rows() if r.get("most") == 55.0] == ["kembar"] * 2
    factor = (
        "[[factor]]\nstandard = 'ipcc-2006'\nsubject = 'food'\nquantity = 'doc'\nvalue = 0.2\n"
        "valid_from = 2024-01-01\nvalid_to = 2025-01-01\n"
    )
    read = TABLES.overridden(factor).factor
    days = [date(2023, 6, 1), date(2024, 6, 1), date(2025, 6, 1)]
    assert [read("ipcc-2006", "food", "doc", day).value for day in days] == [0.15, 0.2, 0.15]
    with pytest.raises(StandardsUnfit, match="never in force"):
        TABLES.overridden(LATER + "valid_to = 2026-07-01\n")


def test_a_corrected_row_ends_when_the_one_it_replaces_did():
    ended = Standards((replace(PM25, valid_to=date(2030, 1, 1)),))

    (row,) = ended.overridden(LATER.replace("2026-07-01", "2021-02-02")).limits
    assert (row.most, row.valid_to) == (40.0, date(2030, 1, 1))


def test_the_order_of_a_file_changes_no_method():
    one = LATER.replace("2026-07-01", "2027-07-01").replace("40", "35")

    first, second = TABLES.overridden(LATER + one), TABLES.overridden(one + LATER)
    assert first.method("a@1", "pp-22-2021-vii") == second.method("a@1", "pp-22-2021-vii")
    assert {row["set_by"] for row in first.rows() if row.get("most") in {40.0, 35.0}} == {
        "operator"
    }
