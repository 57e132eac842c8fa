"""Postmortems that are late are chased on the same ladder: the author for the draft and for publishing, reviewers for their verdict."""

from __future__ import annotations

from datetime import date, datetime

from portal.accounts.models import User
from postmortems import calendars, writing
from postmortems.ladder import LEAD_FROM, Ladder
from postmortems.models import Postmortem, Reminder, Review


def settle_ripe(now: datetime) -> int:
    """Ripe rungs of unfinished postmortems become waiting lines; how many. Safe to run again, and twice at once."""
    unfinished = Postmortem.objects.unfinished().exclude(incident=None).select_related("incident", "author", "team").order_by("pk")
    return sum(_settle(postmortem, now) for postmortem in unfinished)


def _settle(postmortem: Postmortem, now: datetime) -> int:
    told = 0
    drafted, published = writing.draft_due(postmortem), writing.publish_due(postmortem)
    author = postmortem.author if postmortem.author and postmortem.author.is_active else postmortem.team.leads().first()
    if author and drafted and drafted <= now and postmortem.status == Postmortem.Status.DRAFT and not (published and published <= now):
        told += _ask(postmortem, Reminder.Asks.DRAFT, author, drafted, now)
    if author and published and published <= now:
        told += _ask(postmortem, Reminder.Asks.PUBLISH, author, published, now)
    if postmortem.status == Postmortem.Status.IN_REVIEW:
        for review in postmortem.reviews.filter(verdict="", person__is_active=True).select_related("person"):
            told += _ask_reviewer(postmortem, review, now)
    return told


def _ask_reviewer(postmortem: Postmortem, review: Review, now: datetime) -> int:
    return _ask(postmortem, Reminder.Asks.REVIEW, review.person, review.asked_at, now)


def _ask(postmortem: Postmortem, asks: str, person: User, due_at: datetime, now: datetime) -> int:
    """Lines for the ripe rungs from the day of `due_at` where the person lives; the team's leads are told too from +7."""
    days = calendars.of([person], now)[person.pk]
    due_on = due_at.astimezone(days.zone).date()
    settled = set(Reminder.objects.filter(asks=asks, postmortem=postmortem, person=person, due_on=due_on).values_list("rung", flat=True))
    rungs = Ladder(due_on, days.zone, days.off, dated_at=due_at, early=False).ripe(now, settled)
    for rung in rungs:
        _line(postmortem, asks, person, due_on, rung, now, waits=rung == rungs[-1])
        if rung >= LEAD_FROM and rung == rungs[-1]:
            for lead in postmortem.team.leads():
                if lead != person:
                    _line(postmortem, asks, lead, due_on, rung, now, waits=True, as_lead=True)
    return len(rungs)


def _line(postmortem: Postmortem, asks: str, person: User, due_on: date, rung: int, now: datetime, *, waits: bool, as_lead: bool = False) -> None:
    Reminder.objects.get_or_create(
        asks=asks, postmortem=postmortem, person=person, due_on=due_on, rung=rung, defaults={"waits": waits, "as_lead": as_lead, "settled_at": now}
    )
