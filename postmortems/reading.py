"""What to read: postmortems like this one, and five before a first shift on a service. What was read is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from oncall.models import Service
from portal.accounts.models import User
from postmortems.models import Postmortem, ReadTick
from runbooks.models import Runbook

FIVE, LOOKED_AT, RELATED = 5, 200, 4
FADES = timedelta(days=365)  # what is older counts half


@dataclass(frozen=True, slots=True)
class Chosen:
    """why: a sentence. is_read: by the reader."""

    postmortem: Postmortem
    why: str
    is_read: bool = False


def related(postmortem: Postmortem, user: User) -> list[Chosen]:
    """Published ones with the same tags or the same service, most alike and newest first, at most four. 3 queries."""
    tags = list(postmortem.tags.values_list("pk", flat=True))
    service = postmortem.incident.service_id if postmortem.incident else None
    alike = Q(tags__in=tags)
    if service:
        alike |= Q(incident__service=service)
    found = Postmortem.objects.published().visible_to(user).exclude(pk=postmortem.pk).filter(alike).select_related("incident")
    shared = Count("tags", filter=Q(tags__in=tags), distinct=True)
    ranked: list[Any] = sorted(found.annotate(shared=shared).order_by("-pk")[:LOOKED_AT], key=lambda each: _alike(each, service))
    return [Chosen(each, _why_related(each.shared, _same(each, service))) for each in ranked[:RELATED]]


def _alike(each: Any, service: int | None) -> int:
    """The lower, the more alike: a tag counts for more than the service."""
    return -2 * int(each.shared) - _same(each, service)


def _same(postmortem: Postmortem, service: int | None) -> bool:
    return bool(service and postmortem.incident and postmortem.incident.service_id == service)


def _why_related(shared: int, same: bool) -> str:
    said = [f"{shared} {'tag' if shared == 1 else 'tags'} in common"] if shared else []
    return ", ".join([*said, "the same service"] if same else said)


def five(service: Service, user: User, now: datetime) -> list[Chosen]:
    """Published postmortems of a service worth reading first: bad, recent, and come back. At most five. 2 queries."""
    found = Postmortem.objects.published().visible_to(user).filter(incident__service=service).select_related("incident")
    found = found.annotate(returned=Count("recurrences", distinct=True)).order_by("-pk")[:LOOKED_AT]
    best = sorted(found, key=lambda each: -_worth(each, now))[:FIVE]
    read = set(ReadTick.objects.filter(person=user, postmortem__in=best).values_list("postmortem", flat=True))
    return [Chosen(each, _why_five(each), each.pk in read) for each in best]


def _worth(postmortem: Postmortem, now: datetime) -> float:
    """4 for a SEV1 .. 1 for a SEV4 and 2 for each time that it came back, halved for each year since."""
    assert postmortem.incident is not None
    age = (now - postmortem.incident.opened_at) / FADES
    worth: float = (5 - postmortem.incident.severity + 2 * getattr(postmortem, "returned", 0)) * 0.5 ** max(age, 0)
    return worth


def _why_five(postmortem: Postmortem) -> str:
    assert postmortem.incident is not None
    returned = getattr(postmortem, "returned", 0)
    again = f", came back {returned} {'time' if returned == 1 else 'times'}" if returned else ""
    return f"SEV{postmortem.incident.severity} of {postmortem.incident.opened_at:%d %b %Y}{again}"


def runbooks_of(service: Service) -> list[Runbook]:
    """The five that were followed most, to read beside them. 1 query."""
    used = Runbook.objects.filter(services=service).annotate(used=Count("followings", distinct=True))
    return list(used.defer("body", "body_html").order_by("-used", "title")[:FIVE])


def tick(postmortem: Postmortem, *, by: User, at: datetime) -> ReadTick:
    """Read. Ticking again changes nothing."""
    return ReadTick.objects.get_or_create(postmortem=postmortem, person=by, defaults={"at": at})[0]
