"""What on call shows on pages that do not know it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse

from oncall import handoffs, rota
from oncall.models import Checklist, Handoff, Swap
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


def needs_of_handoffs(user: User, now: datetime) -> list[Need]:
    """Hand-offs that I write or accept. 1 query."""
    mine = Handoff.objects.filter(Q(outgoing=user, state="writing") | Q(incoming=user, state="sent")).select_related("rotation")
    return [
        Need(
            what="Write the hand-off" if handoff.state == "writing" else "Accept the hand-off",
            why=str(handoff.rotation),
            due_at=handoff.at if handoff.state == "writing" else handoff.at + handoffs.LEAD_AFTER,
            url=reverse("handoff-detail", args=[handoff.pk]),
            icon="handshake",
        )
        for handoff in mine
    ]


def needs_of_swaps(user: User, now: datetime) -> list[Need]:
    """Shifts that somebody asks me to take. 1 query."""
    asked = Swap.objects.filter(taker=user, state="offered", ends_at__gt=now).select_related("rotation", "giver")
    return [
        Need(
            what=f"Answer {swap.giver.first_name}: take a shift?",
            why=str(swap.rotation),
            due_at=swap.starts_at,
            url=reverse("swap-detail", args=[swap.pk]),
            icon="arrow-right-left",
        )
        for swap in asked
    ]
