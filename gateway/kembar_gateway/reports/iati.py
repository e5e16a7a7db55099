"""A report as IATI 2.03 activities: the cooperation, its programmes, and results by indicator.

Nothing is made up to please the schema: an activity without a known start, and a budget longer
than a year, is left out, and a figure without a number has no `actual`.
Source: IATI Standard 2.03, iati-activities-schema.xsd; standard rule set.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from kembar_gateway.register.dates import Span
from kembar_gateway.wire import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kembar_gateway.reports.canonical import Json

VERSION: Final = "2.03"
UNREGISTERED: Final = "KEMBAR-UNREGISTERED"
"""What stands for the publisher's identifier where it has none of IATI's."""

_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_LEFT_OUT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ORGANISATIONS: Final = {
    "government": "10",
    "ministry": "10",
    "agency": "10",
    "city": "11",
    "utility": "15",
    "regency": "11",
    "province": "11",
    "company": "70",
    "institute": "80",
    "university": "80",
}
_OTHER: Final = "90"
_ROLES: Final = {"funding": "1", "accountable": "2", "extending": "3", "implementing": "4"}
_SECTORS: Final = {"waste": "14050", "water": "14040", "air": "41020"}
_OTHER_SECTOR: Final = "43030"
_RESULTS: Final = {"output": "1", "outcome": "2", "impact": "3"}
_DATES: Final = {
    ("start", False): "1", ("start", True): "2", ("end", False): "3", ("end", True): "4",
}  # fmt: skip
_STATUSES: Final = {
    "planned": "1", "running": "2", "ending": "3", "closed": "4", "cancelled": "5",
    "suspended": "6",
}  # fmt: skip
_TRANSACTIONS: Final = {"committed": "2", "disbursed": "3", "spent": "4"}
_ANY_COUNTRY: Final = "998"
_LONGEST_BUDGET_DAYS: Final = 366


def activities_of(document: Json) -> bytes:
    """Return the IATI file of a report; the same report gives the same bytes."""
    root = ET.Element(
        "iati-activities",
        {"version": VERSION, "generated-datetime": _seconds(document["generated_at"])},
    )
    for activity in document["register"]["iati"]:
        if any(date["event"] == "start" for date in activity["dates"]):
            _activity(root, document, activity)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written + b"\n"


def left_out(document: Json) -> list[str]:
    """Return the codes of the activities that no start is known of."""
    return [
        activity["code"]
        for activity in document["register"]["iati"]
        if all(date["event"] != "start" for date in activity["dates"])
    ]


def _activity(root: ET.Element, document: Json, activity: Json) -> None:
    """Append an activity, its members in the order that the schema wants."""
    parties = {party["code"]: party for party in document["register"]["parties"]}
    is_whole = activity["parent"] is None
    node = ET.SubElement(
        root,
        "iati-activity",
        {
            _LANG: "en",
            "last-updated-datetime": _seconds(document["generated_at"]),
            "hierarchy": "1" if is_whole else "2",
        },
    )
    organisation = document["organisation"] or UNREGISTERED
    ET.SubElement(node, "iati-identifier").text = _identifier(document, activity["code"])
    own = document["register"]["cooperation"]
    # A cooperation of which no party is known reports in its own name.
    first = parties[own["parties"][0]] if own["parties"] else {**own, "kind": None}
    reporting = {"ref": organisation, "type": _ORGANISATIONS.get(first["kind"], _OTHER)}
    _named(ET.SubElement(node, "reporting-org", reporting), first["names"])
    _named(ET.SubElement(node, "title"), activity["names"])
    _named(ET.SubElement(node, "description", {"type": "1"}), activity["names"])
    for text in activity["texts"]:
        _named(ET.SubElement(node, "description", {"type": "4"}), text)
    for code, role in activity["parties"]:
        _participant(node, parties[code], role)
    if not activity["parties"]:
        _participant(node, first, "implementing")
    ET.SubElement(node, "activity-status", {"code": _STATUSES[activity["status"]]})
    for stated in activity["dates"]:
        _date(node, stated)
    _where(node, activity["countries"])
    sector = _OTHER_SECTOR if is_whole else _SECTORS.get(activity["focus_area"], _OTHER_SECTOR)
    ET.SubElement(node, "sector", {"vocabulary": "1", "code": sector})
    _money(node, activity, parties)
    if is_whole:
        others = [a for a in document["register"]["iati"] if a["parent"] is not None]
        own = [a for a in others if _is_shown(a) and _above(document, a) == activity["code"]]
        _related(node, document, [("2", a["code"]) for a in own])
        for indicator, outcome in zip(document["indicators"], document["outcomes"], strict=True):
            _result(node, document, indicator, outcome)
    else:
        _related(node, document, [("1", _above(document, activity))])


def _is_shown(activity: Json) -> bool:
    return any(date["event"] == "start" for date in activity["dates"])


def _above(document: Json, activity: Json) -> str:
    """Return what an activity belongs to: the cooperation, where what is between is left out."""
    several = document["register"]["iati"]
    parent = next((a for a in several if a["code"] == activity["parent"]), several[0])
    return str(parent["code"] if _is_shown(parent) else several[0]["code"])


def _identifier(document: Json, code: str) -> str:
    return f"{document['organisation'] or UNREGISTERED}-{document['cooperation']}-{code}"


def _participant(node: ET.Element, party: Json, role: str) -> None:
    attributes = {"role": _ROLES[role]}
    if party["kind"] in _ORGANISATIONS:
        attributes["type"] = _ORGANISATIONS[party["kind"]]
    _named(ET.SubElement(node, "participating-org", attributes), party["names"])


def _date(node: ET.Element, stated: Json) -> None:
    """Append a date; where only its month or year is stated, the narrative says so."""
    span = Span.of(stated["on"])
    day = span.first if stated["event"] == "start" else span.last
    attributes = {"iso-date": day.isoformat(), "type": _DATES[stated["event"], stated["actual"]]}
    child = ET.SubElement(node, "activity-date", attributes)
    if span.first != span.last:
        narrative = ET.SubElement(child, "narrative", {_LANG: "en"})
        narrative.text = f"Stated as {stated['on']}."


def _where(node: ET.Element, countries: list[str]) -> None:
    """Append the one country; shares of several are stated nowhere, so none is given."""
    if len(countries) == 1:
        ET.SubElement(node, "recipient-country", {"code": countries[0]})
    else:
        ET.SubElement(node, "recipient-region", {"code": _ANY_COUNTRY, "vocabulary": "1"})


def _money(node: ET.Element, activity: Json, parties: Mapping[str, Json]) -> None:
    for budget in activity["budgets"]:
        span = Span.of(budget["from"], budget["to"])
        if (span.last - span.first).days >= _LONGEST_BUDGET_DAYS:
            continue
        child = ET.SubElement(node, "budget", {"type": "1", "status": budget["status"]})
        ET.SubElement(child, "period-start", {"iso-date": span.first.isoformat()})
        ET.SubElement(child, "period-end", {"iso-date": span.last.isoformat()})
        _value(child, budget, span)
    for transaction in activity["transactions"]:
        span = Span.of(transaction["on"])
        child = ET.SubElement(node, "transaction")
        code = _TRANSACTIONS[transaction["kind"]]
        ET.SubElement(child, "transaction-type", {"code": code})
        ET.SubElement(child, "transaction-date", {"iso-date": span.first.isoformat()})
        _value(child, transaction, span)
        if span.first != span.last:
            narrative = ET.SubElement(ET.SubElement(child, "description"), "narrative")
            narrative.attrib[_LANG] = "en"
            narrative.text = f"Stated as {transaction['on']}."
        if transaction["payer"] is not None:
            _named(ET.SubElement(child, "provider-org"), parties[transaction["payer"]]["names"])


def _value(node: ET.Element, money: Json, span: Span) -> None:
    attributes = {"currency": money["currency"], "value-date": span.first.isoformat()}
    ET.SubElement(node, "value", attributes).text = plain(money["value"])


def _related(node: ET.Element, document: Json, several: Iterable[tuple[str, str]]) -> None:
    for kind, code in several:
        attributes = {"type": kind, "ref": _identifier(document, code)}
        ET.SubElement(node, "related-activity", attributes)


def _result(node: ET.Element, document: Json, indicator: Json, outcome: Json) -> None:
    is_percent, is_words = indicator["percent"], indicator["measure"] == "qualitative"
    kind = _RESULTS[indicator["result"]]
    result = ET.SubElement(node, "result", {"type": kind, "aggregation-status": "0"})
    _named(ET.SubElement(result, "title"), indicator["names"])
    attributes = {
        "measure": "5" if is_words else "2" if is_percent else "1",
        "ascending": "1" if indicator["direction"] == "up" else "0",
        "aggregation-status": "0",
    }
    child = ET.SubElement(result, "indicator", attributes)
    _named(ET.SubElement(child, "title"), indicator["names"])
    _named(ET.SubElement(child, "description"), indicator["meaning"])
    ET.SubElement(child, "reference", {"vocabulary": "99", "code": indicator["code"]})
    year = outcome["baseline_year"]
    if year is not None:
        stated = {"year": f"{year:04}", "iso-date": f"{year:04}-12-31"}
        ET.SubElement(child, "baseline", stated | _number(outcome["baseline"], indicator))
    _period(child, document, indicator, outcome)


def _period(node: ET.Element, document: Json, indicator: Json, outcome: Json) -> None:
    period = Period.parse(outcome["period"])
    child = ET.SubElement(node, "period")
    first = _first_of(period.first)
    last = _first_of(period.following) - timedelta(days=1)
    ET.SubElement(child, "period-start", {"iso-date": first.isoformat()})
    ET.SubElement(child, "period-end", {"iso-date": last.isoformat()})
    if indicator["measure"] == "qualitative":
        for judgement in _judgements(document, indicator["code"], Span(first, last)):
            _named(ET.SubElement(ET.SubElement(child, "actual"), "comment"), judgement)
        return
    for name in ("target", "value"):
        said = outcome[name]
        if said is not None:
            tag = "actual" if name == "value" else name
            place = ET.SubElement(child, tag, _number(said, indicator))
            if name == "value":
                state = document["texts"][f"state.{outcome['state']}"]
                _named(ET.SubElement(place, "comment"), state)


def _judgements(document: Json, indicator: str, period: Span) -> Iterator[dict[str, str]]:
    """Yield what evaluations say of a qualitative indicator in *period*, and on whose word."""
    for evaluation in document["register"]["evaluations"]:
        if evaluation["state"] == "cancelled":
            continue
        for each in evaluation["judgements"]:
            if each["indicator"] == indicator and Span.of(each["period"]).lies_in(period):
                # A claim must not read as a finding of the publisher's own.
                source = f" [{each['status']}: {each['sources'][0]['title']}]"
                text = each["text"]
                yield {language: f"{text[language]}{source}" for language in text if text[language]}


def _first_of(month: int) -> date:
    """Return the first day of a month that is counted from year 0."""
    return date(month // 12, month % 12 + 1, 1)


def _number(value: float | None, indicator: Json) -> dict[str, str]:
    """Return the attribute for a number; what people judge in words has none."""
    if value is None or indicator["measure"] == "qualitative":
        return {}
    return {"value": plain(value, hundredfold=indicator["percent"])}


def plain(value: float, *, hundredfold: bool = False) -> str:
    """Return a number without exponent, with the digits it has and no more."""
    exact = Decimal(repr(value)) * (100 if hundredfold else 1)
    text = format(exact, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _named(node: ET.Element, texts: Mapping[str, Any]) -> None:
    """Append a text in each language it is known in."""
    for language in ("en", "id", "ja"):
        if texts.get(language):
            narrative = ET.SubElement(node, "narrative", {_LANG: language})
            narrative.text = _LEFT_OUT.sub("", texts[language])


def _seconds(instant: str) -> str:
    return f"{instant[:19]}Z"
