"""The profile of Bandung and Kawasaki, and profiles that cannot be used."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import resources

import pytest

from kembar_gateway import register
from kembar_gateway.register import ProfileRejected
from kembar_gateway.register.agreements import Agreement
from kembar_gateway.register.programmes import Programme
from kembar_gateway.wire import Period
from kembar_shared.chassis.verifying import Caller

BOTH = "bandung-kawasaki"
PACKAGED = (resources.files("kembar_gateway") / "profiles" / "bandung-kawasaki.toml").read_text(
    encoding="utf-8"
)


@pytest.fixture
def packaged():
    return register.load(None)


@pytest.fixture
def changed(tmp_path):
    def change(before: str, after: str):
        assert before in PACKAGED
        path = tmp_path / "profile.toml"
        path.write_text(PACKAGED.replace(before, after, 1), encoding="utf-8")
        return register.load(path)

    return change


def test_the_two_agreements_have_their_dates_and_scopes(packaged):
    first, second = packaged.of(BOTH, "agreements", Agreement)

    assert (first.signed_on, second.signed_on) == ("2016-02-18", "2020-02-06")
    assert [scope.named for scope in first.scopes] == [True, True, True, True, False]
    assert [scope.code for scope in second.scopes] == ["waste", "water", "air"]
    assert {s.code: s.continues_as for s in first.scopes} == {
        "solid-waste": "waste",
        "wastewater": "water",
        "energy": None,
        "technology-transfer": None,
        "fifth": None,
    }


def test_kang_pisman_keeps_both_dates_that_are_stated(packaged):
    programmes = packaged.of(BOTH, "programmes", Programme)
    programme = next(p for p in programmes if p.code == "kang-pisman")

    starts = {d.on: (d.sources[0].code, d.status) for d in programme.dates if d.event == "start"}
    assert starts == {
        "2018-10-17": ("fokusjabar-2019", "published"),
        "2016": ("thesis", "claimed"),
    }


def test_no_target_is_invented_and_its_absence_is_said(packaged):
    for indicator in packaged.indicators_of(BOTH):
        if indicator.code != "water.citarum_ika":
            assert (indicator.baseline, indicator.targets) == (None, ())
            assert indicator.targets_note.say("en").startswith("No target")


def test_the_citarum_index_is_fed_by_the_register(packaged):
    figures = {f.period: f.value for f in packaged.published_figures_of(BOTH)}

    assert figures == {
        "2018": 33.43,
        "2019": 40.67,
        "2020": 55.0,
        "2021": 50.13,
        "2022": 51.01,
        "2023": 50.78,
    }
    targets = {t.year: t.value for t in packaged.indicators["water.citarum_ika"].targets}
    assert targets == {2020: 55, 2021: 56, 2022: 57, 2023: 58}


def test_every_fact_is_shown_with_its_sources_spelled_out(packaged):
    first = packaged.of(BOTH, "agreements", Agreement)[0]

    assert first.sources[0].where == "eri-kawasaki.jp/?p=7855"
    assert first.scopes[4].sources[0].title.startswith("Thesis")


def test_the_month_is_that_of_the_cooperation(packaged):
    late_evening_utc = datetime(2026, 10, 31, 17, 30, tzinfo=UTC)

    assert packaged.this_month("bandung-kawasaki", late_evening_utc) == Period.parse("2026-11")


@pytest.mark.parametrize(
    ("narrowing", "count"),
    [(None, 1), (("bandung-kawasaki",), 1), (("bandung-*",), 1), (("surabaya",), 0), ((), 0)],
)
def test_a_caller_sees_the_cooperations_it_is_narrowed_to(packaged, narrowing, count):
    caller = Caller("someone", frozenset(), None, narrowing)

    assert len(packaged.joined_by(caller)) == count


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ('sources = ["eri-7855"]', 'sources = ["nowhere"]', "nowhere"),
        ('focus_area = "water"', 'focus_area = "fire"', "fire"),
        ('partners = ["jica"', 'partners = ["jiac"', "jiac"),
        ('replaces = "mou-2016"', 'replaces = "mou-2015"', "mou-2015"),
        ('targets_note = "no-target"', "", "targets"),
        ('code = "kawasaki"', 'code = "bandung"', "twice"),
        ('status = "published"', 'status = "certain"', "status"),
        ('timezone = "Asia/Jakarta"', 'timezone = "Asia/Atlantis"', "time zone"),
        ('unit = "t"', 'unit = "t"\nunitt = "kg"', "unitt"),
        ("value = 33.43", "value = nan", "finite"),
        ("format = 1", "format = ", "format"),
    ],
)
def test_a_profile_with_a_mistake_is_refused_with_its_place(changed, before, after, complaint):
    with pytest.raises(ProfileRejected) as rejected:
        changed(before, after)

    if complaint != "format":
        assert complaint in str(rejected.value)


def test_a_missing_profile_is_refused(tmp_path):
    with pytest.raises(ProfileRejected):
        register.load(tmp_path / "none.toml")
