"""What is stored, on each database."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from kembar_gateway import entries, register, shelves, store
from kembar_gateway.entries import Writing
from kembar_gateway.settings import PACKAGES
from kembar_gateway.store import KnownClient
from kembar_gateway.wire import Figure, Origin, Period, State
from kembar_shared.chassis import migrate
from kembar_shared.chassis.database import connect, reading, writing

AT = datetime(2026, 11, 24, 9, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def engine(database_url):
    engine = connect(database_url, timeout_s=10)
    yield engine
    engine.dispose()


def made(figure, *arguments, **members) -> Figure:
    sent = figure(*arguments, **members)
    typed = {"state": State(sent["state"]), "origin": Origin(sent["origin"])}
    return Figure(**{**sent, **typed, "stations": tuple(sent["stations"])})


def versions(engine) -> list[tuple[str, float | None, bool]]:
    with reading(engine) as conn:
        rows = conn.exec_driver_sql("SELECT period, value, valid_to FROM figure ORDER BY id")
        return [(period, value, valid_to is None) for period, value, valid_to in rows]


def test_a_changed_figure_gets_a_new_version_and_nothing_is_overwritten(engine, figure):
    first = [made(figure, "water.x", "2023-06", 1.0), made(figure, "water.x", "2023-07", 2.0)]
    second = [made(figure, "water.x", "2023-06", 1.5), made(figure, "water.x", "2023-07", 2.0)]

    counts = []
    for figures in (first, first, second, second[1:]):
        with writing(engine) as conn:
            counts.append(store.keep_figures(conn, "water", figures, at=AT))

    assert counts == [2, 0, 2, 1]
    assert versions(engine) == [
        ("2023-06", 1.0, False),
        ("2023-07", 2.0, True),
        ("2023-06", 1.5, False),
    ]


def test_a_figure_is_read_back_as_it_was_sent(engine, figure):
    sent = made(
        figure, "air.pm25_mean", "2016-01", 0.1 + 0.2, numerator=1e-300, denominator=1e300,
        n=2**40, stations=["Ü-1", "京"], detail={"critical": None, "of": [1, 2.5]},
    )  # fmt: skip
    with writing(engine) as conn:
        store.keep_figures(conn, "air", [sent], at=AT)
        again = store.keep_figures(conn, "air", [sent], at=AT)
    with reading(engine) as conn:
        shelf = shelves.read(conn, register.load(None), "bandung-kawasaki", now=AT, stale_after_s=1)

    assert again == 0
    assert shelf.figures["air.pm25_mean"] == [sent]


def test_of_many_claims_of_a_slot_one_is_granted(engine):
    with writing(engine) as conn:
        granted = [store.claim(conn, "pull:water", slot) for slot in (7, 7, 8, 7)]
    with writing(engine) as conn:
        later = store.claim(conn, "pull:water", 8)
        other = store.claim(conn, "pull:air", 8)

    assert (granted, later, other) == ([True, False, True, False], False, True)


def test_old_claims_are_forgotten(engine):
    with writing(engine) as conn:
        store.claim(conn, "pull:water", 1)
        store.claim(conn, "pull:water", 2 + store.KEPT_SLOTS)
    with reading(engine) as conn:
        count = conn.exec_driver_sql("SELECT count(*) FROM job_claim").scalar()

    assert count == 1


def test_a_failure_leaves_what_was_heard_before(engine):
    later = AT + timedelta(seconds=60)
    with writing(engine) as conn:
        store.note_success(conn, "water", query="q", etag='"a"', at=AT)
        store.note_failure(conn, "water", reason="unreachable", at=later)
    with reading(engine) as conn:
        heard = store.heard_of(conn)["water"]

    assert (heard.query, heard.etag, heard.fetched_at) == ("q", '"a"', AT)
    assert (heard.checked_at, heard.last_error) == (later, "unreachable")


def test_a_client_is_read_back_with_its_narrowings(engine):
    narrowed = KnownClient("b", "n", "field-agent", "h", ("CPM-*",), None, AT, "admin")
    free = KnownClient("a", "川崎", "partner", "h", None, ("bandung-kawasaki",), AT, "admin")
    with writing(engine) as conn:
        empty = store.has_clients(conn)
        store.add_client(conn, narrowed)
        store.add_client(conn, free)
    with reading(engine) as conn:
        found = [store.find_client(conn, name) for name in ("b", "a", "c")]
        listed = store.list_clients(conn, after="a", limit=10)

    assert not empty
    assert found == [narrowed, free, None]
    assert listed == [narrowed]


def test_a_shelf_holds_stored_and_published_figures_of_its_cooperation(engine, figure):
    with writing(engine) as conn:
        store.keep_figures(
            conn, "waste", [made(figure, "waste.generated", "2021", 558_099.6)], at=AT
        )
        store.keep_figures(conn, "air", [made(figure, "air.unheard_of", "2021", 1.0)], at=AT)
        store.note_success(conn, "waste", query="q", etag=None, at=AT)
    with reading(engine) as conn:
        now = AT + timedelta(seconds=10)
        shelf = shelves.read(
            conn, register.load(None), "bandung-kawasaki", now=now, stale_after_s=300
        )

    generated = shelf.register.indicators["waste.generated"]
    ika = shelf.register.indicators["water.citarum_ika"]
    assert "air.unheard_of" not in shelf.figures
    assert shelf.outcome(generated, Period.parse("2021")).value == 558_099.6
    assert shelf.outcome(generated, Period.parse("2021")).sources[0].age_s == 10
    assert str(shelf.latest(ika).period) == "2023"
    assert shelf.years(ika)[0].value == 33.43
    assert shelf.freshness["air"].stale
    assert str(shelf.last_twelve) == "2025-11/2026-10"


@pytest.mark.parametrize("schema", [()])
def test_the_database_goes_up_and_is_current(database_url):
    engine = connect(database_url, timeout_s=10)

    before = migrate.is_current(engine, PACKAGES)
    migrate.upgrade(engine, PACKAGES)
    migrate.upgrade(engine, PACKAGES)

    assert (before, migrate.is_current(engine, PACKAGES)) == (False, True)
    engine.dispose()


def test_the_register_as_of_an_instant_is_what_it_was_then(engine):
    profile = register.load(None).entries[:6]
    draw = random.Random(22)
    snapshots = []
    with writing(engine) as conn:
        made = entries.add(conn, entries.head(conn, lock=True), profile[:3], Writing("a", "r", AT))
    for number in range(1, 20):
        # A clock that jumps back does not put a change before the last one.
        at = AT + timedelta(seconds=number if number % 5 else -number)
        with writing(engine) as conn:
            head = entries.head(conn, lock=True)
            if number in {4, 9, 14}:
                one = [profile[3 + number // 5]]
                made += entries.add(conn, head, one, Writing("b", "new", at))
            else:
                place = draw.randrange(len(made))
                status = draw.choice(["claimed", "published"])
                part = made[place].entered().part.model_copy(update={"status": status})
                why = Writing("b", str(number), at)
                made[place] = entries.replace(conn, head, made[place], part, why)
            changed_at = entries.head(conn).changed_at
            snapshots.append((changed_at, [each.digest for each in entries.current(conn)]))

    with reading(engine) as conn:
        last = dict(snapshots)
        found = {at: [each.digest for each in entries.current(conn, as_of=at)] for at in last}
        before = entries.current(conn, as_of=AT - timedelta(seconds=1))
        numbers = {each.number for each in entries.current(conn)}
    assert found == last
    assert before == []
    assert max(numbers) == 3 + 19
    assert sorted(at for at, _ in snapshots) == [at for at, _ in snapshots]
