"""Named moments of an incident: filled by what happens, never over what a person corrected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Min
from django.db.models.functions import Coalesce
from simple_history.utils import bulk_create_with_history

from incidents import timeline
from incidents.locks import locked, store
from incidents.models import Incident, Milestone
from portal.accounts.models import User
from portal.errors import Invalid
from portal.notify.models import Message


def fill(incident: Incident, name: str, *, at: datetime, recorded_at: datetime, author: User | None = None) -> None:
    """Note the moment if that milestone is still empty. In the caller's transaction. 1-2 queries."""
    source = Milestone.Origin.PERSON if author else Milestone.Origin.AUTO
    Milestone.objects.get_or_create(incident=incident, name=name, defaults={"at": at, "source": source, "author": author, "recorded_at": recorded_at})


def begin(incident: Incident, moments: Mapping[str, datetime], *, recorded_at: datetime) -> None:
    """The first milestones of an incident that this transaction made. 2 queries."""
    rows = [Milestone(incident=incident, name=name, at=at, source=Milestone.Origin.AUTO, recorded_at=recorded_at) for name, at in moments.items()]
    bulk_create_with_history(rows, Milestone)


def alerted_at(incident: Incident) -> datetime | None:
    """When the first page was handed over to a channel; None while none was. 1 query."""
    pages = Message.objects.filter(about=incident.subject, purpose=Message.Purpose.PAGE)
    found: datetime | None = pages.aggregate(first=Min(Coalesce("sent_at", "bundle__sent_at")))["first"]
    return found


def fill_alerted(incident: Incident, *, recorded_at: datetime) -> None:
    """*Alerted* is known by the outbox; kept here once somebody acknowledges."""
    first = alerted_at(incident)
    if first is not None:
        fill(incident, "alerted", at=first, recorded_at=recorded_at)


@transaction.atomic
def edit(incident_id: int, name: str, *, at_moment: datetime, by: User, at: datetime) -> Milestone:
    """A person's correction: from now on no status move touches it, and its history keeps what it said. Raises: Invalid.

    None may be before impact_started, which in turn may not be after any other; nor may one lie in the future.
    """
    if name not in Milestone.Name.values:
        raise Invalid(f"“{name[:40]}” is no milestone; use one of {', '.join(Milestone.Name.values)}.")
    incident = locked(incident_id)
    others = {m.name: m for m in incident.milestones.all()}
    _check(others, name, at_moment, at)
    was = others.get(name)
    milestone = was or Milestone(incident=incident, name=name)
    told = f"{milestone.get_name_display()}: {f'{was.at:%d %b %H:%M} → ' if was else ''}{at_moment:%d %b %H:%M} UTC"
    milestone.at, milestone.source, milestone.author = at_moment, Milestone.Origin.PERSON, by
    milestone.recorded_at, milestone.edited = at, was is not None
    milestone.save()
    store(incident)
    timeline.append(incident, kind="milestone", at=at, by=by, text=told, data={"milestone": name})
    return milestone


def _check(others: dict[str, Milestone], name: str, moment: datetime, now: datetime) -> None:
    if moment > now:
        raise Invalid("A milestone cannot lie in the future.")
    if name == Milestone.Name.IMPACT_STARTED:
        early = min((m for m in others.values() if m.name != name), key=lambda m: m.at, default=None)
        if early and early.at < moment:
            raise Invalid(f"Impact cannot have started after “{early.get_name_display()}” ({early.at:%d %b %H:%M} UTC). Correct that one first.")
        return
    began = others.get(Milestone.Name.IMPACT_STARTED)
    if began and moment < began.at:
        raise Invalid(f"That is before impact started ({began.at:%d %b %H:%M} UTC). Correct that one first.")


# An alert is acknowledged and so declared; what a person declared is acknowledged afterwards.
EITHER_WAY = (Milestone.Name.ACKNOWLEDGED, Milestone.Name.DECLARED)


def disorder(found: dict[str, datetime]) -> list[str]:
    """Sentences on milestones that stand in another order than usual; warnings, nothing is refused. 0 queries."""
    usual = [name for name in Milestone.Name.values if name in found]
    return [
        f"{Milestone.Name(later).label} ({found[later]:%H:%M}) is before {Milestone.Name(name).label.lower()} ({found[name]:%H:%M})."
        for name, later in zip(usual, usual[1:], strict=False)
        if found[later] < found[name] and (name, later) != EITHER_WAY
    ]
