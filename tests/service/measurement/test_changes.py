"""The feed of changes: everything that happened, once, in the order of its commit."""

from __future__ import annotations

import threading

import pytest

ROW = "{},bod,2026-01-{:02}T10:00:00+07:00,{},mg/L,,"


def walk(client, limit=1000, cursor=None, **query):
    """Read the feed to its end; return its items and where it ends."""
    items = []
    while True:
        asked = {"limit": limit, **query} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/changes", params=asked).json()
        items += page["items"]
        if not page["items"]:
            return items, page["next"]
        cursor = page["next"]


def told(items):
    return [
        (i["change"], i["measurement"]["station"], i["measurement"]["time"][8:10],
         i["measurement"]["value"])
        for i in items
    ]  # fmt: skip


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_everything_comes_once_and_in_order(agent, water, upload, limit):
    first = upload(ROW.format("CPM-02", 5, 1), ROW.format("CPM-01", 6, 2))
    upload(ROW.format("CPM-01", 6, 3), ROW.format("CPM-01", 7, 4))
    upload(ROW.format("CPM-01", 7, 4))
    with water("measurements:review", sub="r", client_id="r") as reviewer:
        reviewer.post(
            "/v1/reviews",
            json={"flag": 3, "reason": "Doubtful.", "stations": ["CPM-01"], "to": "2026-01-07"},
        )
    agent.post(f"/v1/uploads/{first.json()['id']}/retraction", json={"reason": "Mistake."})

    items, _ = walk(agent, limit)

    assert told(items[:2]) == [
        ("insertion", "CPM-01", "06", 2.0),
        ("insertion", "CPM-02", "05", 1.0),
    ] or told(items[:2]) == [
        ("insertion", "CPM-02", "05", 1.0),
        ("insertion", "CPM-01", "06", 2.0),
    ]
    assert told(items[2:]) == [
        ("correction", "CPM-01", "06", 3.0),
        ("insertion", "CPM-01", "07", 4.0),
        ("review", "CPM-01", "06", 3.0),
        ("retraction", "CPM-02", "05", 1.0),
    ]
    assert [i["measurement"]["flag"] for i in items[4:]] == [3, 9]
    assert [i["seq"] for i in items] == sorted(i["seq"] for i in items)


def test_the_end_is_where_to_go_on(agent, upload):
    upload(ROW.format("CPM-01", 5, 1))
    _, end = walk(agent)
    upload(ROW.format("CPM-01", 4, 2))

    items, _ = walk(agent, cursor=end)

    assert told(items) == [("insertion", "CPM-01", "04", 2.0)]


def test_replaying_the_feed_gives_what_is_stored(agent, upload):
    for n in range(6):
        upload(*(ROW.format("CPM-01", d, d + n // 2) for d in range(1 + n, 8 + n)), reinstate=True)

    state = {}
    for item in walk(agent, 5)[0]:
        measured = item["measurement"]
        state[measured["station"], measured["time"]] = measured

    stored = agent.get("/v1/measurements").json()["items"]
    assert list(state.values()) == stored


def test_a_reader_that_follows_misses_no_late_commit(agent, upload):
    """Four senders at once; a reader pages on while they commit."""
    sent = 40

    def send(station, start):
        for n in range(start, sent, 2):
            assert (
                upload(f"{station},bod,2026-01-05T10:{n:02}:00+07:00,{n},mg/L,,").status_code == 201
            )

    threads = [
        threading.Thread(target=send, args=(station, start))
        for station in ("CPM-01", "CPM-02")
        for start in (0, 1)
    ]
    for thread in threads:
        thread.start()
    seen, cursor = [], None
    while any(thread.is_alive() for thread in threads):
        items, cursor = walk(agent, 7, cursor)
        seen += items
    for thread in threads:
        thread.join()
    seen += walk(agent, 7, cursor)[0]

    keys = [(i["measurement"]["station"], i["measurement"]["time"]) for i in seen]
    assert len(keys) == len(set(keys)) == 2 * sent


def test_a_narrowed_reader_sees_its_stations_alone(water, upload):
    upload(ROW.format("CPM-01", 5, 1), ROW.format("CPM-02", 6, 2))
    with water("measurements:read", stations=["CPM-02"]) as narrow:
        assert told(walk(narrow)[0]) == [("insertion", "CPM-02", "06", 2.0)]


@pytest.mark.parametrize("cursor", ["nonsense", "eyJlIjoieCJ9"])
def test_a_forged_cursor_is_refused(agent, cursor):
    assert agent.get("/v1/changes", params={"cursor": cursor}).status_code == 400
