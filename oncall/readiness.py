"""Is everybody on a rotation reachable, and does every channel work: from evidence, not from settings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q

from oncall import rota
from oncall.models import AcceptedGap, Rotation
from portal import doctor
from portal.accounts.models import User
from portal.doctor import Finding
from portal.notify.channels import CHANNELS
from portal.notify.contact import ContactMethod
from portal.notify.methods import PROVEN_FOR
from portal.notify.models import Attempt, Message

SOON, HOLES_AHEAD = timedelta(days=7), timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Ready:
    """One person of a rotation. `is_ready`: some method was tapped within seven days and does not fail. on_call_at: None, not within 14 days."""

    person: User
    methods: Sequence[ContactMethod]
    is_ready: bool
    on_call_at: datetime | None
    is_on_call: bool

    @property
    def says(self) -> str:
        if self.is_ready:
            return "reachable"
        if not any(method.verified_at for method in self.methods):
            return "no verified channel: only the account's e-mail"
        return "no channel proven in 7 days" if not any(method.failing_since for method in self.methods) else "a channel fails"


def people(now: datetime) -> list[Ready]:
    """Everybody on a rotation that pages, whoever is on call first. About 8 queries."""
    on_call: dict[int, datetime] = {}
    for _, spans in rota.coming(now, now + HOLES_AHEAD, Rotation.objects.exclude(lane=Rotation.Lane.SHADOW)):
        for span in spans:
            for person in span.people:
                on_call[person.pk] = min(on_call.get(person.pk, span.starts_at), span.starts_at)
    listed = User.objects.filter(Q(turns__isnull=False) | Q(pk__in=on_call), is_active=True).distinct().order_by("name")
    methods: dict[int, list[ContactMethod]] = defaultdict(list)
    for method in ContactMethod.objects.filter(owner__in=listed):
        methods[method.owner_id].append(method)
    found = [_ready(person, methods[person.pk], on_call.get(person.pk), now) for person in listed]
    return sorted(found, key=lambda one: (one.on_call_at is None, one.on_call_at or now, one.person.name))


def _ready(person: User, methods: Sequence[ContactMethod], on_call_at: datetime | None, now: datetime) -> Ready:
    proven = [method for method in methods if method.proven_at and now - method.proven_at <= PROVEN_FOR and not method.failing_since]
    return Ready(person, methods, bool(proven), on_call_at, on_call_at is not None and on_call_at <= now)


@dataclass(frozen=True, slots=True)
class ChannelState:
    """One channel in the last 24 hours."""

    name: str
    label: str
    tried: int
    taken: int
    last_at: datetime | None
    proven_at: datetime | None


def channels(now: datetime) -> list[ChannelState]:
    """What was handed over by each channel in the last day, and when it was last proven by a tap. 2 queries."""
    since = now - timedelta(days=1)
    took = Q(outcome__in=[Attempt.Outcome.SENT, Attempt.Outcome.TOO_LATE])
    rows = (
        Attempt.objects.filter(started_at__gt=since)
        .values("message__channel")
        .annotate(tried=Count("pk"), taken=Count("pk", filter=took), last=Max("ended_at", filter=took))
    )
    counted: dict[str, dict[str, Any]] = {row["message__channel"]: dict(row) for row in rows.order_by()}
    proven = dict(ContactMethod.objects.order_by().values_list("kind").annotate(Max("proven_at")))
    return [_channel(name, counted.get(name, {}), proven.get(name)) for name in CHANNELS if name in counted or proven.get(name)]


def _channel(name: str, row: dict[str, Any], proven_at: datetime | None) -> ChannelState:
    return ChannelState(name, CHANNELS[name].label, row.get("tried", 0), row.get("taken", 0), row.get("last"), proven_at)


# For doctor, about paging.


def people_are_reachable(now: datetime) -> Finding:
    """Red while whoever is on call now cannot be reached by a proven way; amber for those of the next week."""
    found = people(now)
    if not found:
        return doctor.red("Nobody is on a rotation.", "On call → New rotation: put people on it.")
    at_work = [one for one in found if one.is_on_call and not one.is_ready]
    soon = [one for one in found if not one.is_ready and one.on_call_at and one.on_call_at <= now + SOON]
    names = ", ".join(str(one.person) for one in soon[:5])
    fix = "They open Profile → Contact methods, press Test and tap the page that comes."
    if at_work:
        return doctor.amber(f"On call now without a channel proven in 7 days: {', '.join(str(one.person) for one in at_work[:5])}.", fix)
    if soon:
        return doctor.amber(f"On call within a week without a channel proven in 7 days: {names}.", fix)
    return doctor.green(f"{sum(one.is_ready for one in found)} of {len(found)} people on rotations have a channel proven in 7 days.")


def no_holes_ahead(now: datetime) -> Iterator[Finding]:
    """Red while nobody answers now, amber for a hole within 14 days that no lead accepted."""
    fine = 0
    known: dict[int, list[AcceptedGap]] = defaultdict(list)
    for gap in AcceptedGap.objects.all():
        known[gap.rotation_id].append(gap)
    for rotation, spans in rota.coming(now, now + HOLES_AHEAD, Rotation.objects.exclude(lane=Rotation.Lane.SHADOW)):
        holes = [
            span
            for span in spans
            if not any(person.is_active for person in span.people)
            and not any(gap.starts_at <= span.starts_at and (gap.ends_at is None or gap.ends_at >= span.ends_at) for gap in known[rotation.pk])
        ]
        fix = f"Open On call → {rotation} and cover it, or accept the hole with a reason."
        if holes and holes[0].starts_at <= now:
            yield doctor.red(f"Nobody is on call in “{rotation}” until {holes[0].ends_at:%d %b %H:%M} UTC.", fix)
        elif holes:
            yield doctor.amber(f"Nobody is on call in “{rotation}” from {holes[0].starts_at:%d %b %H:%M} UTC.", fix)
        else:
            fine += 1
    if fine:
        yield doctor.green(f"{fine} rotations have no hole in the next 14 days.")


def messages_arrive(now: datetime) -> Finding:
    """Amber when a channel refused everything of the last day."""
    dead = [channel for channel in channels(now) if channel.tried and not channel.taken]
    if dead:
        fix = "Read why at Profile → What was sent to me, and send a test page."
        return doctor.amber(f"Nothing was handed over in 24 hours by: {', '.join(channel.label for channel in dead)}.", fix)
    waiting = Message.objects.filter(state=Message.State.PENDING, created_at__lt=now - timedelta(minutes=10)).count()
    return doctor.green("Every channel that was used in 24 hours handed something over." + (f" {waiting} messages wait." if waiting else ""))
