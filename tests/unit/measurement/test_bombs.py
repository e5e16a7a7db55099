"""Files that are small until they are read: refused soon, and in little memory."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

READ = """
import io, json, resource, sys, zipfile
from kembar_shared.measurement import uploads

def xlsx(sheet):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    return out.getvalue()

def sheet(cells):
    return b"<?xml version='1.0'?><worksheet><sheetData>" + cells + b"</sheetData></worksheet>"

def parquet():
    import polars as pl
    out = io.BytesIO()
    names = ("station", "parameter", "time", "value", "unit")
    # One value of 40 kB in a dictionary, named half a million times.
    pl.DataFrame({name: ["x" * 40_000] * 500_000 for name in names}).write_parquet(out)
    return out.getvalue()

HEADER = b"station,parameter,time,value,unit\\n"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BOMBS = {
    "corner": lambda: (XLSX, xlsx(sheet(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'))),
    "zeros": lambda: (XLSX, xlsx(bytes(190 << 20))),
    "braces": lambda: ("application/json", b'{"measurements":[{"note":[' + b"{}," * 10_000_000),
    "rows": lambda: ("application/json", b'{"measurements":[' + b"1," * 10_000_000 + b"1]}"),
    "lines": lambda: ("application/x-ndjson", b"{}\\n" * 10_000_000),
    "brackets": lambda: ("application/json", b"[" * 30_000_000),
    "commas": lambda: ("text/csv", HEADER + b",,,,\\n" * 10_000_000),
    "quotes": lambda: ("text/csv", HEADER + b'"\\n' * 10_000_000),
}
media_type, content = BOMBS[sys.argv[1]]()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    for table in uploads.read(io.BytesIO(content), media_type, uploads.Declaration()):
        pass
except uploads.FileRefused as refused:
    code = refused.code
seconds = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([code, (after - before) / 1024, seconds, len(content) / 2**20]))
"""


@pytest.mark.parametrize(
    ("bomb", "code"),
    [
        ("corner", "sheet-too-large"),
        ("zeros", "too-large-unpacked"),
        ("braces", "not-json"),
        ("brackets", "not-json"),
        ("rows", "too-many-rows"),
        ("lines", "too-many-rows"),
        ("commas", "too-many-rows"),
        ("quotes", "too-many-rows"),
    ],
)
def test_a_bomb_costs_little(bomb, code):
    done = subprocess.run(
        [sys.executable, "-c", READ, bomb], capture_output=True, text=True, check=True
    )
    found, more_mib, seconds, _ = json.loads(done.stdout)

    assert found == code
    assert more_mib < 250
    assert seconds < 30
