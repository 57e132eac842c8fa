"""Pages of one postmortem and one action item, whose queries are counted."""

from __future__ import annotations

from portal import clock, journal
from postmortems.models import ActionItem, Postmortem
from tests.conftest import person
from tests.postmortems.query_counts import learned
from tests.query_counting import Counted


def improved(reader, number):
    """One postmortem with many action items, each of somebody else, each with a story."""
    if not Postmortem.objects.exists():
        learned(reader, 1)
    postmortem, now = Postmortem.objects.first(), clock.now()
    for count in range(number):
        owner = person(f"O{number}x{count}")
        ActionItem.objects.create(postmortem=postmortem, title="Improve", owner=owner, team=postmortem.team, due_on=now.date(), created_at=now)
        journal.append(postmortem.incident.subject, kind="note", at=now, by=owner, text="Seen")
        journal.append(ActionItem.objects.last().subject, kind="note", at=now, by=owner, text="Begun")


PAGES = [
    Counted("postmortem-detail", lambda reader: f"/postmortems/{Postmortem.objects.first().pk}/", improved),
    Counted("postmortem-page", lambda reader: f"/postmortems/{Postmortem.objects.first().pk}/page/", improved),
    Counted("action-detail", lambda reader: f"/actions/{ActionItem.objects.last().pk}/", improved),
]
