"""Telling everybody else: updates with a promise of the next one, each copy of which is a row that is sent, retried and shown."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet

from incidents import checking, clocks, roles, timeline
from incidents.locks import locked, store
from incidents.models import Audience, Copy, ExternalStatusPage, Holding, Incident, StakeholderList, Update, UpdateTemplate
from incidents.models.incident import Status
from incidents.status_page import publishing
from portal import due
from portal.errors import DomainError, Invalid, NotAllowed, Stale
from portal.locking import locked_one
from portal.markdown import render

if TYPE_CHECKING:
    from portal.accounts.models import User

SEND = "incidents.send_copy"
LONGEST = timedelta(days=7)
NEVER_PUBLIC = (Status.TRIAGE, Status.CANCELLED, Status.MERGED)


@dataclass(frozen=True, slots=True)
class Words:
    """What a person wrote for each audience, whom it goes to, and when the next word comes (None: it is the final one)."""

    kind: str
    internal: str = ""
    public: str = ""
    executive: str = ""
    next_at: datetime | None = None
    lists: tuple[int, ...] = ()
    on_status_page: bool = False
    external: bool = False

    def of(self, audience: str) -> str:
        return str(getattr(self, audience))


@dataclass(frozen=True, slots=True)
class Recipients:
    """One list, with how many people and rooms it reaches."""

    stakeholders: StakeholderList
    people: int
    rooms: int


def lists_for(incident: Incident) -> QuerySet[StakeholderList]:
    """Lists of the incident's service and severity, those of no service too."""
    found = StakeholderList.objects.filter(is_enabled=True, least_severity__gte=incident.severity)
    mine = found.filter(services=None)
    return (mine | found.filter(services=incident.service_id)).distinct() if incident.service_id else mine


def recipients(incident: Incident) -> list[Recipients]:
    """Every list that may get an update, counted. 2 queries."""
    found = lists_for(incident).prefetch_related("people")
    return [Recipients(each, len(addresses_of(each)), 1 if each.chat_webhook else 0) for each in found]


def addresses_of(stakeholders: StakeholderList) -> list[str]:
    """Each address once, in small letters; lines that are no address are left out. 0-1 query."""
    typed = [line.strip().lower() for line in stakeholders.addresses.splitlines()]
    people = [person.email.lower() for person in stakeholders.people.all() if person.is_active]
    return [address for address in dict.fromkeys([*typed, *people]) if _is_address(address)]


def may_be_public(incident: Incident) -> bool:
    """Drills, restricted incidents and those in triage, cancelled or merged never appear outside."""
    return not incident.is_restricted and incident.kind == Incident.Kind.INCIDENT and incident.status not in NEVER_PUBLIC


def can_approve(user: User, incident: Incident) -> bool:
    """Communications lead or commander; while nobody holds either, whoever responds. 1 query."""
    held = roles.held(incident)
    leads = [*held.get(Holding.Role.COMMUNICATIONS, []), *held.get(Holding.Role.COMMANDER, [])]
    return any(holding.person_id == user.pk for holding in leads) if leads else True


@transaction.atomic
def post(incident_id: int, words: Words, *, key: str, by: User, at: datetime) -> Update:
    """One update, and a copy for each destination, in one transaction. Posting again with the same `key` changes nothing.

    Public text waits for its approval unless `by` may approve it; the others go at once. Raises: Invalid, DomainError.
    """
    incident = locked(incident_id)
    before = Update.objects.filter(key=_key(incident, key)).first()
    if before:
        return before
    _check(incident, words, at)
    update = Update.objects.create(
        incident=incident,
        number=incident.updates.count() + 1,
        kind=words.kind,
        status=incident.status,
        internal=render.clean(words.internal).strip(),
        public=render.clean(words.public).strip(),
        executive=render.clean(words.executive).strip(),
        promised_next_at=words.next_at,
        posted_at=at,
        posted_by=by,
        on_status_page=words.on_status_page and bool(words.public.strip()),
        key=_key(incident, key),
    )
    update.lists.set(lists_for(incident).filter(pk__in=words.lists))
    _settle_promise(incident, update, by=by, at=at)
    store(incident)
    _tell(incident, update, by=by, at=at)
    if words.external:
        _ask_external(update, at)
    for audience in (Audience.INTERNAL, Audience.EXECUTIVE):
        _ask_copies(update, audience, at)
    if update.public and can_approve(by, incident):
        _approve(incident, update, by=by, at=at)
    return update


