"""Whether a measure contributed to a change: told beside a control that was named beforehand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.service.gateway.entries import BOTH, Planner, faults

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PATH = "/v1/indicators/air.pm25_mean"
NOW = datetime(2023, 6, 15, tzinfo=UTC)
STARTED = "2023-08"


def uneven(month: int, seed: int) -> float:
    return ((7 * month + 3 * seed) % 11 - 5) / 2


@pytest.fixture
def months(services, figure):
    """Offer the air of Bandung and of Jakarta, where nothing was done; both are noisy alike."""

    def offer(effect, *, stations=("jakarta",)):
        figures = []
        for n in range(60):
            period, is_after = f"{2021 + n // 12}-{n % 12 + 1:02}", n >= 31
            season = 10 * (n % 12 in (6, 7, 8))
            for area, seed, moved in (("bandung", 1, effect * is_after), ("jakarta", 2, 0)):
                value = 40 + season + uneven(n, seed) + moved
                own = stations if area == "jakarta" and is_after else (area,)
                figures.append(
                    figure("air.pm25_mean", period, value, jurisdiction=area, n=30,
                           numerator=value * 30, denominator=30.0, stations=list(own))
                )  # fmt: skip
        services["air"].offer(*figures)

    return offer


@pytest.fixture
def gateway(start_gateway, clock):
    clock.ahead = NOW - datetime.now(UTC)
    return start_gateway()


def effect(gateway, clock, *, later: bool = False):
    """Name the control, before or after the measure began, and read the effect in 2026."""
    planner = Planner(gateway)
    if later:
        clock.ahead = datetime(2023, 9, 1, tzinfo=UTC) - datetime.now(UTC)
    planner.change(PATH, {"control": {"jurisdiction": "jakarta", "started": STARTED}})
    planner.change(PATH, {"digits": 2})  # another version, the same control
    clock.ahead = datetime(2026, 1, 15, tzinfo=UTC) - datetime.now(UTC)
    gateway.app.state.pulls.pull("air")
    query = {"indicator": "air.pm25_mean", "period": "2025", "cooperation": BOTH}
    (item,) = planner.get("/v1/outcomes", **query).json()["items"]
    return item["effect"]


def test_beside_a_control_named_before_it_began_a_measure_contributed(gateway, months, clock):
    months(-12)
    found = effect(gateway, clock)

    assert (found["wording"], found["reason"]) == ("contributed_to_fall", None)
    assert found["level"]["lower"] < -12 < found["level"]["upper"] < 0
    assert (found["before"], found["after"], found["control"]) == (31, 29, "jakarta")
    assert found["declared_at"].startswith("2023-06-15")


def test_without_an_effect_none_is_shown(gateway, months, clock):
    months(0)

    assert effect(gateway, clock)["wording"] == "none_shown"


def test_a_control_named_afterwards_shows_nothing(gateway, months, clock):
    months(-12)
    found = effect(gateway, clock, later=True)

    assert (found["wording"], found["reason"]) == ("not_assessable", "control_declared_late")
    assert found["level"] is None


def test_other_stations_of_the_control_show_nothing(gateway, months, clock):
    months(-12, stations=("J-1", "J-2"))

    assert effect(gateway, clock)["reason"] == "stations_changed"


def test_without_a_control_nothing_is_said_and_it_lies_elsewhere(gateway):
    planner = Planner(gateway)
    found = planner.get("/v1/outcomes", indicator="air.pm25_mean").json()["items"][0]["effect"]
    assert (found["wording"], found["reason"]) == ("not_assessable", "no_control")
    etag = planner.get(PATH).headers["etag"]
    control = {"jurisdiction": "bandung", "started": STARTED}

    refused = planner.patch(PATH, {"control": control}, etag)
    assert {code for _, code in faults(refused)} == {"control-elsewhere"}
