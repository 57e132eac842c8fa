"""A person's working days: Monday to Friday, less their country's holidays and their absences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from oncall import holidays
from oncall.models.absence import Absence, Calendar
from portal.accounts.models import User

SATURDAY = 5


@dataclass(frozen=True)
class WorkingDays:
    """`off(day)`: not a working day. An absence counts for a day if it covers that day's 09:00 to 17:00 whole."""

    zone: ZoneInfo
    country: str = ""
    away: tuple[tuple[datetime, datetime], ...] = field(default=())

    def off(self, day: date) -> bool:
        if day.weekday() >= SATURDAY or holidays.on(self.country, day):
            return True
        begins = datetime.combine(day, time(9), tzinfo=self.zone)
        ends = datetime.combine(day, time(17), tzinfo=self.zone)
        return any(start <= begins and ends <= end for start, end in self.away)


NOBODY = WorkingDays(ZoneInfo("UTC"))


def of(people: Iterable[User], now: datetime) -> dict[int, WorkingDays]:
    """The working days of each, by primary key; absences that ended a month ago or more are left out. 2 queries."""
    wanted = {person.pk: person for person in people}
    countries = dict(Calendar.objects.filter(person__in=wanted).values_list("person_id", "country"))
    away: dict[int, list[tuple[datetime, datetime]]] = {}
    for person, start, end in Absence.objects.filter(person__in=wanted, ends_at__gt=now - timedelta(days=31)).values_list(
        "person_id", "starts_at", "ends_at"
    ):
        away.setdefault(person, []).append((start.astimezone(UTC), end.astimezone(UTC)))
    return {pk: WorkingDays(person.zone, countries.get(pk, ""), tuple(away.get(pk, ()))) for pk, person in wanted.items()}
