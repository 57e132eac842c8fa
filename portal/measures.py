"""The frame's own measures: the queue, messages and their attempts, workers, the doorbell, copies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Max, Min, Q
from prometheus_client import Metric

from portal import clock, heartbeat, sending, tally
from portal.metrics import MEASURES, counter, gauge
from portal.models import Copy, Due
from portal.notify.models import Attempt, Message


def put_on_shelf() -> None:
    """Called in `AppConfig.ready()`."""
    MEASURES.put("queue", queue)
    MEASURES.put("messages", messages)
    MEASURES.put("workers", workers)
    MEASURES.put("copies", copies)


def queue(now: datetime) -> Iterator[Metric]:
    """2 queries."""
    free, held = Q(lease=None, set_aside=False), Q(lease__isnull=False, set_aside=False)
    rows = list(
        Due.objects.values("pool", "kind")
        .annotate(
            waiting=Count("pk", filter=free),
            ripe=Count("pk", filter=free & Q(due_at__lte=now)),
            held=Count("pk", filter=held),
            aside=Count("pk", filter=Q(set_aside=True)),
            oldest=Min("due_at", filter=free),
        )
        .order_by("pool", "kind")
    )
    states = {(row["pool"], row["kind"], state): float(row[state]) for row in rows for state in ("waiting", "ripe", "held", "aside")}
    late = {(row["pool"], row["kind"]): max((now - row["oldest"]).total_seconds(), 0.0) if row["oldest"] else 0.0 for row in rows}
    yield gauge("due_rows", "Due rows: waiting (ripe ones included), ripe, held by a lease, set aside.", states, ["pool", "kind", "state"])
    yield gauge("due_age_seconds", "How late the oldest due row is that nobody works on.", {(): max(late.values(), default=0.0)})
    yield gauge("due_kind_age_seconds", "The same for each kind.", late, ["pool", "kind"])
    kept = tally.counts()
    yield counter("leases_expired", "Leases that ran out: a worker died or was too slow.", {(): kept.get("leases_expired", 0)})
    yield counter("doorbells_failed", "Doorbells that the broker did not take.", {(): kept.get("doorbells_failed", 0)})
    yield counter("claims", "Claims of due rows by the pumps.", {(): kept.get("claims", 0)})
    yield counter("claim_seconds", "Time spent in these claims.", {(): kept.get("claim_seconds", 0)})


def messages(now: datetime) -> Iterator[Metric]:
    """2 queries, each over an index."""
    outcomes = {(outcome,): 0.0 for outcome in Attempt.Outcome.values}
    outcomes |= {(outcome,): float(n) for outcome, n in Attempt.objects.order_by().values_list("outcome").annotate(Count("pk"))}
    yield counter("attempts", "Tries to hand a message to its channel, by outcome.", outcomes, ["outcome"])
    found = Message.objects.order_by().values_list("channel", "purpose", "state").annotate(Count("pk"))
    states = {(channel, purpose, state): float(n) for channel, purpose, state, n in found}
    yield gauge("messages", "Messages by channel, purpose and state.", states, ["channel", "purpose", "state"])
    yield gauge("sending_off", "1 while nothing is sent, after a restore.", {(): float(sending.hold() is not None)})


def workers(now: datetime) -> Iterator[Metric]:
    """1-2 queries."""
    ages = {(name,): age for name, age in heartbeat.ages().items()}
    yield gauge("seen_seconds_ago", "Seconds since each worker, and beat, were seen at work.", ages, ["name"])


def copies(now: datetime) -> Iterator[Metric]:
    """1-2 queries. Without a backup there is no age."""
    newest = Copy.objects.filter(well=True).order_by().values_list("kind").annotate(Max("at"))
    ages = {(kind,): (clock.database_now() - at).total_seconds() for kind, at in newest}
    yield gauge("copy_age_seconds", "Age of the last good backup and restore drill.", ages, ["kind"])
