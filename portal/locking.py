"""Rows locked for a change, and then read together with what they name.

PostgreSQL reads a row again that it waited for, but not the rows joined to it: `select_for_update` beside `select_related` answers what
the row named before it changed, or nothing (the manual, "Read Committed Isolation Level"). So the lock comes first and the read after.
"""

from __future__ import annotations

from typing import TypeVar

from django.db import connections
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def locked(rows: QuerySet[Row]) -> list[Row]:
    """Those rows in their order, locked for the caller's transaction and read as they are now. 1 query on SQLite, 2 on PostgreSQL.

    Give an order to lock several always in the same one.
    """
    if connections[rows.db].features.has_select_for_update:
        keys = [row.pk for row in rows.select_related(None).only("pk").select_for_update(of=("self",))]
        rows = rows.filter(pk__in=keys)
    return list(rows)


def locked_one(rows: QuerySet[Row], pk: object) -> Row:
    """That row, locked for the caller's transaction and read as it is now. Raises: DoesNotExist of its model."""
    if connections[rows.db].features.has_select_for_update:
        rows.select_related(None).only("pk").select_for_update(of=("self",)).get(pk=pk)
    return rows.get(pk=pk)
