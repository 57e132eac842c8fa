"""Write what was learned: started in one click, sections saved one by one, published when nothing is missing."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.text import slugify

from incidents import timeline
from incidents.models import Incident
from oncall.models import Team
from oncall.models.team import default_team
from portal import decisions, journal
from portal.accounts.models import User
from portal.errors import DomainError, Invalid
from portal.locking import locked_one
from portal.markdown import render
from portal.web.versions import next_version
from postmortems import facts, findings, questions, reviewing, searching, templates
from postmortems.models import LeftOut, Postmortem, Section
from postmortems.models.postmortem import ORDER, REQUIRED

DRAFT_WITHIN, PUBLISH_WITHIN = timedelta(hours=24), timedelta(hours=48)  # after the incident is resolved
REASON_AT_LEAST = 10  # characters
LOOK_BACK = timedelta(days=14)  # an incident resolved before that is left to people
REQUIRED_FROM = 2  # SEV1 and SEV2 need one; SEV3 is offered one
NEXT = {
    Postmortem.Status.DRAFT: {Postmortem.Status.IN_REVIEW, Postmortem.Status.PUBLISHED, Postmortem.Status.WAIVED},
    Postmortem.Status.IN_REVIEW: {Postmortem.Status.DRAFT, Postmortem.Status.PUBLISHED, Postmortem.Status.WAIVED},
    Postmortem.Status.PUBLISHED: {Postmortem.Status.CLOSED},
    Postmortem.Status.CLOSED: {Postmortem.Status.PUBLISHED},
    Postmortem.Status.WAIVED: {Postmortem.Status.DRAFT},
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
        for kind, body in templates.sections_of(found.team, incident.severity):
            lay_out(found, kind, body)
        journal.append(incident.subject, kind="note", at=at, by=by, text=f"Postmortem {found.reference} started", url=f"/postmortems/{found.pk}/")
        searching.index_postmortem(found)
    return found


def start_missing(now: datetime) -> int:
    """Start what a resolved SEV1 or SEV2 needs and nobody began; how many. Drills are debriefed instead. Safe to run twice at once."""
    lacking = Incident.objects.filter(
        status__in=["resolved", "closed"], severity__lte=REQUIRED_FROM, kind=Incident.Kind.INCIDENT, postmortem=None, resolved_at__gte=now - LOOK_BACK
    )
    return sum(_start_for(pk, now) for pk in lacking.order_by("pk").values_list("pk", flat=True))


def _start_for(incident_id: int, now: datetime) -> int:
    incident = Incident.objects.select_related("service__team", "acknowledged_by").get(pk=incident_id)
    author = _likely_author(incident)
    if author is None:
        return 0
    start(incident_id, by=author, at=now)
    return 1


def _likely_author(incident: Incident) -> User | None:
    """Who led it, else who acknowledged, else the team's lead. 1-3 queries."""
    led = incident.roles.filter(role="commander", person__is_active=True).order_by("-taken_at").first()
    if led:
        return led.person
    if incident.acknowledged_by and incident.acknowledged_by.is_active:
        return incident.acknowledged_by
    return incident.team.leads().first() if incident.team else None


def lay_out(postmortem: Postmortem, kind: str, body: str = "") -> Section:
    """A new section in its place. In the caller's transaction. Raises: Invalid, too long."""
    section = Section(postmortem=postmortem, kind=kind, order=ORDER[Section.Kind(kind)], body=body)
    keep(section)
    section.save()
    return section


@transaction.atomic
def add_section(postmortem_id: int, kind: str) -> Section:
    """One of the optional sections, empty; adding it twice changes nothing. Raises: Invalid, no such kind."""
    if kind not in Section.Kind.values:
        raise Invalid(f"There is no section “{kind[:40]}”.")
    postmortem = Postmortem.objects.select_for_update().get(pk=postmortem_id)
    return postmortem.sections.filter(kind=kind).first() or lay_out(postmortem, kind)


def draft_due(postmortem: Postmortem) -> datetime | None:
    return _after_resolved(postmortem, DRAFT_WITHIN)


def publish_due(postmortem: Postmortem) -> datetime | None:
    return _after_resolved(postmortem, PUBLISH_WITHIN)


