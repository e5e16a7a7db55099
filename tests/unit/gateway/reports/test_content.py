"""A report has one spelling, whatever the order and language it was asked in."""

from __future__ import annotations

import json
from datetime import timedelta, timezone

from kembar_gateway.reports import bundle, canonical, content
from tests.reporting import AT, FIGURES, TEXTS, figure, made


def sealed(*arguments, **named):
    document, inputs = made(*arguments, **named)
    return content.sealed(document, bundle.digests_of(bundle.files_of(document, inputs)))


def outcome(document, indicator):
    (found,) = [each for each in document["outcomes"] if each["indicator"] == indicator]
    return found


def test_the_order_of_the_figures_and_the_zone_of_the_clock_change_nothing():
    later = sealed(FIGURES[::-1], at=AT.astimezone(timezone(timedelta(hours=7))))

    assert later == sealed()


def test_every_input_counts():
    first = sealed()

    for place, each in enumerate(FIGURES[:-1]):
        changed = each.model_copy(update={"digest": "another"})
        assert sealed((*FIGURES[:place], changed, *FIGURES[place + 1 :])) != first
    (_, less), (_, inputs) = made(FIGURES[:-1]), made()
    assert less["figures"] == inputs["figures"], "of another year it is an input of the trend alone"
    assert less["series"] != inputs["series"]


def test_each_outcome_names_the_digest_of_everything_it_was_computed_from():
    document, inputs = made()
    of_air = [f for f in inputs["figures"] if f["indicator"] == "air.ispu_good_share"]
    definitions = {d["indicator"]: d for d in inputs["definitions"]}

    shown = outcome(document, "air.ispu_good_share")
    (series,) = [each for each in inputs["series"] if each["indicator"] == "air.ispu_good_share"]
    assert shown["figures"] == [canonical.digest_of(each) for each in (*of_air, series)]
    assert len(of_air) == 12
    assert shown["definition"] == canonical.digest_of(definitions["air.ispu_good_share"])
    assert {(f["service"], f["valid_from"]) for f in of_air} == {
        ("air", "2026-11-24T09:00:00.123456Z")
    }
    assert of_air[0]["stations"] == ["S-1", "S-2"]


def test_no_state_becomes_a_number():
    document, _ = made()

    shown = outcome(document, "water.pollution_index")
    assert (shown["value"], shown["state"]) == (None, "insufficient")
    table = bundle.table_of(document).decode()
    (line,) = [row for row in table.splitlines() if "water.pollution_index" in row]
    assert line.split(",")[4:7] == ["", "1", "insufficient"]


def test_every_code_is_explained_in_each_language():
    document, _ = made()

    assert set(document["texts"]) == set(TEXTS)
    assert all(set(texts) == {"en", "id", "ja"} for texts in document["texts"].values())
    for each in document["outcomes"]:
        assert f"state.{each['state']}" in document["texts"]


def test_the_table_holds_no_formula():
    document, _ = made((figure("waste.generated", "2023", 1.0, method="=HYPERLINK(1)"),))

    assert b",'=HYPERLINK(1)," in bundle.table_of(document)


def test_the_bundle_is_the_same_bytes_and_names_all_its_files():
    document, inputs = made()
    files = bundle.files_of(document, inputs)
    report = json.loads(content.sealed(document, bundle.digests_of(files)))

    assert bundle.archive(files) == bundle.archive(dict(reversed(files.items())))
    assert set(report["files"]) == set(files) == {
        "inputs.json", "outcomes.csv", "iati.xml",
        "README.en.txt", "README.id.txt", "README.ja.txt",
    }  # fmt: skip
    assert report["files"]["iati.xml"]["bytes"] == len(files["iati.xml"])


def test_the_readme_says_what_iati_leaves_out():
    document, inputs = made()
    files = bundle.files_of(document, inputs)

    assert "citarum-harum" in files["README.ja.txt"].decode()
    assert b"citarum-harum" not in files["iati.xml"]
