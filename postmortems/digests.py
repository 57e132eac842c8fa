"""One mail a person a day: everything that waits for them, at 09:00 where they live, on a working day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction

from portal.accounts.models import User
from portal.notify import outbox
from portal.notify.models import Message
from postmortems import calendars
from postmortems.calendars import WorkingDays
from postmortems.ladder import MORNING
from postmortems.models import Reminder

HEADS = {
    Reminder.Asks.OWN: "Yours now",
    Reminder.Asks.DO: "Action items",
    Reminder.Asks.VERIFY: "Did it hold?",
    Reminder.Asks.DRAFT: "Postmortems to draft",
    Reminder.Asks.PUBLISH: "Postmortems to publish",
    Reminder.Asks.REVIEW: "Postmortems to review",
}


def send(now: datetime) -> int:
    """Queue the digest of everybody for whom lines wait and whose morning has come; how many. Safe to run again, and twice at once."""
    Reminder.objects.filter(waits=True, person__is_active=False).update(waits=False)
    people = list(User.objects.filter(pk__in=Reminder.objects.filter(waits=True).values("person")).order_by("pk"))
    days = calendars.of(people, now)
    return sum(_send_to(person.pk, days[person.pk], now) for person in people if _is_morning(days[person.pk], now))


def _is_morning(days: WorkingDays, now: datetime) -> bool:
    """After 09:00 of one of the person's working days."""
    here = now.astimezone(days.zone)
    return here.time() >= MORNING and not days.off(here.date())


@transaction.atomic
def _send_to(person_id: int, days: WorkingDays, now: datetime) -> int:
    person = User.objects.select_for_update().get(pk=person_id)
    key = f"digest:{person_id}:{now.astimezone(days.zone).date()}"
    if Message.objects.filter(dedup_key=key).exists():
        return 0  # what became ripe since then is told tomorrow
    waiting = list(_lines(person))
    lines = list({(line.asks, line.item_id, line.postmortem_id): line for line in waiting}.values())  # the last rung of each thing
    if not lines:
        return 0
    message = outbox.queue(
        person,
        channel="email",
        purpose=Message.Purpose.REMINDER,
        subject=_subject(lines, now),
        body=_body(lines, now),
        dedup_key=key,
        at=now,
        priority=3,
    )
    Reminder.objects.filter(pk__in=[line.pk for line in waiting]).update(waits=False, message=message)
    return 1


def _lines(person: User) -> Iterable[Reminder]:
    waiting = Reminder.objects.filter(person=person, waits=True)
    return waiting.select_related("item__owner", "item__postmortem", "postmortem").order_by("due_on", "rung", "pk")


def _subject(lines: list[Reminder], now: datetime) -> str:
    if len(lines) == 1:
        return f"{_what(lines[0])[0]}: {_state(lines[0], now)}"
    late = sum(1 for line in lines if line.due_on < now.astimezone(UTC).date() and line.asks == Reminder.Asks.DO)
    return f"{len(lines)} things wait for you" + (f", {late} overdue" if late else "")


def _body(lines: list[Reminder], now: datetime) -> str:
    parts = []
    for asks, head in HEADS.items():
        mine = [line for line in lines if line.asks == asks]
        if mine:
            parts.append("\n".join([head, *(_paragraph(line, now) for line in mine)]))
    return "\n\n".join(parts) + f"\n\nEverything of yours: {settings.BASE_URL}/actions/?owner=me\n"


def _what(line: Reminder) -> tuple[str, str]:
    """(name with title, address)."""
    if line.item is not None:
        return f"{line.item.reference} {line.item.title}", f"{settings.BASE_URL}/actions/{line.item.pk}/"
    assert line.postmortem is not None
    return f"{line.postmortem.reference} {line.postmortem.title}", f"{settings.BASE_URL}/postmortems/{line.postmortem.pk}/"


def _paragraph(line: Reminder, now: datetime) -> str:
    what, url = _what(line)
    notes = [_state(line, now)]
    if line.item is not None:
        if line.as_lead or line.item.owner_id != line.person_id:
            notes.append(f"owner {line.item.owner or 'nobody: please find one'}")
        if line.item.times_moved:
            notes.append(f"moved {line.item.times_moved} {'time' if line.item.times_moved == 1 else 'times'}")
        if line.item.postmortem:
            notes.append(f"from {line.item.postmortem.reference}")
    return f"- {what}\n  {', '.join(notes)}\n  {url}"


def _state(line: Reminder, now: datetime) -> str:
    """In words, on the person's calendar: "due in 7 days", "due today", "3 days overdue"."""
    days = (now.astimezone(line.person.zone).date() - line.due_on).days
    if line.asks == Reminder.Asks.OWN:
        return f"due on {line.item.due_on:%d %b %Y}" if line.item and line.item.due_on else "without a date"
    if line.asks == Reminder.Asks.VERIFY:
        return f"done on the record: did it hold? asked on {line.due_on:%d %b %Y}"
    if days > 0:
        return f"{days} {'day' if days == 1 else 'days'} overdue"
    return "due today" if days == 0 else f"due in {-days} {'day' if days == -1 else 'days'}"
