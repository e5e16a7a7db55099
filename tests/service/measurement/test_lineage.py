"""From a figure down to lines of files, and from a file up to its figures."""

from math import fsum

import pytest

MONTH = {"jurisdiction": "bandung", "indicator": "water.pollution_index", "period": "2023-04"}
ROWS = [
    f"{station},{name},2023-04-{day:02}T09:00:00+07:00,{value},{unit},,"
    for station in ("CPM-01", "CPM-02")
    for day in (3, 20)
    for name, value, unit in (
        ("ph", 7.1, "pH"), ("bod", 5, "mg/L"), ("cod", 30, "mg/L"), ("do", 4.5, "mg/L"),
        ("tss", 60, "mg/L"), ("temp", 26, "degC"),
    )
]  # fmt: skip


def walk(client, path, **query):
    items, cursor, first = [], None, None
    while True:
        answer = client.get(path, params=query | ({"cursor": cursor} if cursor else {})).json()
        first = first or answer
        items += answer["items"]
        cursor = answer["next"]
        if cursor is None:
            return first, items


@pytest.mark.parametrize("limit", [1, 7, 500])
def test_every_sum_is_that_of_its_measurements_and_every_line_is_named(agent, upload, limit):
    receipt = upload(*ROWS).json()
    corrected = upload(ROWS[0].replace("7.1", "6.9")).json()

    answer, sums = walk(agent, "/v1/lineage", limit=limit, **MONTH)
    figure = agent.get("/v1/indicators").json()["items"]
    assert answer["figure"] == next(
        each for each in figure if {name: each[name] for name in MONTH} == MONTH
    )
    assert len(sums) == len(ROWS)
    for each in sums:
        values = [row["value"] for row in each["measurements"]]
        assert (each["n"], each["sum"]) == (len(values), fsum(values))
    rows = [row for each in sums for row in each["measurements"]]
    lines = {(row["upload"], row["line"]) for row in rows}
    own = {(receipt["id"], line) for line in range(3, len(ROWS) + 2)}
    assert lines == own | {(corrected["id"], 2)}
    assert {row["value"] for row in rows if row["revision"] == 2} == {6.9}


def test_who_may_not_read_rows_is_told_their_place_and_a_digest(water, upload):
    upload(*ROWS)

    with water("outcomes:read", sub="p", client_id="p") as partner:
        _, before = walk(partner, "/v1/lineage", **MONTH)
        upload(ROWS[0].replace("7.1", "6.9"))
        _, after = walk(partner, "/v1/lineage", **MONTH)
    told = [row for each in before for row in each["measurements"]]
    assert {frozenset(row) for row in told} == {frozenset({"upload", "line", "revision", "digest"})}
    assert len({row["digest"] for row in told}) == len(ROWS)
    again = [row for each in after for row in each["measurements"]]
    assert len({row["digest"] for row in told} - {row["digest"] for row in again}) == 1


def test_an_upload_leads_to_the_figures_of_its_months_and_years(agent, upload):
    upload(*ROWS)
    later = upload(*(row.replace("2023-04", "2024-07") for row in ROWS)).json()

    figures = agent.get("/v1/indicators").json()["items"]
    _, found = walk(agent, f"/v1/uploads/{later['id']}/figures", limit=1)
    assert found == [each for each in figures if each["period"] in {"2024-07", "2024"}]
    assert found


def test_what_is_not_there_is_said(agent, water):
    missing = agent.get("/v1/lineage", params=MONTH)
    assert (missing.status_code, missing.json()["type"].rpartition(":")[2]) == (
        404,
        "unknown-figure",
    )
    assert agent.get("/v1/lineage", params=MONTH | {"period": "2023-13"}).status_code == 400
    assert agent.get("/v1/uploads/nowhere/figures").status_code == 404
    with water("measurements:read", stations=["CPM-01"], sub="n", client_id="n") as narrowed:
        assert narrowed.get("/v1/uploads/nowhere/figures").status_code == 404
