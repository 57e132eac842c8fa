"""Postmortems with everything that can stand on them: what the data tell and ask, comments, a picture's line, a review."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from incidents.models import Incident, Milestone, Promise
from portal import clock, journal
from portal.seeding import seed
from postmortems import commenting, debt, due_dates, reviewing, writing
from postmortems.models import Postmortem
from tests.browser.pages import Page, at
from tests.browser.pages_incidents import learned


def eventful(reader) -> Postmortem:
    """In review by its reader, after an incident with a silent stretch, a late detection and a late update."""
    postmortem, now = learned(reader), clock.now()
    incident = postmortem.incident
    assert incident is not None
    began = now - timedelta(minutes=80)
    Milestone.objects.update_or_create(incident=incident, name="impact_started", defaults={"at": began, "recorded_at": now})
    Milestone.objects.update_or_create(incident=incident, name="detected", defaults={"at": began + timedelta(minutes=12), "recorded_at": now})
    Promise.objects.create(
        incident=incident, kind="scope", made_at=began, due_at=began + timedelta(minutes=20), late_at=began + timedelta(minutes=20),
        settled_at=began + timedelta(minutes=31), verdict="late",
    )  # fmt: skip
    journal.append(incident.subject, kind="note", at=began, by=reader, text="Customers ask in chat")
    texts = {"impact": "61 of 214 tenants saw no replies.", "root_cause": "The migration added a column without a default."}
    for section in postmortem.sections.filter(kind__in=texts):
        writing.save_section(section.pk, texts[section.kind], seen=section.version, at=now)
    commenting.say(postmortem, "Which tenants?", section="impact", by=reader, at=now)
    reviewing.ask(postmortem.pk, [reader], by=reader, at=now)
    writing.move(postmortem.pk, Postmortem.Status.IN_REVIEW, by=reader, at=now)
    return postmortem


def in_review(reader) -> str:
    return reverse("postmortem-detail", args=[eventful(reader).pk])


def whole(reader) -> str:
    return reverse("postmortem-page", args=[eventful(reader).pk])


def measured(reader) -> str:
    """Six incidents of one service with most of their milestones, in two quarters, and weeks of debt."""
    postmortem, now = eventful(reader), clock.now()
    first = postmortem.incident
    assert first is not None and first.service is not None
    for number in range(6):
        ended = now - timedelta(days=40 * number + 1)
        incident = Incident.objects.create(
            title="Slow", severity=1 + number % 3, service=first.service, opened_at=ended - timedelta(minutes=10 * number + 5),
            status="closed", resolved_at=ended,
        )  # fmt: skip
        for name, share in (
            ("impact_started", 0.0),
            ("detected", 0.1),
            ("alerted", 0.15),
            ("acknowledged", 0.2),
            ("mitigated", 0.8),
            ("resolved", 1),
        ):
            moment = incident.opened_at + share * (ended - incident.opened_at)
            Milestone.objects.create(incident=incident, name=name, at=moment, recorded_at=now)
    debt.keep_week(now - timedelta(days=7))
    debt.keep_week(now)
    return reverse("analytics")


def examples_read(reader) -> str:
    """One of the shipped ones."""
    seed(clock.now())
    return reverse("postmortem-detail", args=[Postmortem.objects.filter(incident=None).latest("pk").pk])


def five(reader) -> str:
    postmortem = eventful(reader)
    assert postmortem.incident is not None and postmortem.incident.service is not None
    Postmortem.objects.filter(pk=postmortem.pk).update(status="published", published_at=clock.now())
    return reverse("postmortem-five", args=[postmortem.incident.service.slug])


def subscribed(reader) -> str:
    due_dates.make(reader, at=clock.now())
    return reverse("action-feed")


PAGES = [
    Page("postmortem-example", examples_read),
    Page("postmortem-five", five),
    Page("action-feed", subscribed),
    Page("analytics", measured),
    Page("analytics-none", at("analytics")),
    Page("postmortem-in-review", in_review),
    Page("postmortem-page", whole),
]
