"""Celery's way in: one call each. Each is safe to run twice, and twice at once."""

from __future__ import annotations

from celery import shared_task

from oncall import handoffs, importing, shifts
from portal import clock


@shared_task(name="oncall.open_shift_checklists")
def open_shift_checklists() -> int:
    """Opens what is due, and tells leads of what is unfinished."""
    now = clock.now()
    return shifts.open_checklists(now) + shifts.tell_leads(now)


@shared_task(name="oncall.hand_over")
def hand_over() -> int:
    now = clock.now()
    return handoffs.open_due(now) + handoffs.go_on(now)


@shared_task(name="oncall.read_calendars")
def read_calendars() -> int:
    return importing.read_feeds(clock.now())
