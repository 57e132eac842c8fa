"""Recorded changes: a pipeline tells what it deployed, and whoever is woken up sees what changed last."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from oncall.models import Service
from portal.accounts.models import User
from portal.errors import Invalid
from runbooks.models import Change

FUTURE = timedelta(minutes=5)  # a pipeline's clock may be that much ahead
PAST = timedelta(days=366)


@transaction.atomic
def record(
    *,
    title: str,
    key: str,
    at: datetime,
    kind: str = Change.Kind.DEPLOYMENT,
    service: str = "",
    version: str = "",
    author: str = "",
    url: str = "",
    by: User | None,
    now: datetime,
) -> tuple[Change, bool]:
    """The change and whether it is new; telling it again under the same key changes nothing. Raises: Invalid."""
    if not now - PAST <= at <= now + FUTURE:
        raise Invalid("`at` must lie within the last year and not in the future.")
    of = Service.objects.filter(slug=service).first() if service else None
    if service and of is None:
        raise Invalid(f"There is no service “{service[:60]}”. Leave it empty, or use the name in its address.")
    told = {"title": title, "at": at, "kind": kind, "service": of, "version": version, "author": author, "url": url}
    return Change.objects.get_or_create(key=key, defaults={**told, "recorded_at": now, "recorded_by": by})


def before(moment: datetime, *, service: Service | None, within: timedelta) -> list[Change]:
    """What changed in that time before `moment` (included), newest first: of that service, or of none in particular. 1 query."""
    found = Change.objects.between(moment - within, moment + timedelta(microseconds=1)).select_related("service")
    return [change for change in found[:200] if service is None or change.service_id in {None, service.pk}]
