"""Hand-offs write themselves: opened before a shift ends, filled by what packages know, frozen when sent, accepted by whoever comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from oncall import rota
from oncall.models import Handoff, Rotation, Team
from portal.accounts.models import User
from portal.errors import DomainError
from portal.locking import locked_one
from portal.notify import outbox
from portal.notify.models import Message
from portal.shelves import Shelf
from portal.web.versions import next_version

OPENS_BEFORE = timedelta(hours=3)
LOOKS_BACK = timedelta(hours=1)  # a change that was missed while nothing ran
LEAD_AFTER = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to know. `key` names it for leaving it out, such as `incident:142`."""

    key: str
    what: str
    why: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a section is asked for: the shift of `rotation` from `since` to `at`, looked at `now`."""

    rotation: Rotation
    team: Team
    since: datetime
    at: datetime
    now: datetime
    outgoing: User | None


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a heading; `lines` asks at most two queries."""

    title: str
    icon: str
    lines: Callable[[Subject], list[Line]]
    order: int = 50


# Filled by packages to the right: SECTIONS.put("open incidents", Section("Open incidents and their next step", "siren", lines, order=10))
SECTIONS: Shelf[Section] = Shelf("sections of a hand-off")


class NotYours(DomainError):
    """Somebody else takes over, or it was accepted before."""

    code = "already_accepted"


def open_due(now: datetime) -> int:
    """Open the hand-off of every shift change of the next three hours, tell who goes; how many are new. Safe to run again, and twice at once."""
    opened = 0
    for rotation, spans in rota.coming(now - LOOKS_BACK, now + OPENS_BEFORE):
        if rotation.lane == Rotation.Lane.SHADOW:
            continue
        for going, comes in zip(spans, spans[1:], strict=False):
            if going.person and comes.person and going.person != comes.person and now - LOOKS_BACK < comes.starts_at <= now + OPENS_BEFORE:
                opened += _open(rotation, going, comes, now)
    return opened


@transaction.atomic
def _open(rotation: Rotation, going: rota.Span, comes: rota.Span, now: datetime) -> int:
    handoff, new = Handoff.objects.get_or_create(
        rotation=rotation,
        at=comes.starts_at,
        defaults={"outgoing": going.person, "incoming": comes.person, "since": going.starts_at, "opened_at": now},
    )
    if new and going.person:
        when = comes.starts_at.astimezone(going.person.zone)
        _mail(
            going.person,
            f"Hand over “{rotation}” to {comes.person} at {when:%H:%M}",
            "The hand-off has filled itself. Add your words and send it:",
            handoff,
            now,
        )
    return int(new)


def sections(handoff: Handoff, now: datetime) -> list[dict[str, Any]]:
    """What stands in it: live while it is being written, as it was frozen after. [{name, title, icon, items}], empty ones included."""
    if handoff.state != Handoff.State.WRITING:
        return list(handoff.lines)
    subject = Subject(handoff.rotation, handoff.rotation.team, handoff.since, handoff.at, now, handoff.outgoing)
    found = sorted(SECTIONS, key=lambda named: named[1].order)
    return [
        {"name": name, "title": section.title, "icon": section.icon, "items": [asdict(line) for line in section.lines(subject)]}
        for name, section in found
    ]


@transaction.atomic
def write(handoff_id: int, *, changed: str, watch: str, left_out: Sequence[str], by: User, seen: int | None) -> Handoff:
    """The outgoing's words and what they leave out, kept as a draft. Raises: Stale; NotYours, it was accepted already."""
    version = next_version(Handoff, handoff_id, seen=seen)
    handoff = Handoff.objects.select_related("rotation__team").get(pk=handoff_id)
    if handoff.state == Handoff.State.ACCEPTED:
        raise NotYours("It was accepted already. Tell the next person directly.")
    handoff.version, handoff.changed, handoff.watch, handoff.left_out = version, changed.strip(), watch.strip(), list(left_out)
    handoff.save()
    return handoff


@transaction.atomic
def send(handoff_id: int, *, at: datetime) -> Handoff:
    """Frozen as it stands and given to whoever comes. Sending again changes nothing."""
    handoff = locked_one(Handoff.objects.select_related("rotation__team", "outgoing", "incoming"), handoff_id)
    if handoff.state != Handoff.State.WRITING:
        return handoff
    handoff.lines = sections(handoff, at)
    handoff.state, handoff.sent_at = Handoff.State.SENT, at
    handoff.version += 1
    handoff.save()
    if handoff.incoming:
        _mail(handoff.incoming, f"Your hand-off of “{handoff.rotation}”", _text(handoff), handoff, at)
    return handoff


@transaction.atomic
def accept(handoff_id: int, *, by: User, at: datetime) -> Handoff:
    """`by` has read it and takes over; what was still being written is frozen as it stands. Raises: NotYours, somebody accepted it before."""
    handoff = send(handoff_id, at=at)
    if handoff.state == Handoff.State.ACCEPTED:
        raise NotYours(f"{handoff.accepted_by} accepted it already.")
    handoff.state, handoff.accepted_at, handoff.accepted_by = Handoff.State.ACCEPTED, at, by
    handoff.version += 1
    handoff.save()
    return handoff


def go_on(now: datetime) -> int:
    """Send what nobody sent by the change of shifts, and tell the leads what nobody accepted 30 minutes after; how many. Safe to run again."""
    went_on = 0
    for pk in Handoff.objects.filter(state=Handoff.State.WRITING, at__lte=now).values_list("pk", flat=True):
        send(pk, at=now)
        went_on += 1
    late = Handoff.objects.filter(state=Handoff.State.SENT, at__lte=now - LEAD_AFTER, lead_told_at=None).select_related("rotation__team", "incoming")
    for handoff in late:
        _tell_leads(handoff, now)
        went_on += 1
    return went_on


@transaction.atomic
def _tell_leads(handoff: Handoff, now: datetime) -> None:
    if not Handoff.objects.filter(pk=handoff.pk, lead_told_at=None, state=Handoff.State.SENT).update(lead_told_at=now):
        return
    for lead in handoff.rotation.team.leads():
        _mail(
            lead,
            f"{handoff.incoming} has not accepted the hand-off of “{handoff.rotation}”",
            f"The shift changed at {handoff.at.astimezone(lead.zone):%H:%M} ({lead.time_zone}). See that somebody has it:",
            handoff,
            now,
        )


def _text(handoff: Handoff) -> str:
    lines = [f"{handoff.outgoing} hands over to you.", ""]
    for title, words in (("What changed", handoff.changed), ("What to watch", handoff.watch)):
        lines += [f"{title}:", words, ""] if words else []
    for section in handoff.lines:
        items = [item for item in section["items"] if item["key"] not in handoff.left_out]
        if items:
            lines += [f"{section['title']}:", *(f"  {item['what']}{' · ' + item['why'] if item['why'] else ''}" for item in items), ""]
    return "\n".join([*lines, "Read it and accept it:"])


def _mail(person: User, subject: str, body: str, handoff: Handoff, at: datetime) -> None:
    outbox.queue(
        person,
        channel="email",
        purpose=Message.Purpose.NOTICE,
        subject=subject,
        body=f"{body}\n{settings.BASE_URL}/oncall/handoffs/{handoff.pk}/",
        dedup_key=f"handoff:{handoff.pk}:{person.pk}:{handoff.state}:{'late' if handoff.lead_told_at or at - handoff.at >= LEAD_AFTER else ''}",
        at=at,
        about=f"handoff:{handoff.pk}",
        priority=2,
    )
