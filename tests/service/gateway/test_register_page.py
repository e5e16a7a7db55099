"""The page of the register for people: in three languages, each number with its JSON."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from tests.service.gateway.entries import amount, commitment, contribution, entry, step


class Outline(HTMLParser):
    """What a screen reader is told of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.links, self.said = [], [], ""
        self._open = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "a":
            self._open = (dict(attrs)["href"], "")

    def handle_data(self, data):
        self.said += data
        if self._open is not None:
            self._open = (self._open[0], self._open[1] + data)

    def handle_endtag(self, tag):
        if tag == "a":
            self.links.append(self._open)
            self._open = None

    def all(self, *names):
        return [attrs for tag, attrs in self.tags if tag in names]


@pytest.fixture(scope="module")
def page(shared_gateway):
    def read(**query):
        answer = shared_gateway.client.get("/register", params=query)
        assert answer.status_code == 200, answer.text
        return answer

    return read


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("en", ["2 of 5 points realised", "Not shown as realised", "Only a plan for more than 12"]),
        ("id", ["2 dari 5 butir terlaksana", "Tidak tercatat terlaksana", "Hanya rencana selama"]),
        ("ja", ["5項目中2項目が実現", "実現の記録なし", "12か月を超えて計画のまま"]),
    ],
)
def test_it_says_what_became_of_each_agreement(page, lang, expected):
    answer = page(lang=lang)
    said = " ".join(Outline(answer.text).said.split())

    assert answer.headers["content-language"] == lang
    for word in expected:
        assert word in said
    # No key, code or state of a program is shown to people.
    assert not re.search(r"register\.|no_data|cannot_assess|not_held", said)


def test_a_screen_reader_finds_its_way(page):
    outline = Outline(page(lang="en").text)

    assert [len(outline.all(name)) for name in ("main", "header", "footer", "h1")] == [1, 1, 1, 1]
    assert {cell.get("scope") for cell in outline.all("th")} == {"col", "row"}
    assert all("aria-label" in nav for nav in outline.all("nav"))
    named = {attrs["aria-labelledby"] for _, attrs in outline.tags if "aria-labelledby" in attrs}
    assert named <= {attrs.get("id") for _, attrs in outline.tags}
    ids = [attrs["id"] for _, attrs in outline.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert outline.all("script", "style") == []
    assert not any("style" in attrs or "onclick" in attrs for _, attrs in outline.tags)


def test_every_number_leads_to_the_same_number(page, shared_planner):
    shared_planner.post(
        "commitments",
        commitment(
            "paged", step("planned", "2023-01-01"), step("agreed", "2023-03-02"), due="2024-01-31"
        ),
    )
    shared_planner.post(
        "budget-lines",
        entry("paged", currency="IDR", needed=[amount(2_500_000)], committed=[amount(1_200_000)]),
    )
    shared_planner.post("contributions", contribution("paged", "bandung", "kawasaki", 3.5,
                                                      kind="material", unit="items"))  # fmt: skip
    outline = Outline(page(lang="en").text)
    numbers = [(href, text) for href, text in outline.links if href.startswith("/v1/")]

    assert len(numbers) > 40
    answers = {}
    for href in {href for href, _ in numbers}:
        answer = shared_planner.client.get(href, headers=shared_planner.headers)
        assert answer.status_code == 200, href
        answers[href] = answer.json()
    both = "?cooperation=bandung-kawasaki"
    tally = answers[f"/v1/realisation{both}"]["all"]["realised"]
    said = f"{tally['numerator']} of {tally['denominator']} commitments delivered"
    assert (f"/v1/realisation{both}", said) in numbers
    (idr,) = (s for s in answers[f"/v1/budget{both}"]["own"] if s["currency"] == "IDR")
    assert (f"/v1/budget{both}", f"{idr['gap']['value']:,.0f}") in numbers
    (material,) = (b for b in answers[f"/v1/assistance{both}"]["items"] if b["unit"] == "items")
    assert material["given"][0]["value"] == 3.5
    assert (f"/v1/assistance{both}", "3.5") in numbers
    late = {f"{each['days']:,}" for each in answers[f"/v1/overdue{both}"]["items"]}
    assert {text for href, text in numbers if href == f"/v1/overdue{both}"} <= late


def test_where_outcomes_are_not_public_the_register_is_not_either(start_gateway):
    html = start_gateway(public_outcomes=False).client.get("/register?lang=en").text

    assert "The figures on this server are not public" in html
    assert "Kawasaki" not in html


@pytest.fixture
def database_url(sqlite_url):
    """What is read is tested with the store: one kind is enough."""
    return sqlite_url