@transaction.atomic
def approve(update_id: int, *, seen: str, by: User, at: datetime) -> Update:
    """The public text may leave the house. `seen`: `text_mark` of the text that was read. Raises: NotAllowed, Stale, DomainError."""
    incident = locked(Update.objects.values_list("incident", flat=True).get(pk=update_id))
    update = Update.objects.get(pk=update_id)
    if not can_approve(by, incident):
        raise NotAllowed("The communications lead or the commander approves public text.")
    if update.approved_at:
        raise DomainError(f"{update.approved_by} approved it at {update.approved_at:%H:%M} UTC.", code="already_approved")
    if seen != text_mark(update):
        raise Stale("Somebody changed the public text since you read it. Read it again.")
    _approve(incident, update, by=by, at=at)
    store(incident)
    return update


@transaction.atomic
def rewrite_public(update_id: int, text: str, *, by: User, at: datetime) -> Update:
    """Another public text while it waits for its approval; an approved one stands. Raises: Invalid, DomainError."""
    if not text.strip():
        raise Invalid("The public text is empty.")
    incident = locked(Update.objects.values_list("incident", flat=True).get(pk=update_id))
    update = Update.objects.get(pk=update_id)
    if update.approved_at:
        raise DomainError("It is approved and on its way. Post another update instead.", code="already_approved")
    update.public = render.clean(text).strip()
    update.save(update_fields=["public"])
    timeline.append(incident, kind="update", at=at, by=by, text=f"Public text of update {update.number} changed; it asks for approval again")
    return update


@transaction.atomic
def retry(copy_id: int, *, by: User, at: datetime) -> Copy:
    """Send a failed copy once more. Raises: DomainError, it did not fail."""
    copy = locked_one(Copy.objects.select_related("update_of__incident"), copy_id)
    if copy.state != Copy.State.FAILED:
        raise DomainError(f"That copy is {copy.get_state_display().lower()}; there is nothing to retry.", code="not_failed")
    copy.state, copy.reason, copy.attempts = Copy.State.PENDING, "", 0
    copy.save(update_fields=["state", "reason", "attempts"])
    due.put(SEND, str(copy.pk), at=at, priority=2)
    timeline.append(copy.update_of.incident, kind="update", at=at, by=by, text=f"Update {copy.update_of.number} is sent to {copy.address} again")
    return copy


