"""Who works on an incident hears of a new alert in it: a message, not a page (alerts.md section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from incidents import roles
from incidents.alerts.cases import Case
from incidents.models import Incident
from incidents.paging import CHANNEL
from portal.accounts.models import User
from portal.notify import outbox
from portal.notify.models import Message

NAMED = 5  # alerts in one message
APART = timedelta(minutes=5)  # at least, between two such messages to one person about one incident; what comes meanwhile is on the page


def tell_roles(incidents: Iterable[Incident], begun: Mapping[int, Sequence[Case]], at: datetime) -> None:
    """In the caller's transaction: those who hold a role, and whoever acknowledged, of incidents that somebody already has in hand."""
    for incident in incidents:
        new = [case for case in begun.get(incident.pk, ()) if case.undone is None]
        if not new or incident.waits or incident.is_over:
            continue
        for person in _working_on(incident):
            _tell(incident, person, new, at)


def _working_on(incident: Incident) -> list[User]:
    people = {holding.person_id: holding.person for holdings in roles.held(incident).values() for holding in holdings}
    if incident.acknowledged_by:
        people.setdefault(incident.acknowledged_by.pk, incident.acknowledged_by)
    return [person for _, person in sorted(people.items()) if person.is_active]


def _tell(incident: Incident, person: User, new: Sequence[Case], at: datetime) -> None:
    key = f"attached:{incident.pk}:{person.pk}:"
    if Message.objects.filter(dedup_key__startswith=key, about=incident.subject, created_at__gt=at - APART).exists():
        return
    names = [case.title for case in new[:NAMED]]
    more = f"\nand {len(new) - NAMED} more" if len(new) > NAMED else ""
    outbox.queue(
        person,
        channel=CHANNEL,
        purpose=Message.Purpose.NOTICE,
        subject=f"Also firing: {names[0]} ({incident.reference})",
        body=f"{incident.reference}, {incident.title}, has {len(new)} more:\n" + "\n".join(names) + f"{more}\n\n{incident.link}",
        dedup_key=f"{key}{at:%Y%m%d%H%M%S}",
        at=at,
        about=incident.subject,
        practice=incident.kind == Incident.Kind.DRILL,
    )
