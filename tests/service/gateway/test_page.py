"""The page for people."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest

from tests.service.gateway.entries import Planner, entry, fact


@pytest.fixture
def database_url(sqlite_url):
    """What is read is tested with the store: one kind is enough."""
    return sqlite_url


@pytest.fixture
def gateway(start_gateway, services, figure):
    services["waste"].offer(
        *(figure("waste.generated", f"{y}", 1000.0 * (y - 2010)) for y in (2019, 2020, 2021))
    )
    services["water"].offer(figure("water.pollution_index", "2023-06", 1.58, origin="stand-in"))
    gateway = start_gateway()
    deadline = time.monotonic() + 8
    # Each service is pulled by itself.
    while not all(n in gateway.client.get("/?lang=en").text for n in ("1.58", "11,000")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return gateway


def words(html: str) -> str:
    text = re.sub(r"<svg.*?</svg>", " ", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                "Waste generated",
                "11,000",
                "No target is stated in either agreement.",
                "Enough data",
            ],
        ),
        (
            "id",
            [
                "Timbulan sampah",
                "11.000",
                "Kedua perjanjian tidak menyebutkan target.",
                "Data cukup",
            ],
        ),
        (
            "ja",
            [
                "ごみの発生量",
                "11,000",
                "どちらの覚書にも目標値の記載がありません。",
                "データは十分",
            ],
        ),
    ],
)
def test_a_year_is_shown_in_each_language(gateway, language, expected):
    answer = gateway.client.get("/", params={"lang": language, "period": "2021"})

    assert answer.headers["content-language"] == language
    assert f'<html lang="{language}">' in answer.text
    for word in expected:
        assert word in words(answer.text)


def test_the_browser_may_choose_the_language(gateway):
    answer = gateway.client.get("/", headers={"Accept-Language": "ja-JP,ja;q=0.9,en;q=0.8"})
    other = gateway.client.get("/?lang=xx", headers={"Accept-Language": "id"})

    assert answer.headers["content-language"] == "ja"
    assert other.headers["content-language"] == "id"


def test_an_empty_period_says_so_and_shows_the_latest_figure_beside_it(gateway):
    said = words(gateway.client.get("/?lang=en").text)

    assert "No figure No data for this period Latest figure: 2021 11,000 tonnes" in said
    assert "Latest figure: June 2023 1.58 index" in said
    assert "2 of 15 indicators have a figure for this period." in said


def test_a_stand_in_is_labelled(gateway):
    said = words(gateway.client.get("/?lang=en&period=2023-06").text)

    assert said.count("Not measured here: data from another place stand in") == 1


def test_what_is_left_without_a_disruption_is_beside_the_figure(gateway):
    dates = [fact(event="start", on="2023-02"), fact(event="end", on="2023-11")]
    body = entry("flood", kind="flood", dates=dates)
    assert Planner(gateway).post("disruptions", body).status_code == 201
    said = words(gateway.client.get("/?lang=en&period=2023").text)

    assert "50.78 index" in said
    assert "Without the disrupted months Cannot be judged from what was sent" in said


def test_baseline_target_and_progress_are_in_words(gateway):
    said = words(gateway.client.get("/?lang=en&period=2023").text)

    assert "Target 58.00 index for 2023" in said
    assert "Starting point 33.43 index in 2018" in said
    assert "71% of the way from the starting point. The starting point was computed" in said
    japanese = gateway.client.get("/?lang=ja&period=2023").text
    assert "\uff082023年\uff09" in japanese
    assert "\uff082018年\uff09" in japanese
    assert "年年" not in japanese


def test_age_and_staleness_are_in_words(gateway, clock):
    fresh = words(gateway.client.get("/?lang=en&period=2021").text)
    clock.ahead += timedelta(hours=2)
    stale = words(gateway.client.get("/?lang=en&period=2021").text)

    assert re.search(r"Source last checked \d+ seconds? ago", fresh)
    assert "Source last checked 2 hours ago; the source has not answered since" in stale


def test_a_source_never_heard_of_is_said_to_be(start_gateway, services):
    for service in services.values():
        service.status = 500

    said = words(start_gateway().client.get("/?lang=en").text)

    assert "Nothing received from the source yet" in said


def test_the_page_has_no_script_and_only_its_own_style(gateway):
    answer = gateway.client.get("/?lang=en")
    style = gateway.client.get("/static/page.css")

    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert not re.search(r'(src|href)="(https?:)?//', answer.text)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")


def test_every_picture_has_a_title_and_the_figures_in_words(gateway):
    html = gateway.client.get("/?lang=en").text

    pictures = re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)
    assert len(pictures) == 3
    assert "<title" in pictures[0]
    assert "2021: 11,000 tonnes." in pictures[0]
    assert "July 2023: No data for this period." in pictures[1]


def test_a_period_that_is_not_understood_is_not_repeated(gateway):
    answer = gateway.client.get("/", params={"lang": "en", "period": "<b>2023</b>"})

    assert answer.status_code == 200
    assert "The period in the address was not understood" in answer.text
    assert "<b>" not in answer.text


def test_the_years_with_figures_are_offered(gateway):
    html = gateway.client.get("/?lang=en&period=2021").text

    offered = re.findall(r'period=(\d{4})"', html)
    assert set(offered) == {"2018", "2019", "2020", "2021", "2022", "2023"}
    assert 'href="/?lang=en&amp;period=2021" aria-current="page"' in html


def test_without_the_setting_nothing_unpublished_is_shown(start_gateway, services, figure):
    services["waste"].offer(figure("waste.generated", "2021", 11000.0))
    gateway = start_gateway(public_outcomes=False)

    for language in ("en", "id", "ja"):
        answer = gateway.client.get("/", params={"lang": language, "period": "2021"})
        assert answer.status_code == 200
        assert "11" not in words(answer.text)
        assert "/docs" in answer.text
    assert "Ask the office that runs it for access" in words(gateway.client.get("/").text)
