"""The sample is real data, labelled, licensed, and still what its publishers published."""

import csv
import gzip
import json
import os
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

SAMPLE = Path(str(files("kembar_client") / "sample_data"))
PUBLISHED = Path(__file__).parents[4] / "shared" / "data"
HEADER = (
    "station,parameter,time,value,unit,qualifier,limit,material,source,method,period,depth_m,note"
)
COLUMNS = HEADER.split(",")
UPLOADS = json.loads((SAMPLE / "uploads.json").read_text(encoding="utf-8"))
SERVICES = json.loads((SAMPLE / "stations.json").read_text(encoding="utf-8"))
FILES = [upload["file"] for upload in UPLOADS]
SOURCES = (SAMPLE / "SOURCES.md").read_text(encoding="utf-8")


def stations_of(service: str) -> dict[str, dict]:
    return {
        station["code"]: station
        for entry in SERVICES
        if entry["service"] == service
        for station in entry["stations"]
    }


def rows_of(file: str) -> list[dict[str, str]]:
    with (SAMPLE / file).open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


ALL_STATIONS = {
    code: station
    for service in ("waste", "water", "air")
    for code, station in stations_of(service).items()
}


def test_every_file_of_the_folder_is_listed_once_and_small_enough():
    on_disk = [path for path in SAMPLE.iterdir() if path.suffix == ".csv"]

    assert sorted(FILES) == sorted(path.name for path in on_disk)
    assert {upload["service"] for upload in UPLOADS} == {"waste", "water", "air"}
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) <= 3_000_000
    assert max(path.stat().st_size for path in SAMPLE.iterdir()) <= 1_400_000


@pytest.mark.parametrize("upload", UPLOADS, ids=FILES)
def test_an_upload_says_what_it_is_where_it_comes_from_and_under_what_licence(upload):
    assert set(upload) == {"service", "file", "query", "title", "source", "licence"}
    assert all(upload[key].strip() for key in ("title", "source", "licence"))
    assert f"## {upload['file']}" in SOURCES or f"and {upload['file']}\n" in SOURCES


@pytest.mark.parametrize("file", FILES)
def test_a_file_has_the_canonical_header_and_plain_lines(file):
    content = (SAMPLE / file).read_bytes()
    header = content.decode("utf-8").split("\n", 1)[0].split(",")

    assert header[:5] == COLUMNS[:5]
    assert header == [column for column in COLUMNS if column in header]
    assert b"\r" not in content
    assert not content.startswith(b"\xef\xbb\xbf")
    assert content.endswith(b"\n")


@pytest.mark.parametrize("upload", UPLOADS, ids=FILES)
def test_every_row_is_complete(upload):
    known = stations_of(upload["service"])
    for row in rows_of(upload["file"]):
        assert row["station"] in known
        assert row["parameter"]
        assert row["unit"]
        assert datetime.fromisoformat(row["time"]).utcoffset() is not None
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", row["time"])
        if row.get("qualifier"):
            assert (row["qualifier"], row["value"]) == ("<", "")
            assert Decimal(row["limit"]) > 0
        else:
            assert not row.get("limit")
            assert len(Decimal(row["value"]).as_tuple().digits) <= 15


def test_no_measurement_comes_twice():
    seen: dict[tuple[str, ...], set[str]] = defaultdict(set)
    count = 0
    for file in FILES:
        for row in rows_of(file):
            instant = datetime.fromisoformat(row["time"]).astimezone(UTC).isoformat()
            seen[row["station"], row["parameter"], instant].add(row["value"])
            count += 1

    assert len(seen) == count


def test_the_counts_are_those_of_the_sources_page():
    stated = dict(re.findall(r"^\| `([\w.-]+\.csv)` \| (\d+) \|", SOURCES, flags=re.MULTILINE))

    assert stated == {file: str(len(rows_of(file))) for file in FILES}


def test_every_station_is_used_and_every_station_of_a_file_is_named_in_the_sources_page():
    used = {row["station"] for file in FILES for row in rows_of(file)}

    assert used == set(ALL_STATIONS)
    for file in FILES:
        line = next(line for line in SOURCES.splitlines() if line.startswith(f"| `{file}`"))
        rows = rows_of(file)
        for code in {row["station"] for row in rows}:
            assert f"`{code}` ({ALL_STATIONS[code]['origin']})" in line
        assert {row["parameter"] for row in rows} <= set(re.findall(r"`(\w+)`", line))


