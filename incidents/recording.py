"""What people add to the story: notes with pictures, pins, corrections. Entries are never changed; the newest revision is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import IO, TYPE_CHECKING

from django.db import transaction

from incidents import files, lifecycle, timeline
from incidents.locks import locked, store
from incidents.models import Attachment, Incident, Pin, Revision
from portal.errors import DomainError, Invalid
from portal.markdown import render
from portal.models import Entry

if TYPE_CHECKING:
    from portal.accounts.models import User

CORRECTABLE = {"note", "file"}


def note(incident_id: int, text: str, *, by: User, at: datetime, uploads: Sequence[tuple[str, IO[bytes]]] = ()) -> Entry:
    """A note for the responders, with files beside it; files alone are an entry too. Raises: Invalid."""
    if len(uploads) > files.AT_ONCE:
        raise Invalid(f"Up to {files.AT_ONCE} files go with one note.")
    checked = [files.check(name, stream) for name, stream in uploads]
    if not text.strip() and checked:
        with transaction.atomic():
            return files.add(locked(incident_id), checked, by=by, at=at)
    with transaction.atomic():
        entry = lifecycle.note(incident_id, text, by=by, at=at)
        if checked:
            files.keep(Incident.objects.get(pk=incident_id), entry, checked, by=by, at=at)
        return entry


def correct(incident_id: int, entry_id: int, text: str, *, by: User, at: datetime, happened_at: datetime | None = None) -> Revision:
    """Another wording, or another time, of a note; what it said before stays readable. Raises: Invalid, DomainError."""
    if not text.strip():
        raise Invalid("The corrected note is empty.")
    render.refuse_too_long(text)
    html = render.to_html(text, short=True)  # before the transaction: it may take two seconds
    with transaction.atomic():
        incident = locked(incident_id)
        entry = _entry_of(incident, entry_id)
        if entry.kind not in CORRECTABLE:
            raise DomainError("Only notes are corrected. What the portal wrote stands; add a note beside it.", code="not_a_note")
        if happened_at is not None and happened_at > at:
            raise Invalid("A note cannot be of the future.")
        revision = Revision.objects.create(
            entry=entry, body=render.clean(text), body_html=html.html, body_html_key=html.key, happened_at=happened_at, made_at=at, made_by=by
        )
        store(incident)
        return revision


@transaction.atomic
def pin(incident_id: int, entry_id: int, *, by: User, at: datetime) -> None:
    """Kept on top for everybody. Pinning again changes nothing."""
    incident = locked(incident_id)
    Pin.objects.get_or_create(entry=_entry_of(incident, entry_id), defaults={"incident": incident, "pinned_at": at, "pinned_by": by})
    store(incident)


@transaction.atomic
def unpin(incident_id: int, entry_id: int) -> None:
    incident = locked(incident_id)
    Pin.objects.filter(incident=incident, entry=entry_id).delete()
    store(incident)


def _entry_of(incident: Incident, entry_id: int) -> Entry:
    """Raises: Invalid, it belongs to another story."""
    entry = Entry.objects.filter(pk=entry_id, subject__in=timeline.subjects(incident)).first()
    if entry is None:
        raise Invalid("That entry is not of this incident.")
    return entry


class Line:
    """An entry as it is shown: its newest words, its time, its files. Built for a whole list by `lines`."""

    __slots__ = ("at", "body", "body_html", "body_html_key", "entry", "files", "is_pinned", "revisions")

    def __init__(self, entry: Entry, revisions: list[Revision], attached: list[Attachment], is_pinned: bool) -> None:
        newest: Entry | Revision = revisions[-1] if revisions else entry
        self.entry, self.revisions, self.files, self.is_pinned = entry, revisions, attached, is_pinned
        self.at = next((r.happened_at for r in reversed(revisions) if r.happened_at), entry.at)
        self.body, self.body_html, self.body_html_key = newest.body, newest.body_html, newest.body_html_key


def lines(entries: Sequence[Entry]) -> list[Line]:
    """With revisions, files and pins, 3 queries whatever their number."""
    ids = [entry.pk for entry in entries]
    if not ids:
        return []
    revisions: dict[int, list[Revision]] = {}
    low, high = min(ids), max(ids)
    for revision in Revision.objects.filter(entry_id__gte=low, entry_id__lte=high).select_related("made_by"):
        revisions.setdefault(revision.entry_id, []).append(revision)
    attached: dict[int, list[Attachment]] = {}
    for attachment in Attachment.objects.filter(entry_id__gte=low, entry_id__lte=high):
        attached.setdefault(attachment.entry_id, []).append(attachment)
    pinned = set(Pin.objects.filter(entry_id__gte=low, entry_id__lte=high).values_list("entry", flat=True))
    return [Line(entry, revisions.get(entry.pk, []), attached.get(entry.pk, []), entry.pk in pinned) for entry in entries]


def pinned(incident: Incident) -> list[Line]:
    """The pinned entries in the order of pinning. 4 queries, 1 without any."""
    found = [pin.entry for pin in incident.pins.select_related("entry__by")]
    return lines(found)