def text_mark(update: Update) -> str:
    """Names the public text as it is now."""
    return hashlib.sha256(update.public.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def body_of(update: Update, audience: str) -> str:
    """The text for an audience; executives without their own get the internal one."""
    text = str(getattr(update, audience))
    return text or (update.internal if audience == Audience.EXECUTIVE else "")


def _key(incident: Incident, key: str) -> str:
    return f"{incident.pk}:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def _check(incident: Incident, words: Words, at: datetime) -> None:
    if incident.status in NEVER_PUBLIC[1:]:
        raise DomainError(f"{incident.reference} is {incident.get_status_display().lower()}; it has no updates.", code="wrong_status")
    if words.kind not in UpdateTemplate.Kind.values:
        raise Invalid(f"“{words.kind[:40]}” is no kind of update; use one of {', '.join(UpdateTemplate.Kind.values)}.")
    if not any(words.of(audience).strip() for audience in Audience.values):
        raise Invalid("Write at least one text.")
    for audience in Audience.values:
        render.refuse_too_long(words.of(audience))
    if words.next_at is not None and not at < words.next_at <= at + LONGEST:
        raise Invalid("Promise the next update for a time ahead, within a week.")
    if words.next_at is None and not incident.is_over:
        raise Invalid("It is not resolved yet, so this cannot be the final update: promise the next one.")
    if (words.on_status_page or words.external) and not may_be_public(incident):
        raise Invalid(_why_not_public(incident))
    if words.on_status_page and not words.public.strip():
        raise Invalid("Write the public text, or leave the status page out.")


def _why_not_public(incident: Incident) -> str:
    if incident.is_restricted:
        return "A restricted incident never appears on a public page. Leave the status page out."
    if incident.kind == Incident.Kind.DRILL:
        return "A drill never appears on a public page. Leave the status page out."
    return f"{incident.reference} is in {incident.get_status_display().lower()}: acknowledge it before it is told to the public."


def _settle_promise(incident: Incident, update: Update, *, by: User, at: datetime) -> None:
    if clocks.is_long(incident, at) and update.promised_next_at:
        asked = clocks.cadence(incident.severity)
        if asked.long_every and update.promised_next_at - at > asked.long_every and not can_approve(by, incident):
            raise NotAllowed("The commander confirms a longer wait.")
    clocks.update_posted(incident, at, next_at=update.promised_next_at)


def _tell(incident: Incident, update: Update, *, by: User, at: datetime) -> None:
    """On the timeline, with the internal text rendered when it is shown; Markdown is formatted later by its row."""
    promised = f", next by {update.promised_next_at:%H:%M} UTC" if update.promised_next_at else ", the final one"
    timeline.append(
        incident,
        kind="update",
        at=at,
        by=by,
        text=f"{update.get_kind_display()} update {update.number}{promised}",
        data={"update": update.pk},
    )


def _approve(incident: Incident, update: Update, *, by: User, at: datetime) -> None:
    update.approved_at, update.approved_by = at, by
    update.save(update_fields=["approved_at", "approved_by"])
    _ask_copies(update, Audience.PUBLIC, at)
    for copy in update.copies.filter(way=Copy.Way.EXTERNAL, state=Copy.State.PENDING):
        due.put(SEND, str(copy.pk), at=at, priority=2)
    checking.look(incident, at, "status_page", "status_page_resolved")
    if update.on_status_page:
        publishing.later(at)


def _ask_copies(update: Update, audience: str, at: datetime) -> None:
    """One row for each address and room of the chosen lists of this audience."""
    if not body_of(update, audience):
        return
    for stakeholders in update.lists.filter(audience=audience).prefetch_related("people"):
        for address in addresses_of(stakeholders):
            _ask(update, Copy.Way.EMAIL, audience, address, at, stakeholders=stakeholders)
        if stakeholders.chat_webhook:
            _ask(update, Copy.Way.CHAT, audience, stakeholders.name, at, stakeholders=stakeholders)


def _ask_external(update: Update, at: datetime) -> None:
    """Waits for the approval of the public text: its due row is put by it."""
    if not update.public:
        raise Invalid("Write the public text, or leave the external status page out.")
    for page in ExternalStatusPage.objects.filter(is_enabled=True):
        Copy.objects.create(update_of=update, way=Copy.Way.EXTERNAL, audience=Audience.PUBLIC, address=page.name, page=page, created_at=at)


def _ask(update: Update, way: str, audience: str, address: str, at: datetime, *, stakeholders: StakeholderList) -> None:
    """Somebody on two lists gets one copy."""
    copy, new = Copy.objects.get_or_create(
        update_of=update, way=way, address=address, defaults={"audience": audience, "stakeholders": stakeholders, "created_at": at}
    )
    if new:
        due.put(SEND, str(copy.pk), at=at, priority=2)


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def delivery(updates: Iterable[Update]) -> dict[int, dict[str, int]]:
    """By update: how many copies are in which state. 1 query."""
    found: dict[int, dict[str, int]] = {}
    for update, state in Copy.objects.filter(update_of__in=list(updates)).values_list("update_of", "state"):
        counts = found.setdefault(update, {})
        counts[state] = counts.get(state, 0) + 1
    return found
