"""Celery's way in: one call."""

from __future__ import annotations

from celery import shared_task

from portal import clock
from postmortems import debt, recurrence, reminders, weekly, writing


@shared_task(name="postmortems.remind")
def remind() -> int:
    now = clock.now()
    debt.keep_week(now)
    return reminders.remind(now) + weekly.report(now)


@shared_task(name="postmortems.follow")
def follow() -> int:
    """What incidents to the left have brought: a postmortem to start, something that happened before."""
    now = clock.now()
    return writing.start_missing(now) + recurrence.look(now)
