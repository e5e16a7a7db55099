"""Write deploy/grafana/dashboards: `python -m deploy.monitoring.dashboards`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import GraphTresholdsStyleMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.monitoring import platform_board
from deploy.monitoring.boards import LANGUAGES, Board, Panel, Variable, boards

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER: Final = Path(__file__).parents[1] / "grafana" / "dashboards"
SOURCE: Final = DataSourceRef(type_val="prometheus", uid="prometheus")
"""As deploy/grafana/provisioning names it."""

_HEIGHT, _HALF, _QUARTER = 8, 12, 6


def rendered() -> Iterator[tuple[Path, str]]:
    """Yield each dashboard's file and text: a folder for each language."""
    for board in (*boards(), platform_board.board()):
        for language in board.languages:
            built = _built(board, LANGUAGES.index(language), f"kembar-{board.code}-{language}")
            text = JSONEncoder(sort_keys=True, indent=1, ensure_ascii=False).encode(built.build())
            yield FOLDER / language / f"{board.code}.json", text + "\n"


def _built(board: Board, place: int, uid: str) -> dashboard.Dashboard:
    made = (
        dashboard.Dashboard(board.titles[place])
        .uid(uid)
        .tags(["kembar"])
        .readonly()
        .refresh("1m")
        .time(board.period, "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
    )
    for variable in board.variables:
        made.with_variable(_variable(variable, place))
    for row in board.rows:
        made.with_row(dashboard.Row(row.titles[place]))
        for panel in row.panels:
            made.with_panel(_panel(panel, place))
    return made


def _variable(variable: Variable, place: int) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(variable.name)
        .label(variable.titles[place])
        .query(variable.query)
        .datasource(SOURCE)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".+")
    )


def _panel(panel: Panel, place: int) -> timeseries.Panel | stat.Panel | table.Panel:
    query = prometheus.Dataquery().expr(panel.expr).legend_format(panel.legend)
    made: timeseries.Panel | stat.Panel | table.Panel
    if panel.kind == "line":
        made = timeseries.Panel().span(_HALF)
        query = query.range().exemplar(panel.exemplar)
        if panel.steps:
            style = common.GraphThresholdsStyleConfig().mode(GraphTresholdsStyleMode.LINE)
            made.thresholds_style(style)
    elif panel.kind == "number":
        made = stat.Panel().span(_QUARTER)
        made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        query = query.instant()
    else:
        made = table.Panel().span(_HALF)
        query = query.instant().format(PromQueryFormat.TABLE)
    made.title(panel.titles[place]).unit(panel.unit).height(_HEIGHT).datasource(SOURCE)
    made.with_target(query)
    if panel.steps:
        steps = [Threshold(value=value, color=colour) for value, colour in panel.steps]
        made.thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    return made


def expressions() -> Iterator[tuple[str, str]]:
    """Yield where each expression stands, and the expression as it is checked in."""
    for file in sorted(FOLDER.glob("*/*.json")):
        for panel in json.loads(file.read_text("utf-8"))["panels"]:
            for target in panel.get("targets", ()):
                yield f"{file.parent.name}/{file.stem}: {panel['title']}", target["expr"]


def main() -> None:
    """Write the files."""
    for file, text in rendered():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
