from importlib import resources, util
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kembar_shared.chassis.messages import LANGUAGES, Messages, language_of

PACKAGES = [
    package
    for package in ("kembar_shared.chassis", "kembar_shared.measurement", "kembar_gateway")
    if util.find_spec(package) is not None
    and (resources.files(package) / "messages.toml").is_file()
]


@pytest.mark.parametrize(
    ("sent", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("id", "id"),
        ("id-ID,id;q=0.9,en;q=0.8", "id"),
        ("ja-JP", "ja"),
        ("JA", "ja"),
        ("fr-FR, ja;q=0.4, id;q=0.5", "id"),
        ("en;q=0.2, ja;q=0.1", "en"),
        ("ja;q=0", "en"),
        ("ja;q=hello", "en"),
        ("*", "en"),
    ],
)
def test_the_best_of_our_languages_is_chosen(sent, language):
    assert language_of(sent) == language


@given(st.text())
def test_any_header_gives_one_of_our_languages(sent):
    assert language_of(sent) in LANGUAGES


def test_a_message_without_its_value_is_a_mistake():
    messages = Messages({"a.b": {"en": "{n} rows", "id": "{n} baris", "ja": "{n} 行"}})

    assert messages.say("a.b", "id", n=3) == "3 baris"
    with pytest.raises(KeyError):
        messages.say("a.b", "en")
    with pytest.raises(KeyError):
        messages.say("a.c", "en")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_message_speaks_three_languages_and_names_the_same_values(package):
    messages = Messages.of(package)

    assert messages.keys()
    for key, texts in messages.texts.items():
        assert set(texts) == set(LANGUAGES), key
        names = [_names(texts[language]) for language in LANGUAGES]
        assert names[0] == names[1] == names[2], key
        assert all(name.isidentifier() for name in names[0]), key
        assert all(text and text == text.strip() for text in texts.values()), key


def _names(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
