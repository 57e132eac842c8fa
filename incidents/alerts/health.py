"""What `doctor` asks about alerts: silent or unconfirmed sources, failed requests, labels that no rule knows, labels that flood."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count

from incidents.models import Alert, Delivery, Source
from portal.doctor import Finding, amber, green, red

UNCONFIRMED_FOR = timedelta(minutes=15)
LATELY = timedelta(days=1)
FLOOD = 200  # alerts of one name, first seen within a day: a label whose value changes at each evaluation


def check(now: datetime) -> Iterator[Finding]:
    """One finding a trouble; a green one when there is none. 5 queries."""
    found = list(_troubles(now))
    yield from found or [green("Every source of alerts is well.")]


def _troubles(now: datetime) -> Iterator[Finding]:
    sources = list(Source.objects.filter(is_enabled=True))
    if not sources:
        yield amber("No source of alerts exists.", "manage.py create_source NAME")
    for source in sources:
        if source.stale_since:
            yield red(f"The Watchdog of “{source.name}” is away since {source.stale_since:%d %b %H:%M} UTC.", "Look at Prometheus and Alertmanager.")
        if source.trouble and (source.confirmed_at is None or now - source.confirmed_at > UNCONFIRMED_FOR):
            yield amber(f"“{source.name}” cannot be asked: {source.trouble}", "Admin, Sources: correct its addresses.")
    failed = Delivery.objects.filter(state=Delivery.State.FAILED).count()
    if failed:
        yield red(f"{failed} stored requests could not be worked off.", "Alerts, Sources, Requests: look at them and try again.")
    unmapped = Alert.objects.exclude(unmapped_severity="").filter(last_seen_at__gt=now - LATELY).values_list("unmapped_severity", flat=True)
    labels = sorted(set(unmapped.distinct()[:5]))
    if labels:
        yield amber(f"Severity labels that no rule knows: {', '.join(labels)}.", "Admin, Severity rules: add a row for each.")
    yield from _doubled(now)


def _doubled(now: datetime) -> Iterator[Finding]:
    """Two faults of labels: a changing value makes a new alert at each evaluation, `replica` makes two of one."""
    new = Alert.objects.filter(first_seen_at__gt=now - LATELY).order_by()
    for name in new.values("name").annotate(count=Count("pk")).filter(count__gte=FLOOD).values_list("name", flat=True)[:3]:
        yield amber(
            f"{name} made more than {FLOOD} alerts in a day: one of its labels changes its value each time.",
            "Move that label into an annotation of the rule.",
        )
    if new.filter(labels__has_key="replica").exists():
        yield amber(
            "Alerts carry the label replica, so each counts twice.",
            "Drop it in Prometheus: alert_relabel_configs with action labeldrop and regex replica.",
        )
