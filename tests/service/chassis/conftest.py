import pytest
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from kembar_shared.chassis import auth, logs
from kembar_shared.chassis.app import assemble
from kembar_shared.chassis.auth import CallerDep
from kembar_shared.chassis.messages import Messages
from kembar_shared.chassis.pages import LimitDep
from kembar_shared.chassis.problems import DatabaseUnavailable
from kembar_shared.chassis.settings import Settings


class Well(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    code: str = Field(min_length=2)
    depth_m: float = Field(allow_inf_nan=False, ge=0)


def well_routes():
    router = auth.Router(prefix="/v1")

    @router.get("/open")
    @auth.public
    def open_door():
        return {"open": True}

    @router.get("/me")
    @auth.any_token
    def me(caller: CallerDep):
        return {"client": caller.client, "scopes": sorted(caller.scopes)}

    @router.get("/wells/{number}")
    @auth.needs("measurements:read", "measurements:review")
    def read_well(number: int, limit: LimitDep):
        logs.bind(rows=limit)
        return {"number": number, "limit": limit}

    @router.post("/wells", status_code=201)
    @auth.needs("stations:write")
    def create_well(well: Well):
        return well

    @router.post("/files")
    @auth.needs("measurements:write")
    async def receive(request: Request):
        size = 0
        async for piece in request.stream():
            size += len(piece)
        return {"size": size}

    return router


def failing_routes():
    router = auth.Router(prefix="/v1")

    @router.get("/broken")
    @auth.public
    def broken():
        raise RuntimeError("SELECT secret FROM cellar")

    @router.get("/down")
    @auth.public
    def down():
        raise DatabaseUnavailable from OSError("disk /var/lib/secret full")

    return router


@pytest.fixture
def build(signing):
    def build(routers=None, settings=None, **arguments):
        return assemble(
            settings or Settings(),
            service="well",
            title="Kembar wells",
            routers=[well_routes(), failing_routes()] if routers is None else routers,
            keys=signing.keys,
            messages=Messages.of("kembar_shared.chassis"),
            **arguments,
        )

    return build


@pytest.fixture
def well(build, serve):
    return serve(build())