def _after_resolved(postmortem: Postmortem, wait: timedelta) -> datetime | None:
    incident = postmortem.incident
    return incident.resolved_at + wait if incident and incident.resolved_at else None


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
    """What keeps it from being published, as sentences. 2 queries. The timeline of an incident is there without a word about it."""
    told = {Section.Kind.TIMELINE} if postmortem.incident_id else set()
    missing = [
        f"“{section.get_kind_display()}” is empty."
        for section in postmortem.sections.all()
        if section.kind in REQUIRED and section.kind not in told and not section.body.strip()
    ]
    for item in postmortem.action_items.unfinished():
        lacks = [name for name, value in (("an owner", item.owner_id), ("a team", item.team_id), ("a due date", item.due_on)) if not value]
        if lacks:
            missing.append(f"{item.reference} “{item.title}” needs {' and '.join(lacks)}.")
    return missing


@transaction.atomic
def move(postmortem_id: int, status: Postmortem.Status, *, by: User, at: datetime, reason: str = "") -> Postmortem:
    """Send to review, back to draft, publish, close or waive. Publishing keeps a snapshot of the facts.

    Raises: DomainError; NotReady, something is missing or reviewers want changes; Invalid, waived without a reason of 10 characters.
    """
    found = locked_one(Postmortem.objects.select_related("incident"), postmortem_id)
    if status not in NEXT[Postmortem.Status(found.status)]:
        raise DomainError(f"{found.reference} is {found.get_status_display().lower()} and cannot become {status.label.lower()}.", code="wrong_status")
    if status == Postmortem.Status.PUBLISHED and found.published_at is None:
        missing = [*still_missing(found), *reviewing.objections(found)]
        if missing:
            raise NotReady("Not ready to publish: " + " ".join(missing))
        found.published_at = at
        if found.incident:
            found.published_facts = facts.snapshot(found.incident)
            found.published_findings = _told(found, found.incident, by)
    if status == Postmortem.Status.WAIVED:
        found.waived_because = _reason(reason)
        title = f"{found.reference} {found.title}"
        about = found.incident.subject if found.incident else found.subject
        decisions.record("waived_postmortem", about, by, at, found.waived_because, title=title, url=f"/postmortems/{found.pk}/")
    found.status = status
    found.version += 1
    found.save()
    tell(found, f"Postmortem {found.reference}: {status.label.lower()}", by=by, at=at)
    searching.index_postmortem(found)
    return found


def _told(postmortem: Postmortem, incident: Incident, by: User) -> dict[str, object]:
    told = findings.compute(postmortem, incident, by)
    asked = questions.of(postmortem, told)
    return findings.snapshot(told, [[question.key, question.text, question.answer] for question in asked])


@transaction.atomic
def leave_out(postmortem_id: int, entry_id: int, *, out: bool) -> None:
    """Show an entry of the incident's timeline no more, or again. Raises: Invalid, no such entry; DomainError, it is published."""
    postmortem = locked_one(Postmortem.objects.select_related("incident"), postmortem_id)
    if postmortem.is_finished:
        raise DomainError(f"{postmortem.reference} is {postmortem.get_status_display().lower()}; its timeline is kept as it was.", code="finished")
    if postmortem.incident is None or not timeline.story(postmortem.incident).filter(pk=entry_id).exists():
        raise Invalid("The incident's timeline has no such entry. Reload the page.")
    if out:
        LeftOut.objects.get_or_create(postmortem=postmortem, entry_id=entry_id)
    else:
        LeftOut.objects.filter(postmortem=postmortem, entry=entry_id).delete()


def tell(postmortem: Postmortem, text: str, *, by: User | None, at: datetime) -> None:
    """Note it in its own story, and on the incident's timeline."""
    journal.append(postmortem.subject, kind="status", at=at, by=by, text=text)
    if postmortem.incident:
        journal.append(postmortem.incident.subject, kind="note", at=at, by=by, text=text, url=f"/postmortems/{postmortem.pk}/")


def closing_gate(incident: Incident) -> list[str]:
    """What keeps the incident from being closed: a SEV1 or SEV2 needs its postmortem published or waived. 1 query."""
    if incident.severity > REQUIRED_FROM or incident.kind == Incident.Kind.DRILL:
        return []
    found = Postmortem.objects.filter(incident=incident).first()
    if found is None:
        return ["Its postmortem is not started."]
    return (
        []
        if found.is_finished
        else [f"Its postmortem {found.reference} is {found.get_status_display().lower()}: publish it, or waive it with a reason."]
    )


def _reason(text: str) -> str:
    if len(text.strip()) < REASON_AT_LEAST:
        raise Invalid(f"Give a reason of at least {REASON_AT_LEAST} characters.")
    return text.strip()


def rename(postmortem: Postmortem, title: str) -> None:
    """Raises: Invalid, no title."""
    if not title.strip():
        raise Invalid("A postmortem needs a title.")
    postmortem.title = title.strip()[:300]
