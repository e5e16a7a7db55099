"""Random sequences of requests, over few enough stations, times and values to meet each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import strategies as st

from tests.service.measurement.naive import Parameter, Sent

ZONES = {"WIB": "Asia/Jakarta", "JST": "Asia/Tokyo", "DST": "Europe/Berlin"}
FAR = 1e300
_MASS = {
    "kg": Fraction(1), "kilogram": Fraction(1), "t": Fraction(1000), "g": Fraction(1, 1000),
    "m3@326.5": Fraction(653, 2), "L@250": Fraction(1, 4), "L@1000": Fraction(1),
}  # fmt: skip
_DENSITY = {"mg/L": Fraction(1), "µg/L": Fraction(1, 1000), "ug/L": Fraction(1, 1000)}
_AIR = {"µg/m³": Fraction(1), "ug/m3": Fraction(1), "mg/m³": Fraction(1000)}
PARAMETERS = {
    "waste": {
        "generated": Parameter("kg", _MASS, (0, FAR), (-FAR, FAR), "P1D", "P1D"),
        "recycled": Parameter("kg", _MASS, (0, FAR), (-FAR, FAR), "P1D", "P1D"),
        "population": Parameter(
            "persons", {"persons": Fraction(1), "jiwa": Fraction(1)}, (0, FAR), (-FAR, FAR),
            "P1Y", "P1Y",
        ),
    },
    "water": {
        "bod": Parameter("mg/L", _DENSITY, (0, 20_000), (0, 300), "P1D", "P1M"),
        "ph": Parameter("pH", {"pH": Fraction(1)}, (0, 14), (5, 9.5), "P1D", "P1M"),
    },
    "air": {
        "pm25": Parameter("µg/m³", _AIR, (-5, 2000), (0, 500), "PT1H", "PT1H"),
        "no2": Parameter("µg/m³", _AIR, (-5, 3000), (0, 500), "PT1H", "PT1H"),
    },
}  # fmt: skip
PERIODS = (None, None, None, "PT10M", "PT1H", "PT6H", "P1D", "P1M", "P1Y")
VALUES = ("1", "2.5", "0.3", "7", "7", "9.75", "12", "450", "-1", "-20", "<0.5", ">8", "<2")

# Ends of days, of months and of years; and of the days on which clocks in Berlin are changed.
_EDGES = [
    datetime(2023, 12, 31, 15, tzinfo=UTC), datetime(2023, 12, 31, 17, tzinfo=UTC),
    datetime(2023, 12, 31, 22, 30, tzinfo=UTC), datetime(2024, 2, 29, 16, tzinfo=UTC),
    datetime(2024, 3, 31, 0, 30, tzinfo=UTC), datetime(2024, 10, 27, 0, 10, tzinfo=UTC),
    datetime(2009, 12, 31, 23, tzinfo=UTC), datetime(1951, 7, 1, tzinfo=UTC),
]  # fmt: skip
OFFSETS = (0, 7 * 60, 9 * 60, -8 * 60, 5 * 60 + 45)


@dataclass(frozen=True)
class Upload:
    """A file, and how it is sent."""

    rows: tuple[Sent, ...]
    offsets: tuple[int, ...]
    form: str
    reinstate: bool
    all_or_none: bool
    is_trial: bool


@dataclass(frozen=True)
class Again:
    """An earlier file once more; under its old key it is answered as the first time."""

    which: int
    reinstate: bool
    is_keyed: bool


@dataclass(frozen=True)
class Review:
    """A flag for some measurements, or an upload taken back."""

    flag: int
    stations: tuple[str, ...]
    parameter: str | None
    since: datetime | None
    until: datetime | None
    upload: int | None


Step = Upload | Again | Review


def times() -> st.SearchStrategy[datetime]:
    """Return instants around the edges of calendars, and now and then any other."""
    near = st.builds(
        lambda edge, n, minutes: edge + n * timedelta(minutes=minutes),
        st.sampled_from(_EDGES), st.integers(-3, 26), st.sampled_from((10, 30, 60, 60, 1440)),
    )  # fmt: skip
    # Some days in a row, so that months are covered; a month of Berlin's, some hours of one day.
    row = st.builds(lambda n: datetime(2024, 2, 1, 3, tzinfo=UTC) + timedelta(days=n), days(28))
    hours = st.builds(lambda n: datetime(2024, 5, 2, tzinfo=UTC) + timedelta(hours=n), days(23))
    return st.one_of(near, row, hours, hours)


def days(most: int) -> st.SearchStrategy[int]:
    """Return small whole numbers."""
    return st.integers(0, most)


@st.composite
def rows(draw: st.DrawFn, service: str) -> list[Sent]:
    """Return rows of a file, some of them in long stretches of one series."""
    parameters = PARAMETERS[service]
    found: list[Sent] = []
    for _ in range(draw(st.integers(1, 4))):
        station, code = draw(st.sampled_from([*ZONES])), draw(st.sampled_from([*parameters]))
        is_waste = service == "waste" and code != "population"
        material = draw(st.sampled_from([None, "paper", "organic"])) if is_waste else None
        source = draw(st.sampled_from([None, "household"])) if is_waste else None
        start, value = draw(times()), draw(st.sampled_from(VALUES))
        unit = draw(st.sampled_from([*parameters[code].factors]))
        period = draw(st.sampled_from(PERIODS))
        pace = timedelta(minutes=draw(st.sampled_from((10, 60, 60, 360, 1440))))
        for n in range(draw(st.sampled_from((1, 1, 2, 3, 22, 24, 29)))):
            kind = draw(st.integers(0, 19)) if n < 3 else 19
            sign, limit, note = None, None, None
            if kind == 0:
                value = draw(st.sampled_from(VALUES))
            if kind == 1 and value[0] not in "<>":
                sign, limit, value = draw(st.sampled_from("<>")), "0.25", ""
            if kind == 2 and value[:1] not in {"<", ">", ""}:
                limit = "0.01"
            if kind == 3:
                note = draw(st.sampled_from(("calibrated", "=1+1")))
            identity = (station, code, material, source, start + n * pace)
            readable = kind != 4
            row = Sent(identity, value if readable else "none of it", unit, sign, limit, period,
                       note, readable)  # fmt: skip
            found.append(row)
            value = value or "7"
    if draw(st.integers(0, 3)) == 0:
        found.append(draw(st.sampled_from(found)))
    return draw(st.permutations(found)) if len(found) < 12 else found


@st.composite
def uploads(draw: st.DrawFn, service: str) -> Upload:
    """Return a file."""
    drawn = draw(rows(service))
    return Upload(
        tuple(drawn),
        tuple(draw(st.lists(st.sampled_from(OFFSETS), min_size=1, max_size=3))),
        draw(st.sampled_from(("csv", "csv", "json", "ndjson"))),
        draw(st.integers(0, 3)) == 0,
        draw(st.integers(0, 5)) == 0,
        draw(st.integers(0, 7)) == 0,
    )


def reviews(service: str) -> st.SearchStrategy[Review]:
    """Return reviews and retractions."""
    bound = st.one_of(st.none(), st.none(), times())
    stations = st.lists(st.sampled_from([*ZONES]), min_size=1, max_size=3, unique=True)
    return st.builds(
        Review, st.sampled_from((1, 3, 4, 9)), stations.map(tuple),
        st.sampled_from((None, *PARAMETERS[service])), bound, bound,
        st.one_of(st.none(), st.integers(0, 9)),
    )  # fmt: skip


def steps(service: str, most: int) -> st.SearchStrategy[list[Step]]:
    """Return a sequence of at most so many requests."""
    again = st.builds(Again, st.integers(0, 9), st.booleans(), st.booleans())
    one: st.SearchStrategy[Step] = st.one_of(
        uploads(service), uploads(service), again, reviews(service)
    )
    return st.lists(one, min_size=1, max_size=most)
