"""What would happen if a stored request came now: worked off in a transaction that is rolled back (alerts.md section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from incidents.alerts import ingest, ledger
from incidents.models import Delivery, Episode, Incident, Observation
from portal.notify.models import Message


@dataclass(frozen=True, slots=True)
class Outcome:
    """lines: a sentence for each alert. opened, reopened: titles of incidents. pages: how many people would be told."""

    understood: bool
    problems: list[str]
    lines: list[str]
    opened: list[str]
    pages: int


def dry_run(delivery: Delivery, *, now: datetime) -> Outcome:
    """As if the same body came at `now`, by today's rules. Nothing is kept."""
    raw = ledger.body_of(delivery)
    with transaction.atomic():
        highest = Incident.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        messages = Message.objects.count()
        again = Delivery.objects.create(
            source=delivery.source,
            body=delivery.body,
            length=delivery.length,
            sha256=delivery.sha256,
            received_at=now,
            understood=delivery.understood,
            problems=delivery.problems,
        )
        body = ingest.parsed(again, raw=raw)
        ingest.apply(again, body, now=now)
        outcome = Outcome(
            understood=body.understood,
            problems=list(body.problems),
            lines=_lines(again),
            opened=[incident.title for incident in Incident.objects.filter(pk__gt=highest).order_by("pk")],
            pages=Message.objects.count() - messages,
        )
        transaction.set_rollback(True)
    return outcome


def _lines(delivery: Delivery) -> list[str]:
    told = Observation.objects.filter(delivery=delivery).select_related("alert").order_by("position")[:100]
    owners = dict(
        Episode.objects.filter(alert__in=[each.alert_id for each in told], ended_at=None, incident__isnull=False).values_list("alert", "incident")
    )
    return [f"{each.alert}: {each.get_made_display()}" + (f", in INC-{owners[each.alert_id]}" if each.alert_id in owners else "") for each in told]
