"""Work a delivery off: alerts, episodes, incidents (alerts.md sections 2 to 4). Twice, late or in another order gives the same.

Lock order: the delivery (ours alone), incidents by id, alerts by fingerprint, then due rows.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import DatabaseError, DataError, IntegrityError, transaction

from incidents.alerts import asking, attach, doubts, heartbeats, ledger, mapping
from incidents.alerts.alertmanager import Body, Report, decode, parse, read
from incidents.alerts.cases import SPAN_FIELDS, Case, open_cases
from incidents.alerts.correlation import Services
from incidents.alerts.rules import book_of
from incidents.alerts.severity import table_of
from incidents.models import Alert, Delivery, Episode, Observation, Source
from portal import due
from portal.models import Due

logger = logging.getLogger(__name__)

AT_ONCE = 100  # alerts that a request works off itself
BATCH = 200  # alerts in one transaction of a worker
LEASE = timedelta(seconds=60)  # renewed after each batch
AGAIN_AFTER = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=10))
ROUNDS = 8  # until what was locked is what is needed
TEXTS = [
    "name",
    "labels",
    "annotations",
    "generator_url",
    "severity",
    "unmapped_severity",
    "service",
    "correlation_key",
    "rule",
    "action",
    "flapping_since",
    "episode_count",
    "last_seen_at",
]
EPISODE = [*SPAN_FIELDS, "number", "incident"]


class Contended(Exception):
    """Others changed the same alerts in every round. The delivery is tried again."""


def apply(delivery: Delivery, body: Body, *, now: datetime, row: Due | None = None) -> None:
    """Work off a stored delivery, in batches of one transaction each. `row`: the due row whose lease a worker holds.

    Safe to run twice at once. Raises: what the database raises; batches before that stay and are skipped the next time.
    """
    reports = sorted(body.reports, key=lambda report: (report.fingerprint, report.position))
    batches = [reports[start : start + BATCH] for start in range(0, len(reports), BATCH)] or [[]]
    for number, batch in enumerate(batches, 1):
        _in_rounds(delivery, body, batch, is_last=number == len(batches), now=now, is_again=row is not None)
        if row is not None and number < len(batches):
            due.renew(row)


def handle(row: Due, now: datetime) -> None:
    """The handler of `alerts.ingest`: what its request did not finish. After five failures the delivery rests as failed, with its reason."""
    delivery = Delivery.objects.select_related("source__default_service__team").filter(pk=row.key).first()
    if delivery is None or delivery.state == Delivery.State.APPLIED:
        due.settle(row)
        return
    try:
        apply(delivery, parsed(delivery), now=now, row=row)
    except (DataError, IntegrityError, Contended) as trouble:
        _failed(delivery, trouble, now=now, row=row)
    except DatabaseError:
        raise  # the database's trouble, not the delivery's: tried again without an end
    except Exception as bug:
        logger.exception("delivery failed", extra={"delivery": delivery.pk})
        _failed(delivery, bug, now=now, row=row)


def give_up(row: Due, now: datetime) -> None:
    """A delivery that killed its worker five times rests as failed."""
    Delivery.objects.filter(pk=row.key).update(state=Delivery.State.FAILED, reason="Its worker died five times while working it off.")


def again(delivery: Delivery, *, at: datetime) -> None:
    """Try a failed delivery again. Safe to run for one that was applied: nothing is done twice."""
    with transaction.atomic():
        Delivery.objects.filter(pk=delivery.pk).exclude(state=Delivery.State.APPLIED).update(state=Delivery.State.RECEIVED, reason="")
        due.cancel(ledger.INGEST, [str(delivery.pk)])
        due.put(ledger.INGEST, str(delivery.pk), at=at)


def postpone(delivery: Delivery, trouble: Exception, *, now: datetime) -> None:
    """The request could not work it off: the worker takes it in a few seconds."""
    Delivery.objects.filter(pk=delivery.pk).update(reason=repr(trouble)[:2000])
    due.move(ledger.INGEST, str(delivery.pk), at=now + AGAIN_AFTER[0])


def leave_to_worker(delivery: Delivery, *, now: datetime) -> None:
    """Too large for a request: a worker takes it now."""
    due.move(ledger.INGEST, str(delivery.pk), at=now)


def parsed(delivery: Delivery, *, raw: bytes | None = None) -> Body:
    """A stored body, read. One that was cut or is not what it says is not. `raw`: the body, if at hand."""
    if not delivery.understood:
        return Body(understood=False, problems=tuple(delivery.problems))
    raw = ledger.body_of(delivery) if raw is None else raw
    if delivery.source.shape == Source.Shape.JSON and delivery.kind == Delivery.Kind.WEBHOOK:
        return read(mapping.reshape(decode(raw), delivery.source.mapping), received_at=delivery.received_at)
    return parse(raw, received_at=delivery.received_at)


def _failed(delivery: Delivery, trouble: Exception, *, now: datetime, row: Due) -> None:
    """One failure more: later again, or set to rest."""
    tries = row.attempts
    with transaction.atomic():
        if tries <= len(AGAIN_AFTER):
            if due.postpone(row, now + AGAIN_AFTER[tries - 1], error=repr(trouble)):
                Delivery.objects.filter(pk=delivery.pk).update(reason=repr(trouble)[:2000])
        elif due.settle(row):
            Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.FAILED, reason=repr(trouble)[:2000])


def _in_rounds(delivery: Delivery, body: Body, batch: Sequence[Report], *, is_last: bool, now: datetime, is_again: bool) -> None:
    """One batch in one transaction. The first round locks no incident; if some are needed, the next one locks or opens them first."""
    needs = attach.Needs()
    trouble: Exception = Contended("Its alerts were changed by others in every round.")
    for _ in range(ROUNDS):
        try:
            with transaction.atomic():
                needed = _round(delivery, body, batch, needs, is_last=is_last, now=now, is_again=is_again)
                if needed == needs:
                    return
                transaction.set_rollback(True)
                needs = needed
        except IntegrityError as faster:
            trouble = faster
    raise trouble


def _round(
    delivery: Delivery, body: Body, batch: Sequence[Report], needs: attach.Needs, *, is_last: bool, now: datetime, is_again: bool
) -> attach.Needs:
    """What is needed. If that is not what was taken, nothing may be kept of this round."""
    current = Delivery.objects.select_for_update(no_key=True).only("state").get(pk=delivery.pk)
    if current.state == Delivery.State.APPLIED:
        return needs
    done = set(Observation.objects.filter(delivery=delivery).values_list("position", flat=True)) if is_again else set()
    reports = [report for report in batch if report.position not in done]
    hands = attach.take(needs, at=now)
    cases = _cases(delivery, reports)
    needed = attach.needs_of(cases)
    if needed != needs:
        return needed
    attach.assign(hands, cases)
    _write(delivery, cases)
    heartbeats.beat(delivery, cases)
    doubts.weigh(delivery, cases)
    attach.tell(hands, delivery, cases, external_url=body.external_url, at=now)
    if is_last:
        _settle(delivery, body, now)
    return needed


def _cases(delivery: Delivery, reports: Sequence[Report]) -> list[Case]:
    if not reports:
        return []
    services = Services(delivery.source, {report.labels.get("service", "") for report in reports})
    return open_cases(delivery, reports, table_of(delivery.source), book_of(delivery.source), services)


def _write(delivery: Delivery, cases: Sequence[Case]) -> None:
    """Alerts, observations and episodes, a fixed number of queries whatever their number."""
    new = [case.alert for case in cases if case.alert.pk is None]
    changed = [case.alert for case in cases if case.alert.pk and case.has_new_text]
    same = [case.alert.pk for case in cases if case.alert.pk and not case.has_new_text]
    Alert.objects.bulk_create(new)
    Alert.objects.bulk_update(changed, TEXTS)
    Alert.objects.filter(pk__in=same).update(last_seen_at=delivery.received_at)
    Observation.objects.bulk_create(_observation(delivery, case, report) for case in cases for report in case.reports)
    _write_episodes(delivery, cases)


def _observation(delivery: Delivery, case: Case, report: Report) -> Observation:
    return Observation(
        delivery=delivery,
        position=report.position,
        alert=case.alert,
        received_at=delivery.received_at,
        is_firing=report.is_firing,
        starts_at=report.starts_at,
        ends_at=report.ends_at,
        made=case.made[report.position],
    )


def _write_episodes(delivery: Delivery, cases: Sequence[Case]) -> None:
    """Ended ones before open ones, because at most one is open per alert."""
    stale = [row.pk for case in cases for row in case.stale]
    seen = [row.pk for case in cases for row in case.seen if row.pk and row not in case.changed]
    changed = [row for case in cases for row in case.changed]
    if stale:
        Episode.objects.filter(pk__in=stale).delete()
    if seen:
        Episode.objects.filter(pk__in=seen, last_seen_at__lt=delivery.received_at).update(last_seen_at=delivery.received_at)
    for is_open in (False, True):
        rows = [row for row in changed if (row.ended_at is None) is is_open]
        Episode.objects.bulk_update([row for row in rows if row.pk], EPISODE)
        Episode.objects.bulk_create([row for row in rows if not row.pk])


def _settle(delivery: Delivery, body: Body, now: datetime) -> None:
    """Applied, and the due row gone: from here on nobody works it off again."""
    delivery.state, delivery.reason = Delivery.State.APPLIED, ""
    delivery.understood, delivery.problems = body.understood, list(body.problems)
    delivery.alert_count, delivery.truncated, delivery.external_url = len(body.reports), body.truncated, body.external_url
    delivery.applied_at = now
    delivery.save(update_fields=["state", "reason", "understood", "problems", "alert_count", "truncated", "external_url", "applied_at"])
    due.cancel(ledger.INGEST, [str(delivery.pk)])
    if delivery.truncated or not delivery.understood:
        asking.soon(delivery.source, now)
