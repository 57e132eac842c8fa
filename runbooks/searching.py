"""What the search box finds of runbooks: each section by itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from django.db.models import Prefetch, QuerySet

from portal.accounts.models import User
from portal.search import documents
from portal.search import find as search
from portal.search.documents import Document
from portal.search.find import Found
from runbooks.models import Runbook, Section

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+|\d+")


def index(runbook: Runbook) -> None:
    """In the caller's transaction. 4 queries to read."""
    documents.index(runbook.subject, _documents(_stored().get(pk=runbook.pk)))


def index_many(pks: Sequence[int], *, counted: Counter[str] | None = None) -> None:
    """In the caller's transaction. 4 queries to read."""
    found = [(runbook.subject, _documents(runbook)) for runbook in _stored().filter(pk__in=pks)]
    documents.index_many(found, counted=counted)


def everything() -> Iterator[tuple[str, list[Document]]]:
    """For `manage.py reindex`."""
    for runbook in _stored().iterator(chunk_size=100):
        yield runbook.subject, _documents(runbook)


def _stored() -> QuerySet[Runbook]:
    sections = Prefetch("sections", Section.objects.defer("body_html"))
    return Runbook.objects.select_related("team", "owner").defer("body_html", "body").prefetch_related(sections, "aliases", "services")


def _documents(runbook: Runbook) -> list[Document]:
    names = " ".join([runbook.slug, *(alias.alertname for alias in runbook.aliases.all()), *(service.name for service in runbook.services.all())])
    facets = {
        "service": [service.slug for service in runbook.services.all()],
        "state": [runbook.freshness],
        "team": [runbook.team.slug],
        "owner": [runbook.owner.email] if runbook.owner else [],
    }
    first = Document(
        key=f"runbook:{runbook.slug}",
        kind="runbook",
        title=runbook.title,
        body=runbook.summary,
        url=runbook.get_absolute_url(),
        source_path=runbook.source_path,
        names=names,
        label=runbook.freshness,
        at=runbook.updated_at,
        facets=facets,
    )
    return [first, *(_section(runbook, section, facets) for section in runbook.sections.all())]


def _section(runbook: Runbook, section: Section, facets: dict[str, list[str]]) -> Document:
    return Document(
        key=f"runbook:{runbook.slug}#{section.anchor}"[:200],
        kind="runbook",
        title=runbook.title,
        section=section.title,
        body=section.body,
        url=f"{runbook.get_absolute_url()}#{section.anchor}",
        source_path=runbook.source_path,
        label=runbook.freshness,
        at=runbook.updated_at,
        facets=facets,
    )


def find(text: str, *, user: User, facets: Mapping[str, Sequence[str]] | None = None, limit: int = 50) -> Found:
    """What `portal.search.find` finds among runbooks: at most `limit` sections, best first."""
    return search.find(text, user=user, kinds=("runbook",), facets=facets, limit=limit)


def related(runbook: Runbook, *, user: User, limit: int) -> list[tuple[str, str]]:
    """(title, address) of what else answers this runbook's title and alerts, best first. The queries of one search."""
    asked = " ".join([runbook.title, *(alias.alertname for alias in runbook.aliases.all())])
    found = find(asked, user=user, limit=limit + 1).hits
    return [(hit.title, hit.url) for hit in found if not hit.key.startswith(f"runbook:{runbook.slug}#") and hit.key != f"runbook:{runbook.slug}"][
        :limit
    ]


def like_alert(alertname: str, *, user: User, limit: int) -> list[Runbook]:
    """Runbooks that speak of the words in an alert's name, best first: AgentQueueBacklog asks for agent, queue and backlog."""
    words = " ".join(_WORDS.findall(alertname))[:200]
    if not words:
        return []
    found = slugs(words, user=user)[:limit]
    known = {runbook.slug: runbook for runbook in Runbook.objects.filter(slug__in=found)}
    return [known[slug] for slug in found if slug in known]


def slugs(text: str, *, user: User) -> list[str]:
    """Of the runbooks in which something was found, best first, each once."""
    return list(dict.fromkeys(hit.url.removeprefix("/runbooks/").partition("/")[0] for hit in find(text, user=user).hits))
