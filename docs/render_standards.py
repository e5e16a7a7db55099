"""Write docs/standards.md from the tables that the services judge by.

Run it from the root: .venv/bin/python docs/render_standards.py
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from kembar_air import standards as air
from kembar_shared.measurement.standards import Factor, Limit, Standards
from kembar_waste import standards as waste
from kembar_water import standards as water

PAGE = Path(__file__).parent / "standards.md"
SERVICES: tuple[tuple[str, Standards], ...] = (
    ("Air", air.build()),
    ("Water", water.build()),
    ("Waste", waste.build()),
)
HEAD = """\
# Standards

Every limit and every factor that Kembar judges by, with its source, written by
`docs/render_standards.py` from the tables that the services use. `GET /v1/standards` of a service
answers the same rows, an operator's own among them.

*Verified* says whether the value was seen in the text of its source or in a faithful copy of it.
What was not says so here, in the API's answers and beside every verdict; some are our own
conventions, which no law sets. Where a row has no first day in force, nobody has told it yet: the
row judges nothing until an operator gives it one.

A measurement is judged by the row in force on its day; before the first row of its kind, by that
one, and the verdict is marked `retrospective`.

## Rows of your own

Name a TOML file with `KEMBAR_AIR_STANDARDS_FILE` (or `_WATER_`, `_WASTE_`), run
`kembar-air migrate`, which brings it into force for all replicas, and start the service again
(`kembar up` does both):

```toml
[[limit]]
standard = "pp-22-2021-vii"
parameter = "pm25"
averaging = "PT24H"
valid_from = 2027-01-01
most = 50.0
source = "Your regulation, article"
verified = true

[[factor]]
standard = "ipcc-2006"
subject = "food"
quantity = "doc"
valid_from = 2027-01-01
value = 0.18
source = "Your own analysis"
```

A row is named by `standard`, `parameter`, `class`, `averaging`, `evaluation` and `index`, as many
of them as it takes (a factor by `standard`, `subject` and `quantity`). What it leaves out it takes
from the row it stands beside. With the same `valid_from` it takes that row's place; with another
one it is in force from that day on, and the row before it until then; `valid_to` ends a row
earlier. A service that cannot make sense of the file does not start, and says which row and why;
`kembar-air check` says so beforehand.

Some factors only you can state; without them the figures that need them say so and have no number:

- `facility` / a station's code / `control_level` (0 open dump, 1 controlled, 2 sanitary): managed
  waste by the RPJMN, SDG 11.6.1;
- `disposal-site` / a jurisdiction / `mcf`: methane avoided, where waste would have gone to another
  kind of site;
- `kang-pisman` / a jurisdiction / `baseline_kg_per_person_day`: waste reduced (kurangi);
- `iklh-parts` / a jurisdiction / `iku` and `ikl`, each for the year of its first day: the
  environment index of a city (IKLH).

What other rows judge gets another method: the identifier ends in `+` and a digest of them. The
figures made before are kept: `GET /v1/indicators?method=…` answers them, and `GET /v1/changes`
tells each figure that the new rows moved, with its number before and after.
"""
LIMIT_HEADS = (
    "parameter", "class", "averaging", "evaluation", "least", "most", "unit", "at", "in force",
    "verified", "source",
)  # fmt: skip
FACTOR_HEADS = ("subject", "quantity", "value", "unit", "in force", "verified", "source")


def render() -> str:
    """Return the page."""
    return "\n".join((HEAD, *_sections()))


def _sections() -> Iterator[str]:
    for name, standards in SERVICES:
        yield f"## {name}\n"
        rows = [*standards.limits, *standards.factors]
        for (kind, code), group in groupby(rows, key=lambda row: (type(row), row.standard)):
            yield f"### `{code}`{'' if kind is Limit else ': factors'}\n"
            yield _table(LIMIT_HEADS if kind is Limit else FACTOR_HEADS, map(_cells, group)) + "\n"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (heads, tuple("---" for _ in heads), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(row: Limit | Factor) -> tuple[str, ...]:
    known = "yes" if row.verified else "no"
    if isinstance(row, Factor):
        number = _number(row.value)
        return row.subject, row.quantity, number, row.unit, _dates(row), known, row.source
    grade = row.grade if row.index is None else f"{row.grade} (to {row.index:g})"
    at = "" if row.ref_temperature_c is None else f"{row.ref_temperature_c:g} °C"
    return (
        row.parameter, grade, row.averaging, row.evaluation, _number(row.least), _number(row.most),
        row.unit, at, _dates(row), known, row.source,
    )  # fmt: skip


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.12g}"


def _dates(row: Limit | Factor) -> str:
    if row.valid_from is None:
        return "not known"
    return f"{row.valid_from} to {row.valid_to}" if row.valid_to else f"from {row.valid_from}"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
