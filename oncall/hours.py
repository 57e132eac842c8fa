"""Business hours of a service: Monday to Friday, wall clock in the service's zone, less the holidays of its country."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from oncall import holidays
from oncall.models import Service
from oncall.rotations import moment

SATURDAY = 5


def is_open(service: Service | None, at: datetime) -> bool:
    """Within the service's business hours: the opening is included, the closing is not. Without a service it is always open."""
    if service is None:
        return True
    day = at.astimezone(service.zone).date()
    if not _works(service, day):
        return False
    return moment(day, service.opens_at, service.zone) <= at < moment(day, service.closes_at, service.zone)


def next_opening(service: Service, at: datetime) -> datetime:
    """The first opening after `at`, UTC."""
    day = at.astimezone(service.zone).date()
    while True:
        opening = moment(day, service.opens_at, service.zone)
        if _works(service, day) and opening > at:
            return opening
        day += timedelta(days=1)


def _works(service: Service, day: date) -> bool:
    return day.weekday() < SATURDAY and not holidays.on(service.country, day)
