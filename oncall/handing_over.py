"""What on call itself puts into a hand-off."""

from __future__ import annotations

from django.urls import reverse

from oncall.handoffs import Line, Section, Subject
from oncall.models import Checklist


def unticked(subject: Subject) -> list[Line]:
    """Checks of the running shift that nobody ticked or skipped. 2 queries."""
    about = f"shift:{subject.rotation.pk}:{subject.since:%Y-%m-%dT%H:%MZ}"
    mine = Checklist.objects.filter(about=about).prefetch_related("items")
    return [
        Line(f"check:{item.pk}", item.text, "not ticked", reverse("checklist-detail", args=[checklist.pk]))
        for checklist in mine
        for item in checklist.items.all()
        if item.state == "open"
    ]


UNTICKED = Section("Unticked checks", "list-checks", unticked, order=70)
