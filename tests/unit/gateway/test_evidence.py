"""What a file is, by what it holds."""

import io
import zipfile

import pytest

from kembar_gateway.evidence.media import media_of


def archive(**members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as zipped:
        for name, content in members.items():
            zipped.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return made.getvalue()


ODT = "application/vnd.oasis.opendocument.text"


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (b"%PDF-1.7\n...", ".pdf"),
        (b"\x89PNG\r\n\x1a\n....", ".png"),
        (b"\xff\xd8\xff\xe0..", ".jpg"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", ".webp"),
        (b"II*\x00....", ".tiff"),
        (b"\x00\x00\x00\x18ftypheic....", ".heic"),
        (archive(word__document_dot_xml="<w/>"), ".docx"),
        (archive(xl__workbook_dot_xml="<x/>"), ".xlsx"),
        (archive(mimetype=ODT), ".odt"),
        ("nama;hadir\nBudi;ya\n環境局;\n".encode(), ".txt"),
        # A page that a browser would run is kept as text, and never as a page.
        (b"<html><script>alert(1)</script>", ".txt"),
    ],
)
def test_documents_pictures_and_text_are_known_by_their_content(content, ending):
    assert media_of(io.BytesIO(content)).ending == ending


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00program",
        b"\x7fELF\x02\x01\x01",
        b"PK\x03\x04 not an archive",
        archive(readme_dot_txt="any other archive"),
        archive(word__document_dot_xml="<w/>", word__vbaProject_dot_bin="macros"),
        archive(mimetype="application/java-archive"),
        b"text\x00with a zero",
        b"caf\xe9 in Latin-1",
        b"\x1b[31mterminal",
        "half a sign 環".encode()[:-1],
    ],
)
def test_programs_archives_and_the_unknown_are_no_evidence(content):
    assert media_of(io.BytesIO(content)) is None
