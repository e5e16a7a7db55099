"""Results become tables, a page and a picture."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from tests.bench import chart, report
from tests.bench.results import Goal, Result, Run

SVG = "{http://www.w3.org/2000/svg}"
FAST = Result(
    "a file", "sqlite", "s", [2.0, 1.0, 3.0], 900_000, [2.0, 2.0, 1.0], "floor",
    [Goal("ratio", 1.25), Goal("rate", 300_000, is_most=False)], load=0.5,
)  # fmt: skip
SLOW = Result(
    "posts <16>", "postgresql", "posts/s", [100.0], 0, [1000.0], "echo",
    [Goal("ratio", 0.5, is_most=False)], load=2,
)  # fmt: skip
PLAIN = Result("a floor", "", "ms", [0.012, 1234.0], load=2)
RUN = Run("2026-01-01 00:00 UTC", dict.fromkeys(
    ("cpu", "cores", "memory_gib", "kernel", "python", "sqlite", "postgresql", "kembar"), "x"
), {}, [FAST, SLOW, PLAIN])  # fmt: skip


def test_a_result_says_whether_each_goal_is_reached():
    assert (FAST.median, FAST.ratio, FAST.rate, FAST.is_reached) == (2, 1, 450_000, True)
    assert (SLOW.ratio, SLOW.is_reached) == (0.1, False)
    assert (PLAIN.ratio, PLAIN.rate, PLAIN.is_reached) == (None, None, None)


def test_a_run_survives_its_file():
    written = json.dumps(RUN.as_json())

    again = Run.of_json(json.loads(written))

    assert json.dumps(again.as_json()) == written
    assert report.markdown(again.results) == report.markdown(RUN.results)


def test_a_table_tells_median_spread_ratio_and_goal():
    row = report.cells(FAST)

    assert row == (
        "a file", "sqlite", "2 s (1 to 3), n=3", "450,000", "1 × floor",  # noqa: RUF001
        "≤ 1.25 ×; ≥ 300,000 rows/s", "yes", "0.5",  # noqa: RUF001
    )  # fmt: skip
    assert "**no**" in report.markdown([SLOW])
    assert "no" in report.plain([SLOW]).split()


def test_the_page_is_renewed_between_its_markers_only():
    page = report.PAGE.read_text("utf-8")
    runs = {"bench": RUN.as_json()}

    renewed = report.rendered(page, runs)

    assert "| a file | sqlite |" in renewed
    assert report.rendered(renewed, runs) == renewed
    assert report.rendered(renewed, report.kept()) == report.rendered(page, report.kept())


def test_the_chart_has_a_bar_for_every_goal():
    drawn = ET.fromstring(chart.svg([FAST, SLOW]))

    bars = [each for each in drawn.iter(f"{SVG}rect") if each.get("class") in {"yes", "no"}]
    said = [each.text for each in drawn.iter(f"{SVG}text")]
    assert [bar.get("class") for bar in bars] == ["yes", "yes", "no"]
    assert "posts <16>, postgresql" in said
    assert all(float(bar.get("width")) > 0 for bar in bars)


@pytest.mark.parametrize(
    ("goal", "number", "share"),
    [(Goal("value", 10), 5.0, 0.5), (Goal("value", 10, is_most=False), 5.0, 2.0)],
)
def test_a_bars_length_is_the_share_of_what_is_allowed(goal: Goal, number: float, share: float):
    assert chart.used(goal, number) == share


def test_the_manual_shows_what_the_file_of_results_holds():
    page, runs = report.PAGE.read_text("utf-8"), report.kept()

    assert page == report.rendered(page, runs), "run: python -m tests.bench.report"
    assert report.CHART.read_text("utf-8") == report.drawn(runs), "the same"
