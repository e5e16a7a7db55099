"""What a report says of how its indicators developed, computed anew from the series it lists.

A trend needs eight years, or five of months, four fifths of them filled, no gap of more than a
sixth, both ends covered, and one method, parameter set, station set and season mix throughout.
Improved or worsened is said only where the probability among all series is below 0.05.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from kembar_client import ranking
from kembar_client.periods import months_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kembar_client.canonical import Json

METHOD: Final = "kembar/seasonal-mann-kendall@1"
EXACT: Final = ("wording", "change", "reason", "n", "expected", "first", "last", "tests", "score")
ROUNDED: Final = ("variance", "inflation", "p", "p_adjusted")
LABELS: Final = (
    ("method", "method_changed"),
    ("parameters", "parameters_changed"),
    ("stations", "stations_changed"),
)


def trends(several: Sequence[Json]) -> dict[str, Json]:
    """Return what may be said of each series, by its indicator.

    Args:
        several: All series of a report: their tests count as one family.
    """
    found = {str(series["indicator"]): _assess(series["points"]) for series in several}
    tested = [code for code, one in found.items() if one["p"] is not None]
    adjusted = ranking.holm([found[code]["p"] for code in tested])
    for code, p in zip(tested, adjusted, strict=True):
        found[code] |= {"p_adjusted": p, "tests": len(tested)}
    for series in several:
        one = found[str(series["indicator"])]
        p, score = one["p_adjusted"], one["score"]
        if p is not None and p < 0.05 and score:
            is_better = (score > 0) == (series["direction"] == "up")
            one["change"] = "improved" if is_better else "worsened"
    return found


def differing(said: Json, found: Json) -> Iterator[tuple[str, object, object]]:
    """Yield the members that a report says otherwise; its numbers have six digits."""
    for name in EXACT:
        if said.get(name) != found[name]:
            yield name, said.get(name), found[name]
    slope = said.get("slope") or {}
    for name, told, value in (
        *((name, said.get(name), found[name]) for name in ROUNDED),
        *((f"slope.{name}", slope.get(name), found[name]) for name in ("value", "lower", "upper")),
    ):
        if (told is None) != (value is None) or (
            value is not None and abs(told - value) > 1e-5 * abs(value) + 1e-12
        ):
            yield name, told, value


def _assess(points: Sequence[Json]) -> Json:
    points = list(points)
    while points and points[-1]["state"] == "not_yet_due":
        points.pop()
    usable = [p["value"] is not None and p["state"] in {"ok", "provisional"} for p in points]
    reason = _refusal(points, usable)
    one = {
        "wording": "not_assessable",
        "change": None,
        "reason": reason,
        "n": float(sum(usable)),
        "expected": float(len(points)),
        "first": str(points[0]["period"]) if points else "",
        "last": str(points[-1]["period"]) if points else "",
        "tests": 0.0,
        "p_adjusted": None,
        **dict.fromkeys(("score", "variance", "inflation", "p", "value", "lower", "upper")),
    }
    if reason is not None:
        return one
    begins = [months_of(point["period"])[0] for point in points]
    ranked = ranking.rank(
        [p["value"] if is_usable else None for p, is_usable in zip(points, usable, strict=True)],
        [begin / 12 for begin in begins],
        [begin % 12 for begin in begins],
        seasonal=_per_year(points) > 1,
    )
    return one | {
        "wording": _word(ranked),
        "score": ranked.score,
        "variance": ranked.variance,
        "inflation": ranked.inflation,
        "p": ranked.p,
        "value": ranked.slope,
        "lower": ranked.lower,
        "upper": ranked.upper,
    }


def _word(ranked: ranking.Ranked) -> str:
    if ranked.p > 0.10 or ranked.score == 0:
        return "none_shown"
    way = "increasing" if ranked.score > 0 else "decreasing"
    return way if ranked.p < 0.05 else f"likely_{way}"


def _refusal(points: Sequence[Json], usable: Sequence[bool]) -> str | None:
    """Return the weightiest reason why a series bears no trend."""
    unusable = [
        reason
        for state, reason in (("below_limit", "limit_unknown"), ("above_limit", "above_range"))
        if any(point["state"] == state for point in points)
    ]
    if not any(usable):
        return [*unusable, "no_values"][0]
    reasons = [*_too_little(points, usable), *_changed(points, usable), *unusable]
    return reasons[0] if reasons else None


def _too_little(points: Sequence[Json], usable: Sequence[bool]) -> Iterator[str]:
    per_year, count = _per_year(points), len(points)
    if count / per_year < (5 if per_year == 12 else 8):
        yield "too_short"
    if sum(usable) / count < 0.8:
        yield "too_sparse"
    gaps = [len(list(run)) for is_filled, run in groupby(usable) if not is_filled]
    if max(gaps, default=0) / count > 1 / 6:
        yield "gap"
    ends = (usable[:per_year], usable[-per_year:])
    if min(sum(end) / len(end) for end in ends) < 0.5:
        yield "ends_uncovered"


def _changed(points: Sequence[Json], usable: Sequence[bool]) -> Iterator[str]:
    filled = [point for point, is_usable in zip(points, usable, strict=True) if is_usable]
    for name, reason in LABELS:
        if len({point[name] for point in filled}) > 1:
            yield reason
    middle = len(points) // 2
    halves: tuple[set[int], set[int]] = (set(), set())
    for place, (point, is_usable) in enumerate(zip(points, usable, strict=True)):
        if is_usable:
            halves[place >= middle].add(months_of(point["period"])[0] % 12)
    if halves[0] != halves[1]:
        yield "seasons_changed"


def _per_year(points: Sequence[Json]) -> int:
    first, following = months_of(points[0]["period"])
    return 12 // (following - first)
