"""What the dashboards show: titles in English, Indonesian and Japanese, and what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from kembar_air import standards
from kembar_air.standards.indonesia import PP_22_2021_VII
from kembar_air.standards.ispu import LAST_INDEX, P_14_2020
from kembar_water.standards import scores

if TYPE_CHECKING:
    from collections.abc import Iterable

Titles = tuple[str, str, str]
Steps = tuple[tuple[float | None, str], ...]
Kind = Literal["line", "number", "table"]

LANGUAGES: Final = ("en", "id", "ja")
_COLOURS: Final = ("green", "blue", "yellow", "red", "dark-purple")


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        titles: One in each of `LANGUAGES`.
        expr: PromQL; `$place` and the like are the dashboard's variables.
        kind: How it is drawn.
        legend: Grafana's template of a series' name.
        unit: Grafana's code.
        steps: From which value on a colour is shown; None: from the beginning.
        exemplar: Whether requests are shown that took so long.
    """

    titles: Titles
    expr: str
    kind: Kind = "line"
    legend: str = ""
    unit: str = "none"
    steps: Steps = ()
    exemplar: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Panels below one heading."""

    titles: Titles
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """What a reader may choose."""

    name: str
    titles: Titles
    query: str


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard, in some languages."""

    code: str
    titles: Titles
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
    languages: tuple[str, ...] = LANGUAGES
    period: str = "now-7d"


def boards() -> tuple[Board, ...]:
    """Return every dashboard but the platform's."""
    return _city(), _cooperation()


def _ispu_steps() -> Steps:
    judged_by = standards.build()
    last = [
        factor.value
        for factor in judged_by.factors
        if factor.standard == P_14_2020 and factor.quantity == LAST_INDEX
    ]
    return _steps((None, *(value + 1 for value in sorted(last))))


def _pollution_steps() -> Steps:
    edges = [
        factor.value
        for factor in scores.factors()
        if factor.subject == "pollution_index" and factor.quantity in scores.PI_EDGES
    ]
    return _steps((None, *sorted(edges)))


def _pm25_steps() -> Steps:
    (most,) = (
        limit.most
        for limit in standards.build().of(PP_22_2021_VII)
        if (limit.parameter, limit.averaging) == ("pm25", "PT24H")
    )
    return (None, "green"), (most, "red")


def _steps(edges: Iterable[float | None]) -> Steps:
    return tuple(zip(edges, _COLOURS, strict=False))


def _city() -> Board:
    of_ispu = 'kembar_index{index="ispu", jurisdiction=~"$place"}'
    of_pollution = 'kembar_index{index="pollution_index", jurisdiction=~"$place"}'
    category = "max by (index, station, category, origin) (kembar_index_category"
    statistic = 'max by (station) (kembar_day_statistic{{{}, jurisdiction=~"$place"}})'
    late = 'kembar_measurement_latest_state{state="no_data"}'
    series = "station, parameter, material, source, origin"
    return Board(
        "city",
        ("Kembar: the city's monitoring room", "Kembar: ruang pantau kota",
         "Kembar：市の監視室"),
        (Variable("place", ("City", "Kota", "市"), "label_values(kembar_index, jurisdiction)"),),
        (
            Row(
                ("Air", "Udara", "大気"),
                (
                    Panel(("ISPU, newest day", "ISPU, hari terbaru", "ISPU（最新日）"),
                          f"max by (station, origin) ({of_ispu})", "number",
                          "{{station}} ({{origin}})", steps=_ispu_steps()),
                    Panel(("ISPU over time", "ISPU dari waktu ke waktu", "ISPUの推移"),
                          f"max by (station) ({of_ispu})", legend="{{station}}",
                          steps=_ispu_steps()),
                    Panel(("PM2.5, mean of a day, and the standard's limit",
                           "PM2.5, rerata harian, dan baku mutunya",
                           "PM2.5日平均値と環境基準"),
                          statistic.format('parameter="pm25", statistic="mean_24h"'),
                          legend="{{station}}", unit="conμgm3", steps=_pm25_steps()),
                    Panel(("Highest means of the newest day", "Rerata tertinggi hari terbaru",
                           "最新日の最高平均値"),
                          "max by (station, parameter, statistic, unit) "
                          '(kembar_day_statistic{statistic!="mean_24h", jurisdiction=~"$place"})',
                          "table"),
                    Panel(("PM2.5 as measured last", "PM2.5 pengukuran terakhir",
                           "PM2.5最新測定値"),
                          'max by (station) (kembar_measurement_latest{parameter="pm25"})',
                          legend="{{station}}", unit="conμgm3"),
                    Panel(("Categories of air and water", "Kategori udara dan air",
                           "大気と水質の区分"),
                          category + '{jurisdiction=~"$place"})', "table"),
                ),
            ),
            Row(
                ("Water and waste", "Air dan sampah", "水質と廃棄物"),
                (
                    Panel(("Pollution Index, newest sample", "Indeks Pencemaran, sampel terbaru",
                           "汚濁指数（最新試料）"),
                          f"max by (station, origin) ({of_pollution})", "number",
                          "{{station}} ({{origin}})", steps=_pollution_steps()),
                    Panel(("Age of the newest sample", "Umur sampel terbaru", "最新試料の経過時間"),
                          "time() - max by (station) (kembar_index_timestamp_seconds"
                          '{index="pollution_index", jurisdiction=~"$place"})', "number",
                          "{{station}}", "s"),
                    Panel(("Dissolved oxygen", "Oksigen terlarut", "溶存酸素"),
                          'max by (station) (kembar_measurement_latest{parameter="do"})',
                          legend="{{station}}"),
                    Panel(("Figures of the newest months and years",
                           "Angka bulan dan tahun terbaru", "最新の月・年の数値"),
                          "max by (indicator, jurisdiction, period, unit, origin) "
                          '(kembar_indicator{jurisdiction=~"$place"})', "table"),
                ),
            ),
            Row(
                ("Can it be relied on?", "Dapatkah diandalkan?", "信頼できるか"),
                (
                    Panel(("Alerts", "Peringatan", "警報"),
                          'max by (alertname, severity, station, standard, category) '
                          '(ALERTS{alertname=~"KembarIndexBad|KembarStandardExceeded|'
                          'KembarDataLate", alertstate="firing"})', "table"),
                    Panel(("Series by state of their newest value",
                           "Seri menurut keadaan nilai terbaru", "最新値の状態別系列数"),
                          f"count by (state) (max by ({series}, state) "
                          "(kembar_measurement_latest_state))",
                          legend="{{state}}"),
                    Panel(("Late series by station", "Seri terlambat per stasiun",
                           "測定局別の遅延系列数"),
                          f"count by (station) (max by ({series}) ({late}))", "table"),
                    Panel(("Rows received in an hour", "Baris diterima dalam satu jam",
                           "1時間の受信行数"),
                          "sum by (service, result) (increase(kembar_upload_rows_total[1h]))",
                          legend="{{service}}: {{result}}"),
                ),
            ),
        ),
    )  # fmt: skip


