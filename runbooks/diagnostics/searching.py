"""What the search box finds of runs: those about something or asked for by a person. Scheduled ones stay out, or they would drown the rest."""

from __future__ import annotations

from collections.abc import Iterator

from portal.search import documents
from portal.search.documents import Document
from runbooks.diagnostics import registry
from runbooks.models import DiagnosticRun

BODY = 20_000  # characters of the output


def index(run: DiagnosticRun) -> None:
    """In the caller's transaction."""
    if run.about or run.asked_by_id:
        documents.index(f"run:{run.pk}", [_document(run)])


def everything() -> Iterator[tuple[str, list[Document]]]:
    """For `manage.py reindex`."""
    for run in DiagnosticRun.objects.exclude(about="", asked_by=None).exclude(finished_at=None).select_related("target").iterator(chunk_size=100):
        yield f"run:{run.pk}", [_document(run)]


def _document(run: DiagnosticRun) -> Document:
    known = registry.diagnostics.get(run.diagnostic)
    where = f" on {run.target}" if run.target else ""
    return Document(
        key=f"run:{run.pk}",
        kind="run",
        title=f"{known.title if known else run.diagnostic}{where}: {run.finding}",
        body=run.output[:BODY],
        url=run.get_absolute_url(),
        names=f"{run.diagnostic} {run.target or ''}",
        access=run.about,
        label=run.get_severity_display() if run.severity else run.get_state_display(),
        at=run.finished_at,
    )
