"""Which incident takes an alert: one per correlation key, settled by the database (alerts.md section 4)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from incidents import lifecycle
from incidents.alerts.rules import KEY_LABELS, REOPENS_WITHIN
from incidents.models import Incident, Source
from incidents.models.incident import Status
from oncall.models import Service
from portal.locking import locked


@dataclass(frozen=True, slots=True)
class Opening:
    """What an incident is opened with if no other takes the alerts of `key`."""

    key: str
    title: str
    summary: str
    severity: int
    unmapped: str
    service: Service | None
    detected_at: datetime
    source: str = ""  # its name
    may_open: bool = True  # False: joins an open incident or none
    reopens_within: timedelta = REOPENS_WITHIN


class Services:
    """Services by what alerts call them."""

    def __init__(self, source: Source, names: Iterable[str]) -> None:
        """1 query, none without names."""
        wanted = {name for name in names if name}
        found = list(Service.objects.filter(Q(slug__in=wanted) | Q(name__in=wanted)).select_related("team")) if wanted else []
        self.default = source.default_service
        self.by_name = {service.name: service for service in found} | {service.slug: service for service in found}

    def of(self, labels: dict[str, str]) -> Service | None:
        """By the label `service`, else the source's default, else None: unassigned."""
        return self.by_name.get(labels.get("service", ""), self.default)


def key_of(labels: dict[str, str], service: Service | None, names: tuple[str, ...] = KEY_LABELS) -> str:
    """sha256 of the values of the key labels. A label that names no service we know still tells one from another."""
    label = labels.get("service", "")
    is_known = service is not None and label in ("", service.slug, service.name)
    known = labels | {"service": service.slug if service and is_known else label}
    values = [known.get(name, "") for name in names]
    if names != KEY_LABELS:
        values = [*names, *values]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def lock(keys: Iterable[str], ids: Iterable[int]) -> dict[int, Incident]:
    """Incidents that take the alerts of `keys`, and those of `ids`, locked in the order of their ids. 1 query, none for nothing.

    Where the taker was merged into another, that one too.
    """
    keys, ids = set(keys), set(ids)
    if not keys and not ids:
        return {}
    takers = Q(correlation_key__in=keys, takes_alerts=True)
    homes = Incident.objects.filter(takers, status=Status.MERGED).values("merged_into")
    wanted = Incident.objects.filter(takers | Q(pk__in=ids) | Q(pk__in=homes)).select_related("service__team")
    return {incident.pk: incident for incident in locked(wanted.order_by("pk"))}


def taker(opening: Opening, locked: dict[int, Incident], *, at: datetime) -> tuple[Incident | None, bool]:
    """The incident for the alerts of a key, and whether it was opened or reopened for them; the caller then begins its paging and indexes it.

    One resolved for less than the reopen window is reopened; an older one hands the key over. None: there is none, and these alerts
    open none. Raises: IntegrityError, somebody else opened it meanwhile.
    """
    holder = next((found for found in locked.values() if found.takes_alerts and found.correlation_key == opening.key), None)
    current = locked.get(holder.merged_into_id, holder) if holder and holder.merged_into_id else holder
    if (
        current
        and opening.may_open
        and current.status == Status.RESOLVED
        and current.resolved_at
        and at - current.resolved_at < opening.reopens_within
    ):
        lifecycle.alert_returned(current, at, page=False)
        return current, True
    if current and not current.is_over:
        return current, False
    if not opening.may_open:
        return None, False
    if holder:
        holder.takes_alerts = False
        holder.version += 1
        holder.save(update_fields=["takes_alerts", "version"])
    opened = lifecycle.open_from_alert(
        title=opening.title,
        summary=opening.summary,
        severity=opening.severity,
        service=opening.service,
        correlation_key=opening.key,
        at=at,
        detected_at=opening.detected_at,
        happened_before=current,
        unmapped=opening.unmapped,
        page=False,
        index=False,
        opened_from=opening.source,
    )
    return opened, True
