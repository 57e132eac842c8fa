"""Prove that paging works, each minute: a row travels through the queue, the audits pass, and only then somebody elsewhere hears of us.

“The process is up” proves nothing: workers that are connected and take no rows are a known fault. Whoever watches PORTAL_HEARTBEAT_URL
(a dead man's switch outside this house) wakes people when it falls silent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from portal import clock, due, heartbeat, outbound
from portal.doctor import Finding, amber, green, red
from portal.models import Due, Heartbeat
from portal.shelves import Shelf

logger = logging.getLogger(__name__)

PROBE, TAKEN = "portal.probe", "heartbeat elsewhere"
LEASE = timedelta(seconds=25)  # twice the request's time and a bit
EVERY, MISSED = timedelta(seconds=60), timedelta(seconds=130)
LATE = timedelta(seconds=60)

# What must be true for paging to work: audit(now) -> what is not, as sentences. A few indexed queries each; they repair what they can.
AUDITS: Shelf[Callable[[datetime], list[str]]] = Shelf("audits")


def begin(now: datetime) -> None:
    """The first row; the handler goes on by itself. Safe to call at any time. 1-2 queries."""
    due.put(PROBE, "main", at=now, priority=1)


def travel(row: Due, now: datetime) -> None:
    """The handler of `portal.probe`: the row arrived. Audits, and with a clean one the heartbeat; then the next row."""
    problems = audit(now)
    with transaction.atomic():
        if not due.settle(row):
            return
        due.put(PROBE, "main", at=now + EVERY, priority=1)
        heartbeat.pulse(PROBE)
    if not problems and settings.HEARTBEAT_URL and _tell():
        heartbeat.pulse(TAKEN)


def audit(now: datetime) -> list[str]:
    """Everything that every audit finds. One that breaks is a finding itself."""
    found = late_rows(now)
    for name, ask in AUDITS:
        try:
            found += ask(now)
        except Exception:
            logger.exception("audit broke", extra={"audit": name})
            found.append(f"The audit “{name}” broke.")
    return found


def late_rows(now: datetime) -> list[str]:
    """Rows that nobody took for a minute, and rows set aside. 2 queries."""
    late = Due.objects.filter(pool="paging", lease=None, set_aside=False, due_at__lt=now - LATE).count()
    aside = Due.objects.filter(pool="paging", set_aside=True).count()
    return [f"{late} due rows are late by more than a minute."] * bool(late) + [f"{aside} rows were set aside: they killed their workers."] * bool(
        aside
    )


def _tell() -> bool:
    """The heartbeat was taken."""
    try:
        answer = outbound.fetch("GET", settings.HEARTBEAT_URL, kind="named", timeout=10.0, redirects=3)
    except outbound.Unreachable as trouble:
        logger.warning("heartbeat not taken", extra={"reason": trouble.reason})
        return False
    return 200 <= answer.status < 300


def _age(name: str) -> float | None:
    at = Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
    return (clock.database_now() - at).total_seconds() if at else None


def travels(now: datetime) -> Finding:
    """For doctor: a probe row came through lately. 2 queries."""
    age = _age(PROBE)
    if age is None:
        return amber("No probe has travelled through the queue yet.", "Wait a minute after the first start; then look at “workers”.")
    if age > MISSED.total_seconds():
        return red(f"No probe has travelled through the queue for {age / 60:.0f} min.", "Start a worker, and look at “workers” and “queue”.")
    return green(f"A probe travelled through the queue {age:.0f} s ago.")


def audits_pass(now: datetime) -> Finding:
    """For doctor."""
    found = audit(now)
    if found:
        return red(" ".join(found), "Open what is named; a worker takes the missing steps by itself within a minute.")
    return green("The audit finds every page with its next step.")


def somebody_elsewhere_hears(now: datetime) -> Finding:
    """For doctor: without it nobody learns that this house is down. 0-2 queries."""
    fix = "Set PORTAL_HEARTBEAT_URL to a dead man's switch outside this house (docs/configure.md)."
    if not settings.HEARTBEAT_URL:
        return red("No heartbeat goes out.", fix) if settings.PRODUCTION else amber("No heartbeat goes out.", fix)
    age = _age(TAKEN)
    if age is None or age > MISSED.total_seconds():
        said = "was never taken" if age is None else f"was last taken {age / 60:.0f} min ago"
        return red(f"The heartbeat elsewhere {said}.", "Look at “audit” and “probe”, and whether PORTAL_HEARTBEAT_URL answers from here.")
    return green(f"The heartbeat elsewhere was taken {age:.0f} s ago.")