@pytest.mark.parametrize("station", ALL_STATIONS.values(), ids=lambda station: station["code"])
def test_a_station_says_plainly_what_it_is(station):
    assert re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)+", station["code"])
    assert station["origin"] in {"real", "stand-in", "synthetic"}
    assert station["jurisdiction"] == "bandung"
    assert -90 <= station["latitude"] <= 90
    assert -180 <= station["longitude"] <= 180
    assert (station["origin"] == "stand-in") == station["name"].startswith("Stand-in for ")
    assert (station["origin"] == "stand-in") == ("not in Bandung" in station["note"])
    assert (station["origin"] == "real") == (station["timezone"] == "Asia/Jakarta")
    assert (station["origin"] == "synthetic") == ("synthetic" in station["name"].lower())


@pytest.mark.parametrize("upload", UPLOADS, ids=FILES)
def test_a_file_of_a_stand_in_says_so_in_its_title(upload):
    origins = {ALL_STATIONS[row["station"]]["origin"] for row in rows_of(upload["file"])}

    assert len(origins) == 1
    assert (origins == {"stand-in"}) == upload["title"].startswith("Stand-in for ")


@pytest.mark.parametrize("file", [file for file in FILES if "mill-race" not in file])
def test_the_offset_is_that_of_the_station(file):
    for row in rows_of(file):
        zone = ZoneInfo(ALL_STATIONS[row["station"]]["timezone"])
        time = datetime.fromisoformat(row["time"])

        assert time.utcoffset() == time.astimezone(zone).utcoffset()


def test_one_place_gives_a_pollution_index_in_three_months():
    limited = {"ph", "bod", "cod", "do", "tss", "tds", "cl", "so4"}
    limited |= {"no3_n", "no2_n", "nh3_n", "tn", "tp", "fcoli"}
    samples: dict[str, set[str]] = defaultdict(set)
    for row in rows_of("water-black-earth-creek-2023.csv"):
        samples[row["time"][:10]] |= {row["parameter"]} & limited

    assert set(samples) == {"2023-06-20", "2023-07-25", "2023-08-22"}
    assert all(len(found - {"do"}) >= 4 for found in samples.values())


def test_the_mit_notice_travels_with_the_hours_of_hanoi():
    for words in (
        "Copyright (c) 2020 kikyou",
        "The above copyright notice and this permission notice shall be included",
        'THE SOFTWARE IS PROVIDED "AS IS"',
    ):
        assert words in SOURCES


# What follows compares with the published files, where they are at hand.


