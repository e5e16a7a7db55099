"""The page of the register for people: what was agreed, what became of it, without a script."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Query, Request, Response

from kembar_gateway import frames
from kembar_gateway.registers import RegisterDep
from kembar_gateway.settings import NowDep, SettingsDep
from kembar_gateway.telling import Teller, sections_of
from kembar_shared.chassis.auth import Router, public

router = Router(include_in_schema=False)


@router.get(frames.REGISTER)
@public
def show_register(
    request: Request,
    register: RegisterDep,
    settings: SettingsDep,
    now: NowDep,
    lang: Annotated[str | None, Query()] = None,
    accept_language: Annotated[str | None, Header()] = None,
) -> Response:
    """Show the register of the cooperation, or, where it is not public, what this software is."""
    pages = frames.pages_of(request)
    speech = pages.speech(frames.language_for(lang, accept_language))
    if not settings.public_outcomes:
        return frames.closed(request, speech, frames.REGISTER)
    code, cooperation = next(iter(register.cooperations.items()))
    frame = frames.frame(
        speech,
        frames.REGISTER,
        name=cooperation.names.say(speech.language),
        heading=speech.say("register.title"),
        lead=speech.say("register.lead"),
    )
    teller = Teller(register, code, speech, register.today(code, now))
    html = pages.render(
        "register.html",
        speech,
        **frame,
        sections=sections_of(teller),
        made_at=speech.instant(now, cooperation.timezone),
    )
    return frames.answer(request, html, speech.language)
