"""The floor of a small post: the same framework and server read one measurement and answer."""

from __future__ import annotations

import sys
from datetime import datetime

import uvicorn
from fastapi import FastAPI, Response
from pydantic import BaseModel


class Measurement(BaseModel):
    """One measurement."""

    station: str
    parameter: str
    time: datetime
    value: float
    unit: str


class Measurements(BaseModel):
    """What a post holds."""

    measurements: list[Measurement]


app = FastAPI()


@app.post("/echo", status_code=201)
async def echo(sent: Measurements) -> Response:
    """Say that what was sent could be read; it is kept nowhere."""
    return Response(str(len(sent.measurements)), 201)


@app.get("/livez")
async def live() -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "ok"}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="error")
