"""The command centre in its states, and the public page."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from incidents import communications, impact, lifecycle, mitigating, recording, roles
from incidents.communications import Words
from incidents.models import Component, Maintenance, Metric, Reading, StakeholderList
from incidents.models.incident import Status
from incidents.status_page import publishing
from portal import clock
from portal.accounts.roles import Role
from portal.seeding import seed
from tests.browser.pages import Page
from tests.browser.pages_incidents import taken
from tests.conftest import person

PUBLIC = "Agent replies are delayed for some workspaces.\nWe found the cause and are fixing it."


def commanded(reader):
    """In the middle of it: roles, an update with a failed copy, metrics out of band, a lever being tried, a picture."""
    incident, now = taken(reader), clock.now()
    seed(now)
    roles.take(incident.pk, "commander", person=reader, by=reader, at=now)
    impact.set_impact(incident.pk, impact.Impact("61 of 214 tenants", users_affected=3000), by=reader, at=now)
    people = StakeholderList.objects.create(name="Support", addresses="desk@example.org\nlead@example.org")
    component = Component.objects.create(name="Agents and chat", description="Answers to what people ask")
    component.services.add(incident.service)
    lifecycle.move(incident.pk, Status.IDENTIFIED, by=reader, at=now)
    words = Words(
        kind="initial", internal="We roll back.", public=PUBLIC, next_at=now + timedelta(minutes=15), lists=(people.pk,), on_status_page=True
    )
    update = communications.post(incident.pk, words, key="look", by=reader, at=now)
    update.copies.filter(address="lead@example.org").update(state="failed", reason="the mail server said 550 to this address")
    for metric, value in zip(Metric.objects.all(), [0.2, 212, 41, 4812, 10, 94], strict=True):
        points = [value * (0.4 + 0.01 * n) for n in range(61)]
        Reading.objects.create(metric=metric, service=incident.service, value=value, value_at=now, points=points, asked_at=now, problem="")
    mitigating.tried(incident.pk, name="Roll back the deployment", command="kubectl rollout undo", by=reader, at=now)
    entry = recording.note(incident.pk, "worker-7 stopped sending heartbeats.", by=reader, at=now)
    recording.pin(incident.pk, entry.pk, by=reader, at=now)
    recording.correct(incident.pk, entry.pk, "worker-7 **and worker-9** stopped.", by=reader, at=now)
    incident.refresh_from_db()
    return incident


def finished(reader):
    incident = commanded(reader)
    lifecycle.resolve(incident.pk, by=reader, at=clock.now(), reason="back to normal since five minutes")
    return incident


def published(reader) -> str:
    commanded(reader or person("Mara", Role.ADMIN))
    now = clock.now()
    Component.objects.create(name="Dashboard", order=200)
    begins = now + timedelta(days=2)
    Maintenance.objects.create(title="Database moves", text="Short breaks.", starts_at=begins, ends_at=begins + timedelta(hours=1))
    publishing.write(now)
    return reverse("status")


def at_incident(prepare):
    return lambda reader: reverse("incident-detail", args=[prepare(reader).pk])


PAGES = [
    Page("incident-commanded", at_incident(commanded)),
    Page("incident-finished", at_incident(finished)),
    Page("status", published, role=None),
]
