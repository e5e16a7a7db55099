"""What every page for people has: its templates, languages, ways to the others, and headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlencode

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kembar_gateway.speech import Speech
from kembar_shared.chassis import caching
from kembar_shared.chassis.messages import LANGUAGES, language_of

if TYPE_CHECKING:
    from kembar_shared.chassis.messages import Messages

OUTCOMES: Final = "/"
REGISTER: Final = "/register"

_LANGUAGE_NAMES: Final = {
    "id": "Bahasa Indonesia",
    "ja": "日本語",
    "en": "English",
}
_POLICY: Final = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
_DOCS: Final = "/docs"


@dataclass(frozen=True, slots=True)
class Link:
    """A choice of language, period or page."""

    name: str
    href: str
    is_current: bool
    code: str = ""


class Pages:
    """The templates, and the words they are filled with."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._templates = Environment(
            loader=PackageLoader("kembar_gateway", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def speech(self, language: str) -> Speech:
        """Return the way of saying things in *language*."""
        return Speech(self._messages, language)

    def render(self, template: str, speech: Speech, **words: Any) -> str:
        """Fill a template; Any: whatever the template shows."""

        def with_link(key: str) -> Markup:
            return speech.with_link(key, href=_DOCS, text=speech.say("page.link-docs"))

        return self._templates.get_template(template).render(
            language=speech.language, say=speech.say, with_link=with_link, **words
        )


def pages_of(request: Request) -> Pages:
    """Return the gateway's pages."""
    return cast("Pages", request.app.state.pages)


def language_for(lang: str | None, accept_language: str | None) -> str:
    """Return the language that was chosen, else the one the browser asks for."""
    return lang if lang in LANGUAGES else language_of(accept_language)


def answer(request: Request, html: str, language: str) -> Response:
    """Answer a page that runs nothing and shows nothing of others."""
    response = caching.conditional(
        request, caching.etag_of(html), lambda: Response(html, media_type="text/html")
    )
    response.headers["Content-Language"] = language
    response.headers["Content-Security-Policy"] = _POLICY
    return response


def frame(
    speech: Speech, path: str, *, name: str, heading: str, lead: str, **query: str
) -> dict[str, Any]:
    """Return the words that every page has."""
    return {
        "name": name,
        "heading": heading,
        "lead": lead,
        "pages": [
            Link(speech.say(f"page.nav-{called}"), href(each, speech.language), each == path)
            for called, each in (("outcomes", OUTCOMES), ("register", REGISTER))
        ],
        "languages": [
            Link(called, href(path, code, **query), code == speech.language, code)
            for code, called in _LANGUAGE_NAMES.items()
        ],
    }


def closed(request: Request, speech: Speech, path: str) -> Response:
    """Answer what this software is, where nothing of what it knows is public."""
    words = frame(
        speech, path, name="Kembar", heading="Kembar", lead=speech.say("page.closed-lead")
    )
    html = pages_of(request).render("closed.html", speech, **words | {"pages": []})
    return answer(request, html, speech.language)


def href(path: str, language: str, **query: str) -> str:
    """Return the address of a page; an empty choice is left out."""
    chosen = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode({'lang': language} | chosen)}"
