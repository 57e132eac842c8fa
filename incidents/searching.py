"""What the search box finds of incidents; restricted ones only for those who may see them (`policies.hidden_subjects`)."""

from __future__ import annotations

from collections.abc import Iterator

from incidents.models import Incident
from portal.search import documents
from portal.search.documents import Document


def index(incident: Incident) -> None:
    """In the caller's transaction. 1 query to read."""
    documents.index(incident.subject, [_document(incident)])


def _document(incident: Incident) -> Document:
    alerts = " ".join(incident.episodes.values_list("alert__name", flat=True).distinct()[:20])
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
    for incident in Incident.objects.select_related("service").iterator(chunk_size=500):
        yield incident.subject, [_document(incident)]
