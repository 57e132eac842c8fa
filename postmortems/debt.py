"""Knowledge debt of a service: one number with its parts, and how it went for twelve weeks. Never of a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from incidents.models import Episode, Incident
from oncall.models import Service
from postmortems.models import ActionItem, DebtWeek
from runbooks.models import Runbook, RunbookAlias

PARTS = {
    "stale": "runbooks stale or broken",
    "unowned": "runbooks without an owner",
    "no_runbook": "alerts without a runbook",
    "overdue": "action items overdue",
    "never_drilled": "never drilled",
}
WEEKS = 12
ALERTS_SINCE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Debt:
    """parts: by the keys of PARTS. history: totals of the last weeks, oldest first."""

    service: Service
    parts: dict[str, int]
    history: list[int] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.parts.values())

    @property
    def in_words(self) -> str:
        return ", ".join(f"{number} {PARTS[name]}" if name != "never_drilled" else PARTS[name] for name, number in self.parts.items() if number)


def of_all(now: datetime) -> list[Debt]:
    """Every service, the most indebted first. 7 queries."""
    services = list(Service.objects.order_by("name"))
    counted = _counted(now)
    history: dict[int, list[int]] = {}
    for service, total in DebtWeek.objects.filter(monday__gt=monday_of(now) - timedelta(weeks=WEEKS)).values_list("service", "total"):
        history.setdefault(service, []).append(total)
    found = [Debt(service, {part: counted[part].get(service.pk, 0) for part in PARTS}, [*history.get(service.pk, [])]) for service in services]
    return sorted(found, key=lambda debt: (-debt.total, debt.service.name))


def keep_week(now: datetime) -> int:
    """Write down this week's numbers once; how many services. Safe to run again, and twice at once."""
    monday = monday_of(now)
    if DebtWeek.objects.filter(monday=monday).exists():
        return 0
    kept = 0
    for debt in of_all(now):
        _, new = DebtWeek.objects.get_or_create(service=debt.service, monday=monday, defaults={"parts": debt.parts, "total": debt.total})
        kept += new
    return kept


def monday_of(now: datetime) -> date:
    return now.date() - timedelta(days=now.weekday())


def _counted(now: datetime) -> dict[str, dict[int, int]]:
    """part → service → how many."""
    runbooks = Runbook.objects.order_by()
    return {
        "stale": _by(runbooks.filter(state__in=[Runbook.State.STALE, Runbook.State.BROKEN]).values_list("services").annotate(Count("pk"))),
        "unowned": _by(runbooks.filter(owner=None).values_list("services").annotate(Count("pk"))),
        "no_runbook": _alerts_without(now),
        "overdue": _by(ActionItem.objects.overdue(now).order_by().values_list("postmortem__incident__service").annotate(Count("pk"))),
        "never_drilled": _never_drilled(),
    }


def _by(rows: Iterable[Any]) -> dict[int, int]:
    return {service: number for service, number in rows if service is not None}


def _alerts_without(now: datetime) -> dict[int, int]:
    """Alert names that fired in 90 days and that no runbook answers to."""
    fired = Episode.objects.filter(started_at__gte=now - ALERTS_SINCE).exclude(Q(alert__service=None) | Q(alert__name=""))
    unknown = fired.exclude(alert__name__in=RunbookAlias.objects.values("alertname"))
    return _by(unknown.order_by().values_list("alert__service").annotate(Count("alert__name", distinct=True)))


def _never_drilled() -> dict[int, int]:
    drilled = set(Incident.objects.filter(kind=Incident.Kind.DRILL).exclude(service=None).values_list("service", flat=True).distinct())
    return {pk: 1 for pk in Service.objects.values_list("pk", flat=True) if pk not in drilled}
