"""Files become postmortems: again, and they are brought up to date; what was edited here is never overwritten in silence."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.utils.text import slugify

from oncall.models import Team
from portal.accounts.models import User
from portal.errors import DomainError
from postmortems import action_items, facts, searching, writing
from postmortems.importing import own
from postmortems.importing.actions import Item
from postmortems.importing.own import Whole
from postmortems.importing.reading import Read, read
from postmortems.importing.timelines import Entry
from postmortems.models import ActionItem, ImportedEntry, Postmortem, Section, Tag
from postmortems.models.postmortem import REQUIRED
from runbooks.importing import front_matter, texts
from runbooks.importing.files import Tree
from runbooks.importing.report import Report

TOLD = "as imported"


def run(tree: Tree, *, source: str, team: Team, at: datetime, by: User | None = None) -> Report:
    """Import every text of `tree`. Each file is in the report exactly once. A file is one transaction: one that fails stops no other."""
    report, began = Report(source, commit=tree.commit()), time.monotonic()
    for file in tree.listing():
        if file.kind != "runbook":
            report.put(file.path, "skipped", file.why_not)
            continue
        try:
            content = tree.read(file.path)
            outcome, why = _one(content, file.path, report, source=source, team=team, at=at, by=by)
        except (OSError, DomainError) as trouble:
            outcome, why = "failed", str(trouble)
        report.put(file.path, outcome, why)
    report.seconds = time.monotonic() - began
    return report


def _one(content: bytes, path: str, report: Report, *, source: str, team: Team, at: datetime, by: User | None) -> tuple[str, str]:
    text = texts.read(content)
    for note in text.notes:
        report.warn(path, 1, note)
    whole = text.text.replace("\x00", "")
    if not whole.strip():
        return "skipped", "empty"
    split = front_matter.split(whole)
    for line, note in split.notes:
        report.warn(path, line, note)
    known = Postmortem.objects.filter(source=source, source_path=path).first()
    if known and known.source_text == whole:
        return "unchanged", ""
    wanted = own.restore(split.values, split.body) or _foreign(split, path)
    if "{{" in wanted.title and not split.values:
        return "skipped", "a template, not a postmortem"
    for line, note in wanted.warnings:
        report.warn(path, line, note)
    if known and _edited_here(known):
        return "conflict", f"{known.reference} was edited here; its own text stays"
    with transaction.atomic():
        _keep(wanted, known, source=source, path=path, text=whole, team=team, at=at, by=by)
    return ("updated" if known else "imported"), ""


def _foreign(split: front_matter.Split, path: str) -> Whole:
    """A text that was written elsewhere."""
    found = read(split.body, path, front=split.values)
    return Whole(
        title=found.title,
        slug=_slug_of(found),
        status=Postmortem.Status.PUBLISHED,
        sections=found.sections,
        timeline=found.timeline,
        items=[_item(item) for item in found.actions],
        facts=asdict(_facts(found)),
        front=split.values,
        tags=[],
        warnings=[*((1, warning) for warning in found.warnings), *_guesses(found.timeline)],
    )


def _guesses(timeline: list[Entry]) -> list[tuple[int, str]]:
    """Each kind of guess once, where it was made first."""
    first: dict[str, tuple[int, str]] = {}
    for entry in timeline:
        for guess in entry.moment.guesses:
            first.setdefault(guess, (entry.line, f"“{entry.moment.raw}”: {guess}"))
    return list(first.values())


def _slug_of(found: Read) -> str:
    began = f"{found.day:%Y-%m-%d}-" if found.day else ""
    title = slugify(found.title).removeprefix(began.rstrip("-")).strip("-")
    return f"{began}{title[:80] or 'postmortem'}".strip("-")


def _facts(found: Read) -> facts.Facts:
    """What the text says; nothing is computed that it does not say."""
    moments = sorted(entry.moment.at for entry in found.timeline if entry.moment.at)
    began = moments[0].isoformat() if moments else (found.day.isoformat() + "T00:00:00+00:00" if found.day else "")
    systems = found.front.get("affectedSystems") or []
    names = systems if isinstance(systems, list) else [str(systems)]
    return facts.Facts(began, "First entry" if moments else "Day", "", 0, 0, ", ".join(map(str, names))[:120], [], [])


def _item(item: Item) -> own.ItemFields:
    status = ActionItem.Status.VERIFIED if item.done else ActionItem.Status.DECLINED if item.dropped else ActionItem.Status.OPEN
    return own.ItemFields(title=item.title, why=item.text, status=status, owner=item.owner, due=item.due, url=item.url, tag=item.tag)


def _edited_here(known: Postmortem) -> bool:
    """Whether anybody saved a section or an item since the import: the import itself leaves version 1 everywhere."""
    return known.sections.filter(version__gt=1).exists() or known.action_items.filter(version__gt=1).exists() or known.version > 1


def _keep(wanted: Whole, known: Postmortem | None, *, source: str, path: str, text: str, team: Team, at: datetime, by: User | None) -> Postmortem:
    published = at if wanted.status in {"published", "closed"} else None
    found = known or Postmortem(source=source, source_path=path, team=team, author=by, created_at=at, slug=_free(wanted.slug))
    found.title, found.status, found.source_text, found.front = wanted.title, wanted.status, text, wanted.front
    found.published_at, found.published_facts, found.waived_because = published, wanted.facts, wanted.waived_because
    found.save()
    found.sections.all().delete()
    found.imported_entries.all().delete()
    found.action_items.all().delete()
    for kind in Section.Kind:
        if kind in wanted.sections or kind in REQUIRED:
            writing.lay_out(found, kind, wanted.sections.get(kind, ""))
    ImportedEntry.objects.bulk_create(_entry(found, order, entry) for order, entry in enumerate(wanted.timeline))
    for fields in wanted.items:
        _keep_item(found, fields, team=team, at=at, path=path)
    found.tags.set([Tag.objects.get_or_create(kind=kind, name=name)[0] for kind, name in wanted.tags])
    searching.index_postmortem(found)
    return found


def _free(slug: str) -> str:
    taken = set(Postmortem.objects.filter(slug__startswith=slug[:100]).values_list("slug", flat=True))
    return next(name for n in range(len(taken) + 2) if (name := slug[:110] + (f"-{n + 1}" if n else "")) not in taken)


def _entry(postmortem: Postmortem, order: int, entry: Entry) -> ImportedEntry:
    moment = entry.moment
    return ImportedEntry(
        postmortem=postmortem, order=order, written=moment.raw[:120], at=moment.at, day=moment.day, rough=moment.rough,
        guesses=list(moment.guesses), text=entry.text,
    )  # fmt: skip


def _keep_item(postmortem: Postmortem, fields: own.ItemFields, *, team: Team, at: datetime, path: str) -> None:
    """An item without owner or date waits in a list of its own: nobody is chased for what an old text does not say."""
    due_on = _date(fields.due)
    item = ActionItem(
        postmortem=postmortem,
        title=fields.title[:300],
        why=fields.why,
        type=fields.type or ActionItem.Type.PREVENT,
        owner=_person(fields.owner),
        written_owner=fields.owner[:120],
        team=team,
        due_on=due_on if due_on and due_on >= at.date() else None,
        dated_at=at,
        status=fields.status,
        evidence=(fields.evidence or f"Done, {TOLD} from {path}.") if fields.status in {"done", "verified"} else fields.evidence,
        declined_because=(fields.declined_because or f"Dropped, {TOLD} from {path}.") if fields.status == "declined" else "",
        finished_at=at if fields.status in {"done", "verified", "declined"} else None,
        verify_by=(at + action_items.VERIFY_AFTER).date() if fields.status == "done" else None,
        tracker_url=fields.url if len(fields.url) <= 200 else "",
        tag=fields.tag[:120],
        origin=ActionItem.Origin.IMPORT,
        created_at=at,
    )
    item.save()
    searching.index_item(item)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def _person(name: str) -> User | None:
    """The one active person of that name, address or handle."""
    wanted = name.strip().lstrip("@")
    if not wanted:
        return None
    found = list(User.objects.filter(Q(name__iexact=wanted) | Q(email__iexact=wanted) | Q(email__istartswith=f"{wanted}@"), is_active=True)[:2])
    return found[0] if len(found) == 1 else None
