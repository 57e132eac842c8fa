"""Formatting what an import left plain: by due rows in the background, and for the first reader at once."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import transaction

from portal import due
from portal.markdown import render
from portal.models import Due
from runbooks.models import Runbook, Section
from runbooks.presenting import presented

DUE = "runbooks.format"
LEASE = timedelta(minutes=2)
AT_ONCE = 100  # sections worked under one lease
PATIENCE = 2.0  # seconds that a reader waits; the rest is plain text until the background has come to it


def later(at: datetime) -> None:
    """Format every section that nobody formatted yet. Asking again changes nothing. 1-2 queries."""
    due.put(DUE, "all", at=at, priority=3)


def handle(row: Due, now: datetime) -> None:
    """A hundred sections, then the row comes back until none is left."""
    waiting = list(Section.objects.filter(body_html_key="").exclude(body="").select_related("runbook")[:AT_ONCE])
    for section in waiting:
        format_section(section)
    if waiting:
        due.postpone(row, now)
        return
    with transaction.atomic():
        due.settle(row)


def for_reader(runbook: Runbook, sections: list[Section]) -> None:
    """Format what the page needs and nobody formatted yet, for up to two seconds."""
    started = time.monotonic()
    for section in sections:
        if section.body and not section.body_html_key and time.monotonic() - started < PATIENCE:
            section.runbook = runbook
            format_section(section)


def format_section(section: Section) -> None:
    """In memory and in the table, unless somebody saved another text meanwhile."""
    html = html_of(section.body, section.runbook.links, section.prefix)
    section.body_html, section.body_html_key = html.html, html.key
    Section.objects.filter(pk=section.pk, body=section.body).update(body_html=html.html, body_html_key=html.key)


def html_of(body: str, links: dict[str, str], prefix: str) -> render.Html:
    """A section as its page shows it."""
    return render.to_html(presented(body, links), prefix=prefix)
