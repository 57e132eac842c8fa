"""Planned work on a service: written down ahead, moved, called off. Pages that it holds back follow it (alerts.md section 4)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from incidents import timeline
from incidents.alerts import pages
from incidents.models import Incident, MaintenanceWindow
from incidents.models.incident import Status
from portal import due
from portal.errors import Invalid

if TYPE_CHECKING:
    from oncall.models import Service
    from portal.accounts.models import User


@transaction.atomic
def plan(service: Service, *, starts_at: datetime, ends_at: datetime, reason: str, by: User, at: datetime) -> MaintenanceWindow:
    """Nobody is paged for `service` in [starts_at, ends_at). Raises: Invalid, it would end before it starts or has ended already."""
    _check(starts_at, ends_at, at)
    return MaintenanceWindow.objects.create(service=service, starts_at=starts_at, ends_at=ends_at, reason=reason, created_by=by, created_at=at)


@transaction.atomic
def change(window: MaintenanceWindow, *, starts_at: datetime, ends_at: datetime, reason: str, at: datetime) -> MaintenanceWindow:
    """Longer, shorter or later; what it holds back is looked at anew. Raises: Invalid, as `plan`, or it was called off."""
    if window.cancelled_at:
        raise Invalid("This maintenance was called off. Plan another one.")
    _check(starts_at, ends_at, at)
    window.starts_at, window.ends_at, window.reason = starts_at, ends_at, reason
    window.save(update_fields=["starts_at", "ends_at", "reason"])
    look_again(window, at)
    return window


@transaction.atomic
def cancel(window: MaintenanceWindow, *, at: datetime) -> MaintenanceWindow:
    """It holds nothing back from now on; what it held and still fires is paged at once. Twice is once."""
    if window.cancelled_at is None:
        window.cancelled_at = at
        window.save(update_fields=["cancelled_at"])
        look_again(window, at)
    return window


def look_again(window: MaintenanceWindow, at: datetime) -> None:
    """In the caller's transaction: pages held by this window are due now; whoever releases one finds out whether it still has to wait."""
    for incident in Incident.objects.filter(service=window.service_id, status=Status.TRIAGE):
        if timeline.story(incident).filter(kind="notice", data__window=window.pk).exists():
            due.move(pages.HELD, str(incident.pk), at=at)


def _check(starts_at: datetime, ends_at: datetime, at: datetime) -> None:
    if ends_at <= starts_at:
        raise Invalid("Maintenance ends after it starts. Give a later end.")
    if ends_at <= at:
        raise Invalid("That end has passed: nothing would be held back. Give an end in the future.")
