"""What beat asks for; each names a story and may run twice."""

from __future__ import annotations

from celery import shared_task

from incidents.status_page import publishing
from portal import clock


@shared_task(name="incidents.refresh_status_page")
def refresh_status_page() -> None:
    publishing.refresh(clock.now())