def _cooperation() -> Board:
    chosen = '{cooperation=~"$cooperation"}'
    labels = "cooperation, indicator, period, origin"
    return Board(
        "cooperation",
        ("Kembar: outcomes of the cooperation", "Kembar: hasil kerja sama",
         "Kembar：協力の成果"),
        (Variable("cooperation", ("Cooperation", "Kerja sama", "協力"),
                  "label_values(kembar_figure_state, cooperation)"),),
        (
            Row(
                ("Outcomes", "Hasil", "成果"),
                (
                    Panel(("Outcomes", "Hasil", "成果"),
                          f"max by ({labels}) (kembar_outcome{chosen})", "table"),
                    Panel(("Progress from baseline to target",
                           "Kemajuan dari garis dasar ke sasaran", "基準値から目標への進捗"),
                          f"max by ({labels}) (kembar_outcome_progress_ratio{chosen})", "number",
                          "{{indicator}} {{period}} ({{origin}})", "percentunit"),
                    Panel(("Outcomes over time", "Hasil dari waktu ke waktu", "成果の推移"),
                          f"max by (indicator, period) (kembar_outcome{chosen})",
                          legend="{{indicator}} {{period}}"),
                    Panel(("States of the figures", "Keadaan angka", "数値の状態"),
                          f"max by (figure, period, state, origin) (kembar_figure_state{chosen})",
                          "table"),
                ),
            ),
            Row(
                ("How old they are", "Umurnya", "鮮度"),
                (
                    Panel(("Since the figures were confirmed", "Sejak angka dikonfirmasi",
                           "数値確認からの経過時間"),
                          f"cooperation_indicator:kembar_outcome_age_seconds:max{chosen}",
                          legend="{{indicator}}", unit="s"),
                    Panel(("Services that are heard", "Layanan yang terdengar", "応答中のサービス"),
                          "max by (service) (kembar_source_up)", "number", "{{service}}",
                          steps=((None, "red"), (1, "green"))),
                ),
            ),
            Row(
                ("The register", "Register", "登録簿"),
                (
                    Panel(("Overdue", "Terlambat", "期限超過"),
                          f"max by (what, reason) (kembar_overdue{chosen})", "number",
                          "{{what}}: {{reason}}", steps=((None, "green"), (1, "orange"))),
                    Panel(("Age of the oldest that is overdue", "Umur keterlambatan terlama",
                           "最も古い期限超過の経過時間"),
                          "time() - min by (what, reason) "
                          f"(kembar_overdue_since_timestamp_seconds{chosen})", "number",
                          "{{what}}: {{reason}}", "s"),
                ),
            ),
        ),
        period="now-90d",
    )  # fmt: skip
