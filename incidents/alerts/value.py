"""What each alert rule was worth in a month: which to repair or delete (product.md section 9, number 21)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from incidents.models import Episode
from incidents.models.alert import AlertQuerySet

SHOWN = 10
USELESS = (Episode.Use.NOISE, Episode.Use.TWIN)
NIGHT = (*range(0, 7), 22, 23)  # hours of UTC in which people sleep or should


@dataclass(frozen=True, slots=True)
class Worth:
    """precision: share of the judged episodes that were acted on or known; None while none was judged."""

    name: str
    service: str
    fired: int
    at_night: int
    acted: int
    known: int
    noise: int
    twins: int

    @property
    def judged(self) -> int:
        return self.acted + self.known + self.noise + self.twins

    @property
    def precision(self) -> float | None:
        return (self.acted + self.known) / self.judged if self.judged else None

    @property
    def advice(self) -> str:
        """What to change in the rule, as text to paste beside it."""
        if self.acted == 0 and self.judged >= 3:
            return f"Delete {self.name}, or make it a record: of {self.judged} judged none led to anything."
        if self.twins > self.noise:
            return f"Let {self.name} be inhibited by the alert that it repeats."
        return f"Raise the threshold or the `for` of {self.name}: {self.noise} of {self.judged} were noise."


def worst(alerts: AlertQuerySet, since: datetime, until: datetime) -> list[Worth]:
    """The rules with the most useless episodes that began in [since, until), at most ten; those that nobody judged are left out. 1 query."""
    began = Episode.objects.filter(alert__in=alerts, was_firing=True, started_at__gte=since, started_at__lt=until, alert__severity__isnull=False)
    uses = {use.value: Count("pk", filter=Q(was_of_use=use)) for use in Episode.Use}
    night = Count("pk", filter=Q(started_at__hour__in=NIGHT))
    rows: Iterable[Any] = began.order_by().values("alert__name", "alert__service__name").annotate(fired=Count("pk"), at_night=night, **uses)
    found = [
        Worth(
            name=row["alert__name"] or "unnamed alert",
            service=row["alert__service__name"] or "unassigned",
            fired=row["fired"],
            at_night=row["at_night"],
            acted=row["acted"],
            known=row["known"],
            noise=row["noise"],
            twins=row["twin"],
        )
        for row in rows
        if any(row[use] for use in USELESS)
    ]
    return sorted(found, key=lambda each: (-(each.noise + each.twins), -each.at_night, each.name))[:SHOWN]
