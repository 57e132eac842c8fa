"""Saving a runbook: its sections, its HTML, what search finds of it and one line of history, all at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.text import slugify

from oncall.models import Service
from portal.accounts.models import User
from portal.errors import Invalid
from portal.markdown import render, rerender
from portal.markdown.render import Html
from portal.web.versions import next_version
from runbooks import formatting, freshness, offline, searching
from runbooks.importing.naming import RESERVED, called
from runbooks.models import NamedPlace, Runbook, RunbookAlias, Section
from runbooks.presenting import presented
from runbooks.sections import Part, names, split

BODY, SECTION = "runbooks.body", "runbooks.section"  # names on the shelf of `portal.markdown.rerender`


@dataclass(frozen=True, slots=True)
class Prepared:
    """A body as it will be stored. Made before the transaction, because formatting may take seconds."""

    source: str
    html: Html
    parts: list[tuple[Part, Html]]


def prepare(source: str, *, known: Html | None = None, links: dict[str, str] | None = None, longer: int = 0) -> Prepared:
    """Raises: Invalid, too long. known: HTML made earlier, used again if it is of this very text.

    links: where those to other pages lead. longer: an imported text of that length may stay as long as it is.
    """
    if len(source) > longer:
        render.refuse_too_long(source)
    source = render.clean(source)
    shown = presented(source, links)
    html = known if known and known.key == render.key_of(shown) else render.to_html(shown)
    formatted = []
    for order, part in enumerate(split(source), start=1):
        whole = html.plain and len(source) <= settings.MARKDOWN_LIMIT
        formatted.append((part, _plain(part.body, html) if whole else formatting.html_of(part.body, links or {}, Section(order=order).prefix)))
    return Prepared(source, html, formatted)


def _plain(body: str, whole: Html) -> Html:
    """What is too complex as a whole is not tried again in sixty pieces."""
    key = render.key_of(body)
    if whole.busy:
        return Html(render.plain(body, render.FOR_NOW), f"{key}:busy", plain=True, busy=True)
    return Html(render.plain(body), key, plain=True)


def save(
    runbook: Runbook,
    *,
    seen: int | None = None,
    by: User | None,
    at: datetime,
    services: Iterable[Service] | None = None,
    aliases: Sequence[str] | None = None,
) -> Runbook:
    """Store a new runbook, or one that was changed in memory; seen: the version its editor read. None leaves services or aliases alone.

    Raises: Stale, somebody saved meanwhile. Invalid, the text is too long or an alert has another runbook.
    """
    known = Html(runbook.body_html, runbook.body_html_key, plain='<pre class="md-plain">' in runbook.body_html)
    longer = (
        len(Runbook.objects.values_list("body", flat=True).get(pk=runbook.pk)) if runbook.pk and len(runbook.body) > settings.MARKDOWN_LIMIT else 0
    )
    prepared = prepare(runbook.body, known=known, links=runbook.links, longer=longer)
    with transaction.atomic():
        if runbook.pk:
            runbook.version = next_version(Runbook, runbook.pk, seen=seen)
        return write(runbook, prepared, by=by, at=at, services=services, aliases=aliases)


@transaction.atomic
def write(
    runbook: Runbook,
    prepared: Prepared,
    *,
    by: User | None,
    at: datetime,
    services: Iterable[Service] | None = None,
    aliases: Sequence[str] | None = None,
) -> Runbook:
    """The part inside the transaction, for callers who raised the version themselves (the admin's form)."""
    runbook.slug = runbook.slug or free_slug(runbook.title)
    runbook.body, runbook.body_html, runbook.body_html_key = prepared.source, prepared.html.html, prepared.html.key
    runbook.created_at, runbook.updated_at = runbook.created_at or at, at
    runbook._history_user = by  # type: ignore[attr-defined]
    runbook.save()
    if services is not None:
        runbook.services.set(services)
    if aliases is not None:
        _name(runbook, aliases)
    _store_sections(runbook, prepared, at)
    runbook._prefetched_objects_cache = {}  # type: ignore[attr-defined]
    freshness.restate(runbook, at)
    searching.index(runbook)
    offline.later(at)
    return runbook


def free_slug(title: str) -> str:
    """A slug that no runbook has. 1-2 queries as a rule."""
    base = slugify(title)[:70] or "runbook"
    slug, number = base, 1
    while slug in RESERVED or Runbook.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{base}-{number}"
    return slug


def alertnames(lines: str) -> list[str]:
    """One name a line, each once, in order."""
    return list(dict.fromkeys(name for line in render.clean(lines).split("\n") if (name := line.strip())))


def refuse_taken(aliases: Sequence[str], runbook: Runbook) -> None:
    """Raises: Invalid, the alert leads to another runbook already, or its name is too long. 1 query."""
    for name in aliases:
        if len(name) > 200:
            raise Invalid(f"An alert's name has up to 200 characters; “{name[:40]}…” has {len(name)}.")
    taken = RunbookAlias.objects.filter(alertname__in=aliases).exclude(runbook_id=runbook.pk).select_related("runbook").first()
    if taken:
        raise Invalid(f"{taken.alertname} already leads to “{taken.runbook}”. An alert has one runbook.", code="alias_taken")


def _name(runbook: Runbook, aliases: Sequence[str]) -> None:
    refuse_taken(aliases, runbook)
    RunbookAlias.objects.filter(runbook=runbook).exclude(alertname__in=aliases).delete()
    known = set(runbook.aliases.values_list("alertname", flat=True))
    for name in dict.fromkeys(aliases):
        if name not in known:
            RunbookAlias.objects.create(runbook=runbook, alertname=name)


def _store_sections(runbook: Runbook, prepared: Prepared, at: datetime) -> None:
    for order, (part, html) in enumerate(prepared.parts, start=1):
        section, _ = Section.objects.update_or_create(
            runbook=runbook,
            anchor=part.anchor,
            defaults={
                "order": order,
                "title": part.title,
                "level": part.level,
                "kind": part.kind,
                "body": part.body,
                "body_html": html.html,
                "body_html_key": html.key,
                "diagnostics": part.diagnostics,
            },
        )
        if html.busy:
            rerender.later(SECTION, section.pk, at=at)
    Section.objects.filter(runbook=runbook).exclude(anchor__in=[part.anchor for part, _ in prepared.parts]).delete()
    NamedPlace.objects.filter(runbook=runbook).delete()
    NamedPlace.objects.bulk_create(
        NamedPlace(runbook=runbook, anchor=anchor, called=called(name)) for name, anchor in names(part for part, _ in prepared.parts)
    )
    if prepared.html.busy:
        rerender.later(BODY, runbook.pk, at=at)
