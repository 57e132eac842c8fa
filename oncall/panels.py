"""What on call shows on pages that do not know it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse

from oncall import rota
from oncall.models import Checklist
from portal.accounts.models import User
from portal.home.needs import Need


def who_is_on_call(user: User, now: datetime) -> dict[str, Any] | None:
    """Every rotation with who answers in it; nothing without a rotation. 3 queries."""
    seats = rota.on_call_now(now)
    return {"seats": seats} if seats else None


def needs_of_checklists(user: User, now: datetime) -> list[Need]:
    """My shift checklists with open items. 1 query."""
    count = Count("items", filter=Q(items__state="open"))
    mine = Checklist.objects.of(user).in_hand(now).annotate(left=count).filter(left__gt=0).values_list("pk", "title", "due_at", "left")
    return [
        Need(
            what="Tick the shift checklist",
            why=f"{title}: {left} left",
            due_at=due_at,
            url=reverse("checklist-detail", args=[pk]),
        )
        for pk, title, due_at, left in mine
    ]
