"""Files as officials left them: read to the letter, or refused with a reason they can act on."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from kembar_shared.chassis.messages import Messages
from kembar_shared.measurement import uploads

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
JAKARTA = "water/jakarta-river/sungai2022-periode-1-dan-3.csv"
REFUSED = {
    "field-files/japan-cities/金沢ごみ.csv": "unknown-column",
    "field-files/japan-cities/堺市ごみ.csv": "unknown-column",
    "field-files/surabaya-probe/wonorejo.csv": "unknown-column",
    "field-files/citywide_mainsort.xls": "not-text",
    "field-files/Data_Kualitas Air Sungai Tahun 2023 - tabel.xls": "unknown-column",
    "air/jakarta-ispu": "unknown-column",
    JAKARTA: "unknown-column",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_foreign_table_is_refused_with_a_reason(name, needs):
    needs("../shared/data/README.md")
    path = SHARED / name
    for file in sorted(path.glob("*.csv")) if path.is_dir() else [path]:
        with file.open("rb") as content, pytest.raises(uploads.FileRefused) as refused:
            list(uploads.read(content, "text/csv", uploads.Declaration()))

        found = refused.value
        assert found.code == REFUSED[name]
        said = {name: getattr(found, name) for name in ("line", "column", "value", "expected")}
        assert Messages.of("kembar_shared.measurement").say(f"row.{found.code}.fix", "id", **said)


def test_a_citys_rivers_are_read_to_the_letter(needs):
    needs("../shared/data/README.md")
    names = {"titik_sampel": "titik", "parameter": "Parameter", "bulan_sampling": "tanggal",
             "hasil_pengukuran": "Hasil", "satuan": "SATUAN"}  # fmt: skip
    with (SHARED / JAKARTA).open(encoding="utf-8-sig", newline="") as stream:
        rows = [[row[name] for name in names] for row in csv.DictReader(stream, delimiter=";")]
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([names.values(), *rows])
    content = io.BytesIO(b"\xef\xbb\xbf" + out.getvalue().encode())
    (table,) = uploads.read(content, "text/csv", uploads.Declaration(decimal="comma"))

    assert table.errors.is_empty()
    found = table.cells.select("station", "parameter", "time", "value", "unit").rows()
    assert found == [tuple(cell.strip() or None for cell in row) for row in rows]
    assert len(found) == 6836
