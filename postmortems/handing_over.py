"""What postmortems put into a hand-off: action items that fall due."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from oncall.handoffs import Line, Section, Subject
from postmortems.models import ActionItem

AHEAD = timedelta(days=7)


def actions_due(subject: Subject) -> list[Line]:
    """Of the team, late or due within a week after the shift, the latest first. 1 query."""
    due = (
        ActionItem.objects.unfinished()
        .exclude(postmortem__incident__is_restricted=True)
        .filter(team=subject.team, due_on__lte=(subject.at + AHEAD).date())
        .select_related("owner")
        .order_by("due_on")
    )
    return [_line(item) for item in due[:30]]


def _line(item: ActionItem) -> Line:
    why = f"due {item.due_on:%d %b}, {item.owner or 'nobody owns it'}"
    return Line(item.subject, f"{item.reference} {item.title}", why, reverse("action-detail", args=[item.pk]))


DUE = Section("Action items due", "list-checks", actions_due, order=50)
