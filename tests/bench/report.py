"""Results as a table on the screen, as a page of the manual, and as a file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from tests.bench import chart
from tests.bench.results import TIMES, Result, Run, shown

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGE: Final = DOCS / "performance.md"
KEPT: Final = DOCS / "performance.json"
CHART: Final = DOCS / "performance.svg"
KINDS: Final = {"bench": "make bench", "large": "make bench-large"}
_BEGIN: Final = "<!-- {kind}: written by `{command}` -->"
_END: Final = "<!-- end of {kind} -->"
_HEADS: Final = (
    "case", "database", "median (min to max)", "rows/s", "ratio", "to reach", "reached", "load",
)  # fmt: skip


def cells(result: Result) -> tuple[str, ...]:
    """Return the row of a table that tells *result*."""
    spread = f"{shown(min(result.samples))} to {shown(max(result.samples))}"
    ratio = "" if result.ratio is None else f"{shown(result.ratio)} {TIMES} {result.floor}"
    reached = {None: "", True: "yes", False: "**no**"}[result.is_reached]
    return (
        result.what,
        result.database,
        f"{shown(result.median)} {result.unit} ({spread}), n={len(result.samples)}",
        shown(result.rate),
        ratio,
        "; ".join(map(str, result.goals)),
        reached,
        f"{result.load:.1f}",
    )


def markdown(results: Iterable[Result]) -> str:
    """Return a table for the manual."""
    rows = [_HEADS, tuple("---" for _ in _HEADS), *map(cells, results)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def plain(results: Iterable[Result]) -> str:
    """Return a table for the screen."""
    rows = [_HEADS, *(tuple(cell.strip("*") for cell in cells(each)) for each in results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def keep(kind: str, run: Run) -> None:
    """Keep *run* in the manual's file of results, and renew page and chart from it."""
    runs = kept()
    runs[kind] = run.as_json()
    KEPT.write_text(json.dumps(runs, indent=1, ensure_ascii=False) + "\n", "utf-8")
    renew()


def renew() -> None:
    """Make page and chart anew from the file of results."""
    runs = kept()
    PAGE.write_text(rendered(PAGE.read_text("utf-8"), runs), "utf-8")
    CHART.write_text(drawn(runs), "utf-8")


def kept() -> dict[str, Any]:
    """Return the runs that the manual's file holds, by kind."""
    return dict(json.loads(KEPT.read_text("utf-8"))) if KEPT.exists() else {}


def rendered(page: str, runs: dict[str, Any]) -> str:
    """Return *page* with its tables made anew."""
    for kind, command in KINDS.items():
        begin, end = _BEGIN.format(kind=kind, command=command), _END.format(kind=kind)
        head, _, rest = page.partition(begin)
        _, _, tail = rest.partition(end)
        assert head, f"no marker {begin}"
        assert tail, f"no marker {end}"
        told = _told(Run.of_json(runs[kind])) if kind in runs else f"Not run yet: `{command}`."
        page = f"{head}{begin}\n{told}\n{end}{tail}"
    return page


def drawn(runs: dict[str, Any]) -> str:
    """Return the chart of every number that was to be reached."""
    return chart.svg([each for kind in KINDS if kind in runs for each in _promised(runs[kind])])


def _promised(run: dict[str, Any]) -> list[Result]:
    return [each for each in Run.of_json(run).results if each.goals]


def _told(run: Run) -> str:
    machine = run.machine
    return (
        f"{run.at}, Kembar {machine['kembar']}: {machine['cores']} cores ({machine['cpu']}), "
        f"{machine['memory_gib']} GiB, Linux {machine['kernel']}, Python {machine['python']}, "
        f"PostgreSQL {machine['postgresql']}, SQLite {machine['sqlite']}.\n\n"
        f"{markdown(run.results)}"
    )


if __name__ == "__main__":
    renew()
