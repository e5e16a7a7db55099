import re
import string

import pytest

from kembar_client import messages


def test_each_message_has_every_language_and_the_same_places_to_fill():
    for key, texts in messages.catalogue().items():
        fields = {
            language: sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)
            for language, text in texts.items()
        }

        assert set(texts) == set(messages.LANGUAGES), key
        assert fields["en"] == fields["id"] == fields["ja"], key


def test_translations_are_translated():
    untranslated = [
        key
        for key, texts in messages.catalogue().items()
        if not re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", texts["ja"])
    ]

    assert untranslated == []


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("id_ID.UTF-8", "id"),
        ("ja", "ja"),
        ("ja_JP.eucJP", "ja"),
        ("C.UTF-8", "en"),
        ("de_DE", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_a_locale_names_a_language(locale, language):
    assert messages.language_of(locale) == language


def test_a_message_says_its_values():
    assert "8002" in messages.say("error.port-taken", "id", port=8002, service="water")
