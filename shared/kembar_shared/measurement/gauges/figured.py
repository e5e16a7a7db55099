"""Newest figures of jurisdictions."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, Final

from kembar_shared.chassis.exposition import Family, Row, Sheet
from kembar_shared.measurement import store
from kembar_shared.measurement.periods import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kembar_shared.chassis.database import Connection

    Figure = Mapping[str, Any]  # Any: one member for each column

_FIGURE: Final = ("indicator", "jurisdiction", "period", "origin")
_VALUE: Final = Family(
    "kembar_indicator", "Newest figure of an indicator that has a number.", (*_FIGURE, "unit")
)
_UNTIL: Final = Family(
    "kembar_indicator_until_timestamp_seconds",
    "When the period of that figure ends, at midnight UTC.",
    _FIGURE,
)
_STATE: Final = Family(
    "kembar_figure_state",
    "1 for the state of the newest figure of an indicator.",
    ("figure", *_FIGURE[1:], "state"),
)
_ALWAYS: Final = float("inf")
_NOTHING: Final = ("", "", "")


class Figured:
    """The newest month and the newest year of each indicator and jurisdiction."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.sheet = Sheet(_VALUE, _UNTIL, _STATE)

    def renew(self, conn: Connection) -> None:
        """Read all of them anew."""
        figures = store.scraped.figures(conn)
        self.sheet.clear()
        for figure in _newest(figures):
            labels = [str(figure[name]) for name in _FIGURE]
            self._put("state", figure, ("", "", _STATE.line((*labels, figure["state"]), 1)))
        for figure in _newest(each for each in figures if each["value"] is not None):
            labels = [str(figure[name]) for name in _FIGURE]
            until = datetime.combine(Period.parse(figure["period"]).following, time(), UTC)
            value = _VALUE.line((*labels, figure["unit"]), figure["value"])
            self._put("value", figure, (value, _UNTIL.line(labels, until.timestamp()), ""))

    def _put(self, what: str, figure: Figure, lines: tuple[str, str, str]) -> None:
        key = (what, *(figure[name] for name in ("indicator", "jurisdiction", "period")))
        self.sheet.put(key, Row(lines, _ALWAYS, _NOTHING))


def _newest(figures: Iterable[Figure]) -> Iterable[Figure]:
    newest: dict[tuple[str, str, int], Figure] = {}
    for figure in figures:
        key = (figure["indicator"], figure["jurisdiction"], len(figure["period"]))
        if key not in newest or figure["period"] > newest[key]["period"]:
            newest[key] = figure
    return newest.values()
