"""Pages of incidents, alerts, diagnostics, on call, postmortems and search, each with something to look at."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from incidents import lifecycle, timeline
from incidents.alerts import ingest, ledger
from incidents.models import Alert, AlertRule, Delivery, Episode, Incident, MaintenanceWindow, Source
from oncall import shifts
from oncall import starting as oncall_starting
from oncall.models import Checklist, Service
from portal import clock
from portal.search import documents
from postmortems import writing
from postmortems.models import ActionItem
from runbooks import starting as runbook_starting
from runbooks.models import DiagnosticRun, Target
from tests.browser.pages import Page
from tests.incidents.conftest import captured


def seeded(reader) -> None:
    """A new installation in which the reader is on call."""
    now = clock.now()
    oncall_starting.lay_out(now)
    runbook_starting.lay_out(now)
    shifts.open_checklists(now)
    target = Target.objects.create(slug="jobs", kind="redis", host="127.0.0.1")
    rows = [["abc-123", 450], ["def-456", 380], ["ghi-789", 320]]
    DiagnosticRun.objects.create(
        diagnostic="stale-jobs",
        target=target,
        parameters={"age": 300},
        asked_by=reader,
        state="done",
        severity="bad",
        finding="3 stale jobs of 41 in processing",
        output="Found 3 stale jobs:\n  - abc-123: 450s old\n  - def-456: 380s old\n  - ghi-789: 320s old",
        result={"columns": ["job", "age, seconds"], "rows": rows, "numbers": {"stale": 3}, "next_step": "See which worker holds them first."},
        queued_at=now,
        started_at=now,
        finished_at=now,
    )


def alerted(reader) -> Incident:
    """An outage that a real Alertmanager told of."""
    seeded(reader)
    now = clock.now()
    source = Source.objects.create(name="main", created_at=now, default_service=Service.objects.get(slug="agent-api"))
    raw = captured("03-firing-group-three")["body_raw"].encode()
    received = ledger.Received(raw=raw, length=len(raw), sha256="0" * 64)
    delivery = ledger.store(source, received, headers={}, peer="127.0.0.1", at=now)
    ingest.apply(delivery, ingest.parsed(delivery, raw=raw), now=now)
    return Incident.objects.get()


def taken(reader) -> Incident:
    """The same, acknowledged, with notes."""
    incident = alerted(reader)
    lifecycle.acknowledge(incident.pk, by=reader, at=clock.now())
    lifecycle.note(incident.pk, "Rolled back `2026.11.23-4`. Errors fall.\n\n- [ ] watch for 15 min", by=reader, at=clock.now())
    return incident


def learned(reader):
    """Resolved, with its postmortem and two action items, one of them late."""
    incident = taken(reader)
    now = clock.now()
    lifecycle.resolve(incident.pk, by=reader, at=now)
    postmortem = writing.start(incident.pk, by=reader, at=now)
    for days, title in ((-9, "Run old code against the new schema in CI"), (12, "Show the owner of a lease in the job list")):
        ActionItem.objects.create(
            postmortem=postmortem, title=title, owner=reader, team=postmortem.team, due_on=(now + timedelta(days=days)).date(), created_at=now
        )
    return postmortem


def older(reader) -> str:
    """The timeline as a page of its own, for whoever has no script."""
    return reverse("incident-entries", args=[taken(reader).pk]) + "?before=999999"


def correcting(reader) -> str:
    incident = taken(reader)
    return reverse("incident-correct", args=[incident.pk, timeline.story(incident).filter(kind="note").get().pk])


def open_checklist(reader) -> str:
    seeded(reader)
    return reverse("checklist-detail", args=[Checklist.objects.first().pk])


def searched(reader) -> str:
    seeded(reader)
    documents.index("x:1", [documents.Document(key="x:1", kind="incident", title="Queue was full", body="The queue grew.", url="/incidents/")])
    return reverse("search") + "?q=queue+growng"


def waiting(reader) -> str:
    """Alerts without an incident."""
    alerted(reader)
    Episode.objects.update(incident=None)
    return reverse("alert-list") + "?show=inbox"


def ruled(reader) -> str:
    alerted(reader)
    service, now = Service.objects.get(slug="agent-api"), clock.now()
    AlertRule.objects.create(name="Staging only records", matchers="cluster=staging*\nseverity!=critical", action="record")
    MaintenanceWindow.objects.create(service=service, starts_at=now, ends_at=now + timedelta(hours=2), reason="New disks", created_at=now)
    return reverse("alert-rules")


def useless(reader) -> str:
    alerted(reader)
    Episode.objects.update(was_of_use="noise", started_at=clock.now())
    return reverse("alert-value")


def first(model, name: str):
    return lambda reader: (alerted(reader), reverse(name, args=[model.objects.first().pk]))[1]


def after(prepare, name: str, by_pk: bool = True):
    def url(reader) -> str:
        thing = prepare(reader)
        return reverse(name, args=[thing.pk]) if by_pk else reverse(name)

    return url


PAGES = [
    Page("home-incident", after(alerted, "home", by_pk=False)),
    Page("incident-new-alert", after(alerted, "incident-detail")),
    Page("incident-running", after(taken, "incident-detail")),
    Page("incident-entries", older),
    Page("incident-correct", correcting),
    Page("incident-list", after(alerted, "incident-list", by_pk=False)),
    Page("incident-declare", after(seeded, "incident-new", by_pk=False)),
    Page("alert-list", after(alerted, "alert-list", by_pk=False)),
    Page("alert-detail", first(Alert, "alert-detail")),
    Page("delivery-detail", first(Delivery, "delivery-detail")),
    Page("delivery-now", lambda reader: (alerted(reader), reverse("delivery-detail", args=[Delivery.objects.first().pk]) + "?now")[1]),
    Page("delivery-list", after(alerted, "delivery-list", by_pk=False)),
    Page("alert-inbox", waiting),
    Page("alert-sources", after(alerted, "source-list", by_pk=False)),
    Page("alert-rules", ruled),
    Page("alert-value", useless),
    Page("diagnostic-list", after(seeded, "diagnostic-list", by_pk=False)),
    Page("diagnostic-detail", lambda reader: (seeded(reader), reverse("diagnostic-detail", args=["stale-jobs"]))[1]),
    Page("diagnostic-run", first(DiagnosticRun, "diagnostic-run-detail")),
    Page("oncall", after(seeded, "oncall", by_pk=False)),
    Page("checklist", open_checklist),
    Page("runbook-library", after(seeded, "runbook-list", by_pk=False)),
    Page("runbook-shipped", lambda reader: (seeded(reader), "/runbooks/queue-depth-growing/?incident=1")[1]),
    Page("runbook-unclaimed", lambda reader: (seeded(reader), "/r/SomethingElse")[1]),
    Page("postmortem-list", after(learned, "postmortem-list", by_pk=False)),
    Page("postmortem-detail", after(learned, "postmortem-detail")),
    Page("action-list", after(learned, "action-list", by_pk=False)),
    Page("action-detail", lambda reader: (learned(reader), reverse("action-detail", args=[ActionItem.objects.first().pk]))[1]),
    Page("search", searched),
]
