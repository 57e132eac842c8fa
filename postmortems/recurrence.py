"""It happened before: what the last postmortem promised, and how much of it is still open.

The same alert, or an alert of the same name on the same service, as in a published postmortem. A fix that was done and not yet verified
did not hold: it opens again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from incidents import timeline
from incidents.models import Incident
from portal.accounts.models import User
from portal.locking import locked_one
from portal.notify import outbox
from portal.notify.models import Message
from postmortems import action_items
from postmortems.models import ActionItem, Postmortem, Recurrence

LOOK_BACK = timedelta(days=7)  # incidents opened before that are no longer examined


@dataclass(frozen=True, slots=True)
class Before:
    """An earlier postmortem of the same thing. `late`: whole days of the most overdue open item, 0 when none is overdue."""

    postmortem: Postmortem
    on: date
    open: int
    total: int
    late: int

    def __str__(self) -> str:
        fixes = f"{self.open} of {self.total} {'fix is' if self.open == 1 and self.total == 1 else 'fixes are'} open"
        late = f", the oldest {self.late} {'day' if self.late == 1 else 'days'} late" if self.late else ""
        return f"This happened on {self.on.day} {self.on:%b %Y}; {fixes if self.total else 'no fix was agreed'}{late}."


def before(incident: Incident, user: User | None, now: datetime) -> Before | None:
    """The latest published postmortem of the same alert, or alert name and service, that `user` may see (None: any). 2 queries."""
    same = _same_thing(incident)
    if same is None:
        return None
    found = Postmortem.objects.published().filter(same, incident__opened_at__lt=incident.opened_at).exclude(incident=incident)
    if user is not None:
        found = found.filter(pk__in=Postmortem.objects.visible_to(user))
    postmortem = found.select_related("incident").order_by("-incident__opened_at").first()
    return _of(postmortem, now) if postmortem else None


def _same_thing(incident: Incident) -> Q | None:
    alerts = incident.episodes.values("alert")
    same = Q(incident__episodes__alert__in=alerts)
    if incident.service_id:
        same |= Q(incident__service=incident.service_id, incident__episodes__alert__name__in=incident.episodes.values("alert__name"))
    if incident.correlation_key:
        same |= Q(incident__correlation_key=incident.correlation_key)
    return same


def _of(postmortem: Postmortem, now: datetime) -> Before:
    items = list(postmortem.action_items.exclude(status=ActionItem.Status.DECLINED).select_related("owner"))
    unfinished = [item for item in items if not item.is_finished]
    assert postmortem.incident is not None
    return Before(
        postmortem=postmortem,
        on=postmortem.incident.opened_at.date(),
        open=len(unfinished),
        total=len(items),
        late=max((item.days_late(now) for item in unfinished), default=0),
    )


def look(now: datetime) -> int:
    """Examine each incident that nobody looked at yet; how many recurred. Safe to run again, and twice at once."""
    fresh = Incident.objects.filter(kind=Incident.Kind.INCIDENT, opened_at__gte=now - LOOK_BACK, recurrence=None).exclude(status="merged")
    return sum(_examine(pk, now) for pk in list(fresh.order_by("pk").values_list("pk", flat=True)))


@transaction.atomic
def _examine(incident_id: int, now: datetime) -> int:
    incident = locked_one(Incident.objects.select_related("service__team"), incident_id)
    known = before(incident, None, now)
    _, new = Recurrence.objects.get_or_create(incident=incident, defaults={"postmortem": known.postmortem if known else None, "found_at": now})
    if not (new and known):
        return 0
    reopened = _reopen_what_did_not_hold(known.postmortem, incident, now)
    again = _of(known.postmortem, now)
    where = f"/postmortems/{known.postmortem.pk}/"
    timeline.append(incident, kind="notice", at=now, by=None, text=f"{again} {known.postmortem.reference}", url=where)
    _tell_leads(incident, again, reopened, now)
    return 1


def _reopen_what_did_not_hold(postmortem: Postmortem, incident: Incident, now: datetime) -> list[ActionItem]:
    unproven = postmortem.action_items.filter(status=ActionItem.Status.DONE)
    reason = f"It happened again before this was verified: {incident.reference}"
    return [action_items.reopen(item.pk, reason, by=None, at=now) for item in unproven]


def _tell_leads(incident: Incident, known: Before, reopened: Iterable[ActionItem], now: datetime) -> None:
    team = incident.team
    opened = "".join(f"\nReopened, it was not verified: {item.reference} {item.title}" for item in reopened)
    for lead in team.leads() if team else ():
        if incident.is_restricted and not Incident.objects.visible_to(lead).filter(pk=incident.pk).exists():
            continue
        outbox.queue(
            lead,
            channel="email",
            purpose=Message.Purpose.NOTICE,
            subject=f"{incident.reference} happened before: {known.open} of {known.total} fixes are open",
            body=f"{incident.reference} {incident.title}\n\n{known}{opened}\n\n{known.postmortem.reference} {known.postmortem.title}\n"
            f"{settings.BASE_URL}/postmortems/{known.postmortem.pk}/\n{settings.BASE_URL}/incidents/{incident.pk}/\n",
            dedup_key=f"recurrence:{incident.pk}:{lead.pk}",
            at=now,
            about=incident.subject,
        )
