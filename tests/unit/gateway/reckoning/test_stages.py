from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_gateway.reckoning.stages import stages_of
from kembar_gateway.reckoning.wholes import whole_of
from kembar_gateway.register.activities import STEPS
from tests.unit.gateway.reckoning.made import commitment, programme, step

TODAY = date(2026, 11, 25)


def stage(commitments, before):
    return next(s for s in stages_of(commitments, today=TODAY) if s.before == before)


def test_a_stage_has_its_durations_and_those_who_never_came_so_far():
    quick = commitment("a", step("planned", "2024-01-01"), step("agreed", "2024-01-11"))
    vague = commitment("b", step("planned", "2024-01"), step("agreed", "2024-03"))
    skipped = commitment("c", step("planned", "2020"), step("delivered", "2021"))
    waiting = commitment("d", step("planned", "2026-11-15"))
    ended = commitment("e", step("planned", "2019"), step("cancelled", "2020"))

    found = stage([quick, vague, skipped, waiting, ended, waiting], "planned")

    assert (found.n, found.least_days, found.most_days) == (2, 10, 90)
    assert (found.median_least_days, found.median_most_days) == ((10 + 30) / 2, (10 + 90) / 2)
    assert (found.passed_over, found.waiting, found.longest_wait_days) == (1, 1, 10)
    assert stage([skipped], "funded").passed_over == 1


def test_of_nothing_a_stage_has_no_days():
    found = stage([], "started")

    assert (found.n, found.least_days, found.median_least_days, found.waiting) == (0, None, None, 0)
    assert found.longest_wait_days is None


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, len(STEPS) - 1), max_size=12))
def test_each_commitment_waits_passes_or_is_passed_over_once_at_each_stage(reached):
    commitments = [
        commitment(f"c{n}", *(step(name, "2020") for name in STEPS[: at + 1]))
        for n, at in enumerate(reached)
    ]

    for place, found in enumerate(stages_of(commitments, today=TODAY)):
        beyond = sum(at > place for at in reached)
        assert found.n + found.passed_over == beyond
        assert found.waiting == sum(at == place for at in reached)


def test_what_several_parts_name_is_one_link_and_a_narrower_glob_is_inside_the_wider():
    programmes = [
        programme("citarum", stations=["CPM-*"], indicators=["water.ip"]),
        programme("river", "citarum", stations=["CPM-01", "CPM-*"], indicators=["water.ip"]),
        programme("bend", "river", stations=["CPM-0*", "CPM-?", "CPM-[0-9]"]),
        programme("other"),
    ]

    whole = whole_of(programmes, "citarum")

    assert [(b.programme.code, b.depth) for b in whole.branches] == [
        ("citarum", 0),
        ("river", 1),
        ("bend", 2),
    ]
    links = {link.code: (link.named_by, link.inside) for link in whole.stations}
    assert links == {
        "CPM-*": (("citarum", "river"), None),
        "CPM-01": (("river",), "CPM-*"),
        "CPM-0*": (("bend",), "CPM-*"),
        "CPM-?": (("bend",), "CPM-*"),
        "CPM-[0-9]": (("bend",), None),
    }
    assert [link.named_by for link in whole.indicators] == [("citarum", "river")]
    assert whole_of(programmes, "other").stations == ()


def test_a_glob_of_any_length_is_not_inside_one_of_a_certain_length():
    programmes = [programme("p", stations=["CPM-*", "CPM-?", "CPM-??*"])]

    links = {link.code: link.inside for link in whole_of(programmes, "p").stations}

    assert links == {"CPM-*": None, "CPM-?": "CPM-*", "CPM-??*": "CPM-*"}
