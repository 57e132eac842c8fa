"""Celery's way in: one call."""

from __future__ import annotations

from celery import shared_task

from oncall import shifts
from portal import clock


@shared_task(name="oncall.open_shift_checklists")
def open_shift_checklists() -> int:
    return shifts.open_checklists(clock.now())
