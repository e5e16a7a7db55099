"""The kernel's tables, as statements name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from kembar_shared.measurement import models

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlmodel import SQLModel


def _table(model: type[SQLModel]) -> Table:
    # Any: SQLModel makes the attribute at run time, so no type checker knows it.
    return cast("Table", cast("Any", model).__table__)


STATION = _table(models.Station)
SERIES = _table(models.Series)
FEED = _table(models.Feed)
EVENT = _table(models.Event)
UPLOAD = _table(models.Upload)
REJECTION = _table(models.Rejection)
REVIEW = _table(models.Review)
MEASUREMENT = _table(models.Measurement)
REVISION = _table(models.MeasurementRevision)
CHANGE = _table(models.Change)
ROLLUP = _table(models.Rollup)
LATEST = _table(models.Latest)
FIGURE = _table(models.ComputedFigure)
PAST_FIGURE = _table(models.PastFigure)
INDEX = _table(models.ComputedIndex)
COMPUTED_HEAD = _table(models.ComputedHead)
FINDING = _table(models.CheckFinding)
CHECK_HEAD = _table(models.CheckHead)