def published(place: str) -> list[dict[str, str]]:
    path = PUBLISHED / place
    if not path.exists():
        reason = f"the published file {place} is not beside the repository"
        if os.environ.get("KEMBAR_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


@pytest.mark.parametrize(("year", "night"), [(2016, "2016-03-13"), (2017, "2017-03-12")])
def test_hanoi_is_every_valid_hour_as_published(year, night):
    source = published(f"air/hanoi-airnow/Hanoi_PM2.5_{year}_YTD.csv")
    expected, moved = {}, []
    for count, hour in enumerate(source):
        time = datetime(year, 1, 1, 1) + timedelta(hours=count)  # noqa: DTZ001
        printed = datetime.strptime(hour["Date (LT)"], "%Y-%m-%d %I:%M %p")  # noqa: DTZ007
        if printed != time:
            moved.append((str(printed), str(time)))
        if hour["QC Name"] == "Valid":
            expected[f"{time.isoformat()}+07:00"] = hour["Raw Conc."]
    rows = rows_of(f"air-hanoi-pm25-{year}.csv")

    assert moved == [(f"{night} 03:00:00", f"{night} 02:00:00")]
    assert {row["time"]: row["value"] for row in rows} == expected
    assert {(row["parameter"], row["unit"]) for row in rows} == {("pm25", "µg/m³")}
    assert {hour["Conc. Unit"] for hour in source} == {"UG/M3"}
    assert sum(row["value"].startswith("-") for row in rows) == {2016: 18, 2017: 16}[year]


def test_black_earth_creek_is_as_published():
    by_identifier = {
        result["Result_MeasureIdentifier"]: result
        for result in published("payloads/wqx/samples_results.txt")
    }
    rows = rows_of("water-black-earth-creek-2023.csv")
    meanings = set()
    for row in rows:
        code, identifier, status = row["note"].removeprefix("USGS ").split(" ")
        result = by_identifier.pop(identifier)
        censored = result["Result_ResultDetectionCondition"] == "Not Detected"
        meanings.add((row["parameter"], code))

        assert result["Location_Identifier"] == "USGS-05406500"
        assert (result["Activity_TypeCode"], result["Activity_Media"]) == (
            "Sample-Routine",
            "Water",
        )
        assert (result["USGSpcode"], result["Result_MeasureStatusIdentifier"]) == (code, status)
        assert f"{result['Activity_StartDate']}T{result['Activity_StartTime']}-05:00" == row["time"]
        assert result["Activity_StartTimeZone"] == "CDT"
        assert row["value"] == result["Result_Measure"]
        assert (row["qualifier"] == "<") == censored
        assert row["limit"] == (result["DetectionLimit_MeasureA"] if censored else "")

    # USGS parameter codes fix substance, fraction, speciation and unit.
    assert dict(meanings) == {
        "air_temp": "00020",
        "cl": "00940",
        "do": "00300",
        "ec": "00095",
        "flow": "30209",
        "nh3_n": "00608",
        "no2_n": "00613",
        "no3_n": "00618",
        "ph": "00400",
        "temp": "00010",
        "tn": "62855",
        "tp": "00665",
    }
    assert len(meanings) == 12


@pytest.mark.parametrize(
    ("file", "site", "characteristic"),
    [
        ("water-mill-race-creek-total-nitrogen-2020-2022.csv", "UTAHDWQ_WQX-4996540", "Nitrogen"),
        ("water-mill-race-creek-nitrate-2020-2022.csv", "WFWQC_UT-4996540", "Nitrate"),
    ],
)
def test_mill_race_creek_is_as_published(file, site, characteristic):
    chosen = {
        f"WQP {result['ResultIdentifier']}": result
        for result in published("water/wqp/utah-nutrients-2020-10-to-2022-09.csv.gz")
        if (
            result["MonitoringLocationIdentifier"],
            result["CharacteristicName"],
            result["ResultSampleFractionText"],
            result["MethodSpeciationName"],
        )
        == (site, characteristic, "Total", "as N")
    }
    rows = rows_of(file)

    assert {row["note"] for row in rows} == set(chosen)
    for row in rows:
        result = chosen[row["note"]]
        utc = datetime.fromisoformat(row["time"]).astimezone(UTC).replace(tzinfo=None)

        assert row["value"] == result["ResultMeasureValue"]
        assert row["unit"] == result["ResultMeasure.MeasureUnitCode"] == "mg/L"
        assert str(utc) == result["ActivityStartDateTime"]
        assert (result["ActivityTypeCode"], result["ActivityMediaName"]) == (
            "Sample-Routine",
            "Water",
        )


def test_the_waste_of_bandung_is_the_published_rate_times_the_days_of_the_year():
    rates = {
        city["tahun"]: city["jumlah_produksi_sampah"]
        for city in published(
            "waste/west-java/"
            "disperkim-od_16985_jumlah_produksi_sampah_berdasarkan_kabupatenkota_v3_data.csv"
        )
        if city["nama_kabupaten_kota"] == "KOTA BANDUNG"
    }
    rows = rows_of("waste-bandung-generated-2015-2021.csv")

    assert [row["time"] for row in rows] == [
        f"{year}-01-01T00:00:00+07:00" for year, rate in sorted(rates.items()) if rate
    ]
    for row in rows:
        year = row["time"][:4]
        days = 366 if year in {"2016", "2020"} else 365

        assert Decimal(row["value"]) == Decimal(rates[year]) * days
        assert row["note"].startswith(
            f"published {rates[year]} t/day \N{MULTIPLICATION SIGN} {days} days;"
        )
        assert ("one number repeated" in row["note"]) == (year in {"2015", "2016", "2017"})
        assert (row["parameter"], row["unit"], row["period"]) == ("generated", "t", "P1Y")


def test_pdu_cicabe_is_the_tonnage_received_and_nothing_else():
    place = PUBLISHED / "waste/sipsn/Data_PDU.xlsx"
    if not place.exists():
        published("waste/sipsn/Data_PDU.xlsx")
    calamine = pytest.importorskip("python_calamine")
    sheet = calamine.CalamineWorkbook.from_path(place).get_sheet_by_index(0).to_python()
    facilities = [dict(zip(sheet[0], line, strict=True)) for line in sheet[1:]]
    (cicabe,) = [line for line in facilities if line["Kabupaten/Kota"] == "Kota Bandung"]
    (row,) = rows_of("waste-pdu-cicabe-2020.csv")

    assert (cicabe["Nama Fasilitas"], cicabe["Tahun"], cicabe["P"]) == ("PDU Cicabe", 2020, 2)
    assert Decimal(row["value"]) == Decimal(str(cicabe["Sampahmasuk (ton/thn)"]))
    assert (row["parameter"], row["unit"], row["period"]) == ("received", "t", "P1Y")
