"""What the search box finds of services."""

from __future__ import annotations

from collections.abc import Iterator

from oncall.models import Service
from portal.search import documents
from portal.search.documents import Document


def index(service: Service) -> None:
    """In the caller's transaction."""
    documents.index(f"service:{service.pk}", [_document(service)])


def _document(service: Service) -> Document:
    return Document(
        key=f"service:{service.pk}",
        kind="service",
        title=service.name,
        body=service.description,
        url=f"/incidents/?state=all&service={service.slug}",
        names=f"{service.slug} {service.team}",
        label=f"tier {service.tier}",
    )


def everything() -> Iterator[tuple[str, list[Document]]]:
    """For `manage.py reindex`."""
    for service in Service.objects.select_related("team"):
        yield f"service:{service.pk}", [_document(service)]
