"""Postmortems with everything that can stand on them: what the data tell and ask, comments, a picture's line, a review."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from incidents.models import Milestone, Promise
from portal import clock, journal
from postmortems import commenting, reviewing, writing
from postmortems.models import Postmortem
from tests.browser.pages import Page
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


PAGES = [
    Page("postmortem-in-review", in_review),
    Page("postmortem-page", whole),
]
