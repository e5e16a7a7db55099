"""The obvious service, as a yardstick: one object per row, one `add_all`, one commit."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import AwareDatetime, ValidationError
from sqlalchemy import UniqueConstraint, event
from sqlmodel import Field, Session, SQLModel, create_engine


class Sent(SQLModel):
    """A row as it is sent."""

    station: str
    parameter: str
    time: AwareDatetime
    value: float
    unit: str


class Reading(SQLModel, table=True):
    """A row as it is kept."""

    __table_args__ = (UniqueConstraint("station", "parameter", "time"),)
    id: int | None = Field(default=None, primary_key=True)
    station: str = Field(index=True)
    parameter: str
    time: AwareDatetime
    value: float
    unit: str


def durable(conn: Any, _record: object) -> None:
    """Let SQLite keep what it acknowledged, as Kembar does."""
    conn.execute("pragma journal_mode=wal")
    conn.execute("pragma synchronous=full")


router = APIRouter()


def opened(request: Request) -> Iterator[Session]:
    """Give a session for one request."""
    with Session(request.app.state.engine) as session:
        yield session


@router.post("/v1/uploads", status_code=201)
async def upload(request: Request, session: Annotated[Session, Depends(opened)]) -> dict[str, Any]:
    """Keep the rows that can be read, and name the others."""
    kept: dict[tuple[Any, ...], Reading] = {}
    refused = []
    text = (await request.body()).decode()
    for line, row in enumerate(csv.DictReader(io.StringIO(text)), 2):
        try:
            sent = Sent.model_validate(row)
        except ValidationError as error:
            refused.append({"line": line, "error": str(error)})
            continue
        key = (sent.station, sent.parameter, sent.time)
        kept.setdefault(key, Reading(**sent.model_dump()))
    session.add_all(kept.values())
    session.commit()
    return {"inserted": len(kept), "rejected": len(refused), "errors": refused[:100]}


@router.get("/livez")
def live() -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "ok"}


if __name__ == "__main__":
    port, url = sys.argv[1:]
    url = url.replace("postgresql://", "postgresql+psycopg://")
    app = FastAPI()
    app.include_router(router)
    app.state.engine = create_engine(url)
    if app.state.engine.dialect.name == "sqlite":
        event.listen(app.state.engine, "connect", durable)
    SQLModel.metadata.create_all(app.state.engine)
    uvicorn.run(app, port=int(port), loop="uvloop", http="httptools", log_level="error")
