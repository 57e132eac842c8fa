"""The frame's Celery tasks: parse nothing, call one story."""

from __future__ import annotations

from celery import shared_task

from portal import clock, due, heartbeat, probe, retention
from portal.api import idempotency


@shared_task(name="portal.dispatch")
def dispatch() -> int:
    """Work what is due in the paging pool; the pumps do the same without a broker."""
    return due.run("paging")


@shared_task(name="portal.pulse")
def pulse() -> None:
    """Sent by beat alone: its arrival says that beat, broker and worker are connected."""
    heartbeat.pulse(heartbeat.BEAT)


@shared_task(name="portal.purge_tonight")
def purge_tonight() -> None:
    """Keeps a due row for the next night's purge."""
    retention.ask_for_tonight(clock.now())


@shared_task(name="portal.forget_answers")
def forget_answers() -> int:
    return idempotency.forget(clock.now())


@shared_task(name="portal.probe")
def begin_probe() -> None:
    """Only the first one is needed: a probe that arrived puts the next."""
    probe.begin(clock.now())


@shared_task(name="portal.audit")
def audit() -> int:
    """Finds and sets going what stalled; how much was found."""
    return len(probe.audit(clock.now()))
