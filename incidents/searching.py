"""What the search box finds of incidents; restricted ones only for those who may see them (`policies.hidden_subjects`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from incidents.models import Episode, Incident
from portal.search import documents
from portal.search.documents import Document

ALERTS = 20  # names among the words of one incident


def index(incident: Incident) -> None:
    """In the caller's transaction. 1 query to read."""
    index_many([incident])


def index_many(incidents: Sequence[Incident]) -> None:
    """The same for many: as many queries as for one, none for none. In the caller's transaction."""
    if incidents:
        documents.index_many([(incident.subject, [document]) for incident, document in _documents(incidents)])


def _documents(incidents: Sequence[Incident]) -> Iterator[tuple[Incident, Document]]:
    named = Episode.objects.filter(incident__in=[incident.pk for incident in incidents])
    names: dict[int, list[str]] = {}
    for pk, name in named.values_list("incident", "alert__name").order_by("incident", "alert__name").distinct():
        names.setdefault(pk, []).append(name)
    for incident in incidents:
        yield incident, _document(incident, names.get(incident.pk, ()))


def _document(incident: Incident, names: Sequence[str]) -> Document:
    alerts = " ".join(names[:ALERTS])
    return Document(
        key=incident.subject,
        kind="incident",
        title=incident.title,
        body=incident.summary,
        url=f"/incidents/{incident.pk}/",
        names=f"{incident.reference} {alerts} {incident.service or ''}",
        access=incident.subject,
        label=f"SEV{incident.severity} {incident.get_status_display().lower()}",
        at=incident.opened_at,
    )


def everything() -> Iterator[tuple[str, list[Document]]]:
    """For `manage.py reindex`."""
    for some in _batched(Incident.objects.select_related("service").iterator(chunk_size=500), 500):
        for incident, document in _documents(some):
            yield incident.subject, [document]


def _batched(incidents: Iterable[Incident], size: int) -> Iterator[list[Incident]]:
    left = iter(incidents)
    while some := list(islice(left, size)):
        yield some
