"""What `kembar verify` makes of the series of a report, beside what the gateway made of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtr

from kembar_client import canonical, ranking, trending
from kembar_gateway import trends
from kembar_gateway.reports import canonical as reports
from kembar_gateway.reports import content
from kembar_gateway.statistics import guard
from kembar_gateway.statistics.series import Point
from kembar_gateway.wire import State

USABLE = (State.OK, State.OK, State.PROVISIONAL)


@st.composite
def a_series(draw):
    """Draw a series of months or years with memory, a slope, ties, gaps and other methods."""
    is_monthly = draw(st.booleans())
    n = draw(st.integers(60, 90) if is_monthly else st.integers(8, 20))
    noise = np.random.default_rng(draw(st.integers(0, 10_000))).normal(size=n)
    memory, slope = draw(st.sampled_from([0.0, 0.6])), draw(st.sampled_from([0.0, 0.05, -0.3]))
    digits = draw(st.sampled_from([1, 6]))
    points, value = [], 0.0
    for k in range(n):
        value = memory * value + noise[k]
        period = f"{2015 + k // 12}-{k % 12 + 1:02}" if is_monthly else f"{2000 + k}"
        number = round(float(20 + value + slope * k), digits)
        is_empty = draw(st.integers(0, 30)) == 0
        points.append(
            Point(
                period,
                None if is_empty else number,
                State.INSUFFICIENT if is_empty else draw(st.sampled_from(USABLE)),
                "m@2" if k > n - 3 and draw(st.integers(0, 9)) == 0 else "m@1",
                "bod+cod",
                "A+B",
            )
        )  # fmt: skip
    return tuple(points), draw(st.sampled_from(["up", "down"]))


def both(several):
    """Return what the gateway says of some series, and what the client makes of them."""
    own = [guard.assess(points, guard.Direction(way)) for points, way in several]
    said = [trends.shown(one).model_dump(mode="json") for one in guard.conclude(own)]
    listed = [content.series_of(f"air.{k}", way, points) for k, (points, way) in enumerate(several)]
    read = canonical.read(reports.dumps({"series": listed, "said": said}))
    return read["said"], trending.trends(read["series"])


@given(st.lists(a_series(), min_size=1, max_size=3))
@settings(max_examples=15, deadline=None)
def test_two_programs_say_the_same_of_a_series(several):
    said, found = both(several)

    for number, one in enumerate(said):
        assert list(trending.differing(one, found[f"air.{number}"])) == []


def rising(n=70):
    return tuple(
        Point(period, 30 + 0.4 * k + (7 * k % 5) / 5, State.OK, "m", "", "")
        for k, period in ((k, f"{2015 + k // 12}-{k % 12 + 1:02}") for k in range(n))
    )  # fmt: skip


def test_a_claim_that_does_not_follow_is_found():
    (said,), found = both([(rising(), "down")])
    assert (said["wording"], said["change"]) == ("increasing", "worsened")

    for name, value in (("change", "improved"), ("p", said["p"] * 2), ("score", 1.0), ("n", 71.0)):
        names = [place for place, _, _ in trending.differing(said | {name: value}, found["air.0"])]
        assert names == [name]
    steeper = said | {"slope": said["slope"] | {"value": said["slope"]["value"] * 1.001}}
    assert [p for p, _, _ in trending.differing(steeper, found["air.0"])] == ["slope.value"]


def test_what_forbids_a_trend_is_found_again():
    whole = rising()
    empty = [Point(p.period, None, State.NO_DATA, "", "", "") for p in whole]
    cases = {
        "too_short": whole[:40],
        "too_sparse": (*whole[:10], *empty[10:30], *whole[30:]),
        "gap": (*whole[:10], *empty[10:23], *whole[23:]),
        "no_values": tuple(empty),
        "limit_unknown": (*whole[:30], Point(whole[30].period, None, State.BELOW_LIMIT, "", "", ""),
                          *whole[31:]),
    }  # fmt: skip
    said, found = both([(points, "up") for points in cases.values()])

    assert [one["reason"] for one in said] == list(cases)
    assert [found[f"air.{k}"]["reason"] for k in range(len(cases))] == list(cases)
    assert both([((), "up")])[1]["air.0"]["reason"] == "no_values"


@pytest.mark.parametrize("degrees", [1.0, 4.3, 27.5, 90.0])
@pytest.mark.parametrize("t", [0.0, 0.01, 0.7, 1.99, 6.2, 40.0])
def test_students_t_is_the_librarys(t, degrees):
    assert ranking.student(t, degrees) == pytest.approx(2 * stdtr(degrees, -t), rel=1e-9)
