"""Postmortems out of the house: Markdown that imports back to the same postmortem."""

from __future__ import annotations

from dataclasses import asdict

from django.db.models import QuerySet

from postmortems import facts
from postmortems.importing import own
from postmortems.importing.moments import Moment
from postmortems.importing.timelines import Entry
from postmortems.models import ActionItem, ImportedEntry, Postmortem, Section

TITLES = {str(kind.value): str(kind.label) for kind in Section.Kind}


def with_everything(found: QuerySet[Postmortem]) -> QuerySet[Postmortem]:
    """What `to_markdown` reads, in a fixed number of queries."""
    return found.select_related("incident__service").prefetch_related("sections", "imported_entries", "tags", "action_items__owner")


def to_markdown(postmortem: Postmortem) -> str:
    """The whole postmortem as Markdown with front matter; `import_postmortems` reads it back without losing a letter."""
    return own.write(as_whole(postmortem), TITLES)


def as_whole(postmortem: Postmortem) -> own.Whole:
    return own.Whole(
        title=postmortem.title,
        slug=postmortem.slug,
        status=postmortem.status,
        sections={section.kind: section.body for section in postmortem.sections.all()},
        timeline=[_entry(entry) for entry in postmortem.imported_entries.all()],
        items=[_item(item) for item in postmortem.action_items.all()],
        facts=asdict(facts.of(postmortem)),
        front=postmortem.front,
        tags=[(tag.kind, tag.name) for tag in postmortem.tags.all()],
        waived_because=postmortem.waived_because,
    )


def file_name(postmortem: Postmortem) -> str:
    return f"{postmortem.slug}.md"


def _entry(entry: ImportedEntry) -> Entry:
    return Entry(Moment(entry.written, entry.at, entry.day, entry.rough, tuple(entry.guesses)), entry.text, 1)


def _item(item: ActionItem) -> own.ItemFields:
    return own.ItemFields(
        title=item.title,
        why=item.why,
        status=item.status,
        owner=item.owner.email if item.owner else item.written_owner,
        due=item.due_on.isoformat() if item.due_on else "",
        url=item.tracker_url,
        tag=item.tag,
        type=item.type,
        evidence=item.evidence,
        declined_because=item.declined_because,
    )
