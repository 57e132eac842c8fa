"""Celery's way in: one call."""

from __future__ import annotations

from celery import shared_task

from portal import clock
from postmortems import reminders


@shared_task(name="postmortems.remind")
def remind() -> int:
    return reminders.remind(clock.now())
