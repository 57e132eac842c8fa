"""Write what was learned: started in one click, sections saved one by one, published when nothing is missing."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.text import slugify

from incidents.models import Incident
from oncall.models import Team
from oncall.models.team import default_team
from portal import journal
from portal.accounts.models import User
from portal.errors import DomainError, Invalid
from portal.markdown import render
from portal.web.versions import next_version
from postmortems import facts, searching
from postmortems.models import Postmortem, Section

DRAFT_WITHIN, PUBLISH_WITHIN = timedelta(hours=24), timedelta(hours=48)  # after the incident is resolved
NEXT = {
    Postmortem.Status.DRAFT: {Postmortem.Status.IN_REVIEW, Postmortem.Status.PUBLISHED},
    Postmortem.Status.IN_REVIEW: {Postmortem.Status.DRAFT, Postmortem.Status.PUBLISHED},
    Postmortem.Status.PUBLISHED: {Postmortem.Status.CLOSED},
    Postmortem.Status.CLOSED: set(),
}


class NotReady(DomainError):
    """The postmortem still lacks something; the sentence lists it."""

    code = "not_ready"


@transaction.atomic
def start(incident_id: int, *, by: User, at: datetime) -> Postmortem:
    """The incident's postmortem, made with its facts if there is none yet. Safe to run twice at once.

    Raises: DomainError, the incident is not resolved yet, or no team could own it.
    """
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    if incident.resolved_at is None:
        raise DomainError(f"{incident.reference} is not resolved yet. Its postmortem starts when it is.", code="not_resolved")
    found, new = Postmortem.objects.get_or_create(
        incident=incident,
        defaults={"title": incident.title, "slug": _free_slug(incident), "team": _team_of(incident), "author": by, "created_at": at},
    )
    if new:
        for order, kind in enumerate(Section.Kind):
            section = Section(postmortem=found, kind=kind, order=order, body=_timeline(incident) if kind == Section.Kind.TIMELINE else "")
            keep(section)
            section.save()
        journal.append(incident.subject, kind="note", at=at, by=by, text=f"Postmortem {found.reference} started", url=f"/postmortems/{found.pk}/")
        searching.index_postmortem(found)
    return found


def _free_slug(incident: Incident) -> str:
    began = incident.opened_at
    slug = f"{began:%Y-%m-%d}-{slugify(incident.title)[:80] or 'incident'}".rstrip("-")
    return slug if not Postmortem.objects.filter(slug=slug).exists() else f"{slug}-{incident.pk}"


def _team_of(incident: Incident) -> Team:
    """The service's team; for an unassigned incident the default team."""
    if incident.service:
        return incident.service.team
    team = default_team()
    if team is None:
        raise DomainError("No team exists that could own the postmortem. Make one under Admin, Teams.", code="no_team")
    return team


def _timeline(incident: Incident) -> str:
    """The story as a Markdown list, one line an entry: the draft that its author edits."""
    lines = []
    for entry in journal.entries(incident.subject).exclude(kind="notice"):
        who = f" ({entry.by})" if entry.by else ""
        text = " ".join((entry.body or entry.text).split()).replace("\\", "\\\\")
        for mark in "`*_[]<>#":
            text = text.replace(mark, f"\\{mark}")
        lines.append(f"- {entry.at:%Y-%m-%d %H:%M} UTC: {text}{who}")
    return "\n".join(lines)


def save_section(section_id: int, body: str, *, seen: int, at: datetime) -> Section:
    """The saved section; one history row. Raises: Stale, somebody saved it since version `seen`; Invalid, too long."""
    section = Section.objects.select_related("postmortem__incident").get(pk=section_id)
    section.body = body
    keep(section)  # before the transaction: it may take two seconds
    with transaction.atomic():
        section.version = next_version(Section, section_id, seen=seen)
        section.save()
        searching.index_postmortem(section.postmortem)
    return section


def keep(section: Section) -> None:
    """Clean and render the text of a section that is about to be saved. Raises: Invalid, too long."""
    render.refuse_too_long(section.body)
    section.body = render.clean(section.body)
    render.fill(section, "body", prefix=prefix_of(section))


def prefix_of(section: Section) -> str:
    """Ids of several sections share one page."""
    return f"md-{section.kind.replace('_', '-')}-"


def still_missing(postmortem: Postmortem) -> list[str]:
    """What keeps it from being published, as sentences. 2 queries."""
    missing = [f"“{section.get_kind_display()}” is empty." for section in postmortem.sections.all() if not section.body.strip()]
    for item in postmortem.action_items.unfinished():
        lacks = [name for name, value in (("an owner", item.owner_id), ("a team", item.team_id), ("a due date", item.due_on)) if not value]
        if lacks:
            missing.append(f"{item.reference} “{item.title}” needs {' and '.join(lacks)}.")
    return missing


@transaction.atomic
def move(postmortem_id: int, status: Postmortem.Status, *, by: User, at: datetime) -> Postmortem:
    """Send to review, back to draft, publish or close. Publishing keeps a snapshot of the facts. Raises: DomainError, NotReady."""
    found = Postmortem.objects.select_for_update().get(pk=postmortem_id)
    if status not in NEXT[Postmortem.Status(found.status)]:
        raise DomainError(f"{found.reference} is {found.get_status_display().lower()} and cannot become {status.label.lower()}.", code="wrong_status")
    if status == Postmortem.Status.PUBLISHED:
        missing = still_missing(found)
        if missing:
            raise NotReady("Not ready to publish: " + " ".join(missing))
        found.published_at, found.published_facts = at, facts.snapshot(found.incident)
    found.status = status
    found.version += 1
    found.save()
    journal.append(found.incident.subject, kind="note", at=at, by=by, text=f"Postmortem {found.reference}: {status.label.lower()}")
    searching.index_postmortem(found)
    return found


def rename(postmortem: Postmortem, title: str) -> None:
    """Raises: Invalid, no title."""
    if not title.strip():
        raise Invalid("A postmortem needs a title.")
    postmortem.title = title.strip()[:300]
