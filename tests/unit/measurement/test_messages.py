"""Every code a row can fail with has its sentences, and no sentence is left over."""

import re
from pathlib import Path

from kembar_shared.chassis.messages import LANGUAGES, Messages
from kembar_shared.measurement import ingest, uploads

CODE = re.compile(r'"([a-z]+(?:-[a-z]+)+)"')
NO_CODES = {
    "mac-roman",
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "all-or-nothing",
    "accept-valid",
    "table-row",
}

COMPOSED = {"unknown-material", "unknown-source", "density-missing", "density-unfit"}


def spoken():
    texts = Messages.of("kembar_shared.measurement").texts
    return {key.split(".")[1]: {} for key in texts if key.startswith("row.")}, texts


def raised():
    folder = Path(uploads.__file__).parent
    sources = [*folder.glob("*.py"), Path(ingest.__file__)]
    found = {code for path in sources for code in CODE.findall(path.read_text("utf-8"))}
    return (found - NO_CODES) | COMPOSED


def test_codes_and_sentences_are_the_same_set():
    codes, _ = spoken()

    assert raised() == set(codes)


def test_every_code_has_a_message_and_a_fix_in_each_language():
    codes, texts = spoken()

    for code in codes:
        for part in ("message", "fix"):
            assert set(texts[f"row.{code}.{part}"]) == set(LANGUAGES), code


def test_sentences_name_only_what_a_row_knows():
    codes, _ = spoken()
    messages = Messages.of("kembar_shared.measurement")

    said = {"line": 1, "column": "c", "value": "v", "expected": "e"}
    for code in codes:
        for language in LANGUAGES:
            assert messages.say(f"row.{code}.message", language, **said)
            assert messages.say(f"row.{code}.fix", language, **said)
