"""Asking owners to prove their runbooks again: when one begins to age, when it is stale, then every week. A reminder proves nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings

from portal.accounts.models import User
from portal.notify import outbox
from portal.notify.models import Message
from runbooks import freshness
from runbooks.models import Runbook

WEEK = timedelta(days=7)
ASKED = (Runbook.State.AGEING, Runbook.State.STALE)


def remind(now: datetime) -> int:
    """Every rung that is reached and was not sent; how many messages. Safe to run twice."""
    sent = 0
    for runbook in Runbook.objects.filter(state__in=ASKED).select_related("owner", "team").prefetch_related("services"):
        rung = _rung(runbook, now)
        for person in _asked(runbook):
            key = f"runbook:{runbook.pk}:{rung}:{runbook.proven_at:%Y-%m-%d}:{person.pk}"
            if Message.objects.filter(dedup_key=key).exists():
                continue
            subject = f"Runbook {runbook.state}: {runbook.title}"
            asked = "Read its sections and confirm those that hold:"
            body = f"“{runbook.title}” was last proven on {runbook.proven_at:%d %B %Y}. {asked}\n{settings.BASE_URL}{runbook.get_absolute_url()}"
            outbox.queue(
                person, channel="email", purpose=Message.Purpose.REMINDER, subject=subject, body=body, dedup_key=key, at=now, about=runbook.subject
            )
            sent += 1
    return sent


def _rung(runbook: Runbook, now: datetime) -> str:
    """ageing, stale, stale+1w, stale+2w, …"""
    if runbook.state == Runbook.State.AGEING or runbook.proven_at is None:
        return "ageing"
    late = now - runbook.proven_at - freshness.allowed(service.tier for service in runbook.services.all())
    weeks = max(0, late // WEEK)
    return f"stale+{weeks}w" if weeks else "stale"


def _asked(runbook: Runbook) -> Iterable[User]:
    """The owner; without one who is still here, the leads of the team."""
    return [runbook.owner] if runbook.owner and runbook.owner.is_active else list(runbook.team.leads())
