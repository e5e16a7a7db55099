import runpy
from collections import Counter
from pathlib import Path

import pytest

from kembar_shared.chassis.messages import LANGUAGES, Messages
from kembar_shared.chassis.problems import (
    InvalidRequest,
    MissingScope,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def renderer():
    return runpy.run_path(str(DOCS / "render_problems.py"))


@pytest.fixture(scope="module")
def messages():
    return Messages.of("kembar_shared.chassis")


def test_a_problem_says_what_and_why(messages):
    assert TooLarge(limit=10).body(messages, "ja") == {
        "type": "urn:kembar:problem:too-large",
        "title": "本文が大きすぎます",
        "status": 413,
        "detail": "本文が 10 バイトを超えています。",
        "fix": "小さく分けて送信してください。",
    }


def test_pieces_and_further_members_are_part_of_it(messages):
    problem = InvalidRequest(errors=[{"place": "query.from", "code": "missing"}], extra={"n": 2})
    body = problem.body(messages, "en")

    assert body["errors"] == [{"place": "query.from", "code": "missing"}]
    assert body["n"] == 2
    assert "errors" not in NotFound().body(messages, "en")


def test_headers_go_with_their_status():
    assert Unauthenticated().headers == {"WWW-Authenticate": "Bearer"}
    assert Unavailable().headers == {"Retry-After": "5"}
    assert 'scope="a b"' in MissingScope("a b").headers["WWW-Authenticate"]


def test_every_problem_has_its_own_name_and_its_words(renderer):
    classes = renderer["problem_classes"]()
    said = renderer["messages"]()
    slugs = Counter(each.slug for each in classes)

    assert [slug for slug, count in slugs.items() if count > 1] == []
    assert all(each.__doc__ for each in classes)
    for slug in slugs:
        for part in ("title", "detail"):
            assert f"problem.{slug}.{part}" in said, slug
            assert set(said.texts[f"problem.{slug}.{part}"]) == set(LANGUAGES)


def test_no_words_are_left_over(renderer):
    slugs = {each.slug for each in renderer["problem_classes"]()}
    keys = [key.split(".") for key in renderer["messages"]().texts]

    assert {key[1] for key in keys if key[0] == "problem"} <= slugs


def test_the_page_of_problems_is_what_the_code_says(renderer):
    page = (DOCS / "problems.md").read_text("utf-8")

    assert page == renderer["render"](), "run: python docs/render_problems.py"
