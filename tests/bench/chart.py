"""One picture of all numbers to reach: how far each is from its goal, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Final

from tests.bench.results import TIMES, Goal, Result, shown

_LEFT, _WIDE, _RIGHT = 450, 440, 210
_STEP, _BAR, _TOP, _FOOT = 20, 12, 46, 34
_MOST: Final = 32.0
"""What is worse than this many times its goal, or better, is drawn at the edge."""
_STYLE: Final = (
    "text{font:12px sans-serif;fill:#222}.small{font-size:11px;fill:#555}"
    ".yes{fill:#2a7f62}.no{fill:#c0492f}.spread{stroke:#222;stroke-width:1.5}"
    ".goal{stroke:#222;stroke-width:1.5}.grid{stroke:#ddd}.paper{fill:#fff}"
)


def svg(results: Sequence[Result]) -> str:
    """Return a bar for each goal: its length is the share used of what the goal allows.

    The scale is logarithmic; at the line of 1 a goal is just reached, left of it is better.
    """
    bars = [(result, goal) for result in results for goal in result.goals]
    height = _TOP + _STEP * len(bars) + _FOOT
    width = _LEFT + _WIDE + _RIGHT
    foot = height - _FOOT + 4
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        "<title>How far each measured number is from what was to be reached</title>",
        f'<style>{_STYLE}</style><rect class="paper" width="{width}" height="{height}"/>',
        _text(_LEFT, 18, "share of what is allowed: left of 1 is reached (logarithmic)", "small"),
    ]
    for power in range(-5, 6):
        x = _x(2.0**power)
        kind = "goal" if power == 0 else "grid"
        parts.append(
            f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 8}" y2="{foot}"/>'
        )
        label = f"{2**power}" if power >= 0 else f"1/{2**-power}"
        parts.append(_text(x, foot + 16, label, "small", anchor="middle"))
    for place, (result, goal) in enumerate(bars):
        parts += _bar(result, goal, _TOP + _STEP * place)
    return "\n".join([*parts, "</svg>", ""])


def used(goal: Goal, number: float) -> float:
    """Return the share of what *goal* allows that *number* uses; more than 1 misses it."""
    return number / goal.bound if goal.is_most else goal.bound / number


def _bar(result: Result, goal: Goal, y: float) -> list[str]:
    number = result.of(goal)
    scale = number / result.median if goal.of != "rate" else 0.0
    ends = (
        [result.rows / each for each in result.samples]
        if goal.of == "rate"
        else [each * scale for each in result.samples]
    )
    spread = sorted(used(goal, each) for each in ends)
    x, low, high = _x(used(goal, number)), _x(spread[0]), _x(spread[-1])
    kind = "yes" if result.reaches(goal) else "no"
    middle, long = y + _BAR / 2, max(x - _LEFT, 2)
    name = f"{result.what}, {result.database}" if result.database else result.what
    unit = {"ratio": TIMES, "rate": "rows/s", "value": result.unit}[goal.of]
    return [
        _text(_LEFT - 8, y + 10, name, anchor="end"),
        f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{long:.1f}" height="{_BAR}"/>',
        f'<line class="spread" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>',
        _text(_LEFT + _WIDE + 8, y + 10, f"{shown(number)} {unit} ({goal})", "small"),
    ]


def _x(share: float) -> float:
    place = math.log(min(max(share, 1 / _MOST), _MOST), _MOST)
    return _LEFT + _WIDE * (place + 1) / 2


def _text(x: float, y: float, said: str, kind: str = "", *, anchor: str = "start") -> str:
    chosen = f' class="{kind}"' if kind else ""
    return f'<text{chosen} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>'
