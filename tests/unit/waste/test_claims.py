from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_waste.catalogue import MATERIALS
from kembar_waste.indices import claims
from kembar_waste.indices.claims import Claim, ClaimsOverlap, ClaimsUnfit

FIRST = date(2025, 1, 1)


def claim(programme="kang-pisman", since=0, until=365, share=1.0, **changes):
    made = {"station": "TPST-01", "route": "composted", "material": ""} | changes
    start = FIRST + timedelta(days=since)
    end = FIRST + timedelta(days=until)
    return Claim(programme=programme, since=start, until=end, share=share, **made)


def toml(**changes):
    members = {
        "programme": '"kang-pisman"',
        "station": '"TPST-01"',
        "route": '"composted"',
        "from": "2025-01-01",
        "to": "2026-01-01",
    } | changes
    lines = [f"{name} = {value}" for name, value in members.items() if value is not None]
    return "\n".join(["[[claim]]", *lines, ""])


def parse(text):
    return claims.parse(text, materials=MATERIALS)


def test_claims_are_read():
    assert parse(toml()) == (claim(),)
    assert parse(toml(material='"organic"', share="0.4")) == (claim(material="organic", share=0.4),)
    assert parse("") == ()


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("[[claim", "TOML", "[[claim]]"),
        ("[[claims]]", "claims", "[[claim]]"),
        ("[claim]", "claim", "two brackets"),
        ("claim = 3", "claim", "two brackets"),
        (toml() + toml(station=None), "claim 2: station", "the code of the station"),
        (toml(tonnes="3"), "claim 1", "there are programme"),
        (toml(programme='""'), "claim 1: programme", "the code of the programme"),
        (toml(station="7"), "claim 1: station", "the code of the station"),
        (toml(route='"landfilled"'), "claim 1: route", "recycled, composted, reused"),
        (toml(material='"compost"'), "claim 1: material", "organic"),
        (toml(**{"from": '"2025"'}), "claim 1: from", "write from = 2025-01-01"),
        (toml(to="2025-01-01T00:00:00"), "claim 1: to", "write to = 2026-01-01"),
        (toml(to="2025-01-01"), "claim 1", "no longer claimed"),
        (toml(share="0"), "claim 1: share", "above 0"),
        (toml(share="1.01"), "claim 1: share", "up to 1"),
        (toml(share="true"), "claim 1: share", "a number"),
        (toml(share="nan"), "claim 1: share", "a number"),
    ],
)
def test_what_is_no_claim_is_refused_with_place_and_remedy(text, place, remedy):
    with pytest.raises(ClaimsUnfit) as refusal:
        parse(text)

    assert place in str(refusal.value)
    assert remedy in str(refusal.value)


def test_no_tonne_is_credited_to_two_programmes():
    with pytest.raises(ClaimsOverlap) as refusal:
        parse(toml() + toml(programme='"jica"', **{"from": "2025-12-31"}, to="2026-06-01"))

    text = str(refusal.value)
    assert "claim 1, 'kang-pisman'" in text
    assert "claim 2, 'jica'" in text
    assert "2025-12-31" in text


@pytest.mark.parametrize(
    "others",
    [
        [claim("jica", 365, 400)],
        [claim("jica", -30, 0)],
        [claim("jica", station="TPST-02")],
        [claim("jica", route="recycled")],
    ],
)
def test_claims_of_different_waste_stand_side_by_side(others):
    claims.refuse_overlaps([claim(), *others])


@pytest.mark.parametrize(
    ("held", "is_too_much"),
    [
        ([claim(share=0.7), claim("jica", share=0.3)], False),
        ([claim(share=0.7), claim("jica", share=0.300001)], True),
        ([claim(share=0.7), claim("jica", share=0.2), claim("jcm", share=0.1)], False),
        ([claim(share=0.4), claim("jica", share=0.4), claim("jcm", share=0.4)], True),
        ([claim(material="organic"), claim("jica", material="paper")], False),
        ([claim(material="organic", share=0.5), claim("jica", share=0.5)], False),
        ([claim(material="organic", share=0.6), claim("jica", share=0.5)], True),
        ([claim("jica", share=0.5), claim(material="organic", share=0.6, since=90)], True),
        ([claim(share=0.6), claim("a", 0, 10, 0.4), claim("b", 10, 20, 0.4)], False),
        ([claim(), claim()], True),
    ],
)
def test_shares_of_one_stream_are_never_more_than_all_of_it(held, is_too_much):
    if not is_too_much:
        claims.refuse_overlaps(held)
        return
    with pytest.raises(ClaimsOverlap):
        claims.refuse_overlaps(held)


CLAIMS = st.lists(
    st.builds(
        claim,
        programme=st.sampled_from("abc"),
        since=st.integers(0, 6),
        until=st.integers(7, 12),
        share=st.sampled_from([0.25, 0.5, 1.0]),
        material=st.sampled_from(["", "organic", "paper"]),
    ),
    max_size=4,
)


@settings(deadline=None, max_examples=50)
@given(CLAIMS)
def test_claims_are_refused_if_and_only_if_a_day_has_too_many(held):
    days = [FIRST + timedelta(days=n) for n in range(12)]
    most = max(
        sum(c.share for c in held if c.since <= day < c.until and c.material in {"", material})
        for day in days
        for material in ("organic", "paper")
    )

    try:
        claims.refuse_overlaps(held)
    except ClaimsOverlap:
        assert most > 1.0
    else:
        assert most <= 1.0
