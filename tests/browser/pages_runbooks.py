"""Pages of the runbook library, each with something to look at."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from incidents import lifecycle
from oncall.models import Service, Team
from portal import clock
from postmortems import feedback
from runbooks import editing, exporting, following, offline, rot, suggesting
from runbooks.models import Runbook, RunbookSource, SourceFile
from tests.browser.pages import Page

BODY = """## Symptoms

The queue of <tenant> grows and nothing leaves it.

## Mitigation

1. Look at the workers

   ```sh
   $ kubectl get pods -n $NAMESPACE -l app=<app>
   ```

2. Restart the one that hangs

   ```sh
   kubectl delete pod <pod> -n $NAMESPACE
   ```

3. Watch the depth fall

   ```diagnostic
   stale-jobs
   age: 300
   ```
"""


def written(reader) -> Runbook:
    team = Team.objects.order_by("pk").first() or Team.objects.create(name="Platform", slug="platform", is_default=True)
    service, _ = Service.objects.get_or_create(slug="worker", defaults={"name": "worker", "team": team, "tier": 1})
    runbook = Runbook(title="Queue stands still", summary="Jobs wait and nobody takes them.", body=BODY, team=team, owner=reader)
    return editing.save(runbook, by=reader, at=clock.now(), services=[service], aliases=["QueueStandsStill"])


def copied(url_name: str, **kwargs: str):
    """The static copy of the library."""

    def url(reader) -> str:
        written(reader)
        exporting.site(offline.folder(), clock.now())
        return reverse(url_name, kwargs=kwargs)

    return url


def followed(reader) -> str:
    runbook = written(reader)
    now = clock.now()
    incident = lifecycle.declare(title="Nothing leaves the queue", severity=3, service=runbook.services.get(), summary="", by=reader, at=now)
    found = following.begin(runbook, incident.subject, by=reader, at=now)
    following.fill(found.pk, {"NAMESPACE": "agents"}, by=reader)
    following.tick(found.pk, "mitigation:1", note="4 of 5 run", by=reader, at=now)
    return f"{runbook.get_absolute_url()}?incident={incident.pk}"


def broken(reader) -> str:
    runbook = written(reader)
    feedback.misled(runbook, "Step 2 names a pod that is gone.", by=reader, at=clock.now() - timedelta(hours=1))
    runbook.body += "\n[gone](elsewhere.md)\n"
    editing.save(runbook, seen=runbook.version, by=reader, at=clock.now())
    rot.check(clock.now(), probe=False)
    return runbook.get_absolute_url()


def in_conflict(reader) -> str:
    runbook = written(reader)
    source = RunbookSource.objects.create(slug="ops", kind="folder", team=runbook.team)
    theirs = BODY.replace("Watch the depth fall", "Watch it for ten minutes").encode()
    base = BODY.replace("The queue of <tenant>", "The queue").encode()
    SourceFile.objects.create(source=source, path="queue.md", content=base, sha256="0", encoding="utf-8", runbook=runbook, theirs=theirs)
    return reverse("runbook-conflict", args=[runbook.slug])


def of_library(reader) -> str:
    broken(reader)
    return reverse("runbook-list")


def suggested(reader) -> str:
    runbook = written(reader)
    now = clock.now()
    edit = suggesting.suggest(runbook, BODY.replace("Watch the depth fall", "Watch for ten minutes"), seen=1, note="It swings", by=reader, at=now)
    runbook.body = BODY.replace("grows and nothing", "grows, and nothing")
    editing.save(runbook, seen=1, by=reader, at=now)
    return suggesting.url(edit)


PAGES = [
    Page("runbook-edit", lambda reader: reverse("runbook-edit", args=[written(reader).slug])),
    Page("runbook-new", lambda reader: (written(reader), reverse("runbook-new"))[1]),
    Page("runbook-suggest", lambda reader: reverse("runbook-suggest", args=[written(reader).slug])),
    Page("runbook-suggestion", suggested),
    Page("offline", copied("offline")),
    Page("offline-page", copied("offline-page", name="index.html")),
    Page("runbook-followed", followed),
    Page("runbook-broken", broken),
    Page("runbook-conflict", in_conflict),
    Page("runbook-library-rotting", of_library),
    Page("runbook-import", lambda reader: (in_conflict(reader), reverse("runbook-import"))[1]),
    Page("runbook-rules", lambda reader: reverse("runbook-rules")),
]
