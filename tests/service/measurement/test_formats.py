"""Each format through the front door: plain, packed, as a form; bombs and torsos stay outside."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import socket
import zipfile
import zlib

import polars as pl
import pytest
import xlsxwriter

NAMES = ("station", "parameter", "time", "value", "unit")
ROWS = [
    ("CPM-01", "bod", "2026-01-05T10:00:00+07:00", 6.5, "mg/L"),
    ("CPM-01", "bod", "2026-01-06T10:00:00+07:00", 7.25, "mg/L"),
    ("CPM-09", "bod", "2026-01-07T10:00:00+07:00", 8.0, "mg/L"),
]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
PARQUET = "application/vnd.apache.parquet"


def delimited(separator):
    return "\n".join(separator.join(map(str, row)) for row in (NAMES, *ROWS)).encode()


def workbook():
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("Data")
    for number, row in enumerate((NAMES, *ROWS)):
        sheet.write_row(number, 0, row)
    book.close()
    return out.getvalue()


def ods():
    cells = {
        str: '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>',
        float: '<table:table-cell office:value-type="float" office:value="{}"/>',
    }
    rows = "".join(
        f"<table:table-row>{''.join(cells[type(c)].format(c) for c in row)}</table:table-row>"
        for row in (NAMES, *ROWS)
    )
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", ODS)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            f"<office:document-content{spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="Data">{rows}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return out.getvalue()


def columns():
    out = io.BytesIO()
    pl.DataFrame(ROWS, schema=NAMES, orient="row").write_parquet(out)
    return out.getvalue()


OBJECTS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
FILES = {
    "csv": ("text/csv", delimited(","), 4),
    "semicolons": ("text/csv", delimited(";"), 4),
    "tsv": ("text/tab-separated-values", delimited("\t"), 4),
    "json": ("application/json", json.dumps({"measurements": OBJECTS}).encode(), 3),
    "ndjson": ("application/x-ndjson", "\n".join(map(json.dumps, OBJECTS)).encode(), 3),
    "xlsx": (XLSX, workbook(), 4),
    "ods": (ODS, ods(), 4),
    "parquet": (PARQUET, columns(), 3),
}


def sent(agent, way, name, media_type, content):
    if way == "plain":
        return agent.post("/v1/uploads", content=content, headers={"Content-Type": media_type})
    if way == "packed":
        headers = {"Content-Type": media_type, "Content-Encoding": "gzip"}
        return agent.post("/v1/uploads", content=gzip.compress(content), headers=headers)
    ending = "csv" if name == "semicolons" else name
    if way == "form":
        return agent.post("/v1/uploads", files={"file": (f"../../x.{ending}", content, media_type)})
    kind = {"form by ending": "application/octet-stream", "packed form": "application/gzip"}[way]
    file = (f"x.{ending}", content, kind)
    if way == "packed form":
        file = (f"x.{ending}.gz", gzip.compress(content), kind)
    return agent.post("/v1/uploads", files={"file": file})


@pytest.mark.parametrize("way", ["plain", "packed", "form", "form by ending", "packed form"])
@pytest.mark.parametrize("name", FILES)
def test_every_format_comes_in_every_way(agent, name, way):
    media_type, content, line = FILES[name]
    answer = sent(agent, way, name, media_type, content)

    receipt = answer.json()
    assert answer.status_code == 201, receipt
    assert (receipt["received"], receipt["inserted"], receipt["rejected"]) == (3, 2, 1)
    assert receipt["sha256"] == hashlib.sha256(content).hexdigest()
    (refused,) = agent.get(receipt["rejections"]).json()["items"]
    assert (refused["line"], refused["code"]) == (line, "unknown-station")
    assert "CPM-09" in refused["raw"]
    assert [m["value"] for m in agent.get("/v1/measurements").json()["items"]] == [6.5, 7.25]


def test_a_wide_file(agent):
    body = "station,time,BOD [mg/L],ph (pH)\nCPM-01,2026-01-05T10:00:00Z,6.5,many\n"
    answer = agent.post(
        "/v1/uploads?layout=wide", content=body, headers={"Content-Type": "text/csv"}
    )

    receipt = answer.json()
    assert (receipt["received"], receipt["inserted"], receipt["rejected"]) == (2, 1, 1)
    (refused,) = agent.get(receipt["rejections"]).json()["items"]
    assert (refused["line"], refused["column"]) == (2, "ph (pH)")


def test_a_key_knows_the_declarations(agent):
    headers = {"Content-Type": XLSX, "Idempotency-Key": "device-7-0001"}
    first = agent.post("/v1/uploads", content=workbook(), headers=headers)
    other = agent.post("/v1/uploads?sheet=Data", content=workbook(), headers=headers)

    assert (first.status_code, other.status_code) == (201, 409)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "image/png"}, 415),
        ({"Content-Type": "application/vnd.ms-excel"}, 415),
        ({}, 415),
        ({"Content-Type": "text/csv", "Content-Encoding": "br"}, 415),
        ({"Content-Type": "text/csv", "Content-Encoding": "gzip, gzip"}, 415),
        ({"Content-Type": "text/csv", "Content-Encoding": "gzip"}, 400),
        ({"Content-Type": "multipart/form-data"}, 400),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 400),
        ({"Content-Type": "multipart/form-data; boundary=" + "x" * 500}, 400),
        ({"Content-Type": XLSX}, 422),
        ({"Content-Type": PARQUET}, 422),
    ],
)
def test_a_body_that_is_not_what_it_says(agent, headers, status):
    answer = agent.post("/v1/uploads", content=delimited(","), headers=headers)

    assert answer.status_code == status
    assert agent.get("/v1/measurements").json()["items"] == []


@pytest.mark.parametrize(
    "files",
    [
        {"other": ("x.csv", delimited(","), "text/csv")},
        [("file", ("x.csv", delimited(","), "text/csv"))] * 2,
        [("file", ("x.csv", delimited(","), "text/csv")), ("timezone", (None, "Asia/Jakarta"))],
    ],
)
def test_a_form_holds_the_file_and_nothing_else(agent, files):
    answer = agent.post("/v1/uploads", files=files)

    assert answer.status_code == 400
    assert agent.get("/v1/measurements").json()["items"] == []


@pytest.mark.parametrize("cut", [1, 8, 40])
@pytest.mark.parametrize("way", ["gzip", "form"])
def test_a_torso_stores_nothing(agent, way, cut):
    if way == "gzip":
        body = gzip.compress(delimited(",") + b"\n")
        headers = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
    else:
        body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        body += delimited(",") + b"\r\n--x--"
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = agent.post("/v1/uploads", content=body[:-cut], headers=headers)

    assert answer.status_code == 400
    assert agent.get("/v1/measurements").json()["items"] == []


def test_a_body_that_ends_early_stores_nothing(agent):
    url = agent.base_url
    head = (
        f"POST /v1/uploads HTTP/1.1\r\nHost: {url.host}\r\nContent-Type: text/csv\r\n"
        f"Authorization: {agent.headers['Authorization']}\r\nContent-Length: 9999\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port), timeout=10) as line:
        line.sendall(head.encode() + delimited(","))
        line.shutdown(socket.SHUT_WR)
        line.recv(10_000)

    assert agent.get("/v1/measurements").json()["items"] == []


@pytest.mark.parametrize("layers", [1, 2])
def test_a_gzip_bomb_is_refused(agent, layers):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(packer.compress(bytes(1 << 20)) for _ in range(600)) + packer.flush()
    for _ in range(layers - 1):
        body = gzip.compress(body)
    headers = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
    answer = agent.post("/v1/uploads", content=body, headers=headers)

    assert answer.status_code in {413, 422}


def test_members_of_a_gzip_follow_each_other(agent):
    whole = delimited(",")
    body = gzip.compress(whole[:50]) + gzip.compress(whole[50:])
    headers = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}

    assert agent.post("/v1/uploads", content=body, headers=headers).json()["inserted"] == 2
