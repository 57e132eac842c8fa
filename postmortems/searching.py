"""What the search box finds of postmortems and action items; as visible as their incident."""

from __future__ import annotations

from collections.abc import Iterator

from portal.search import documents
from portal.search.documents import Document
from postmortems.models import ActionItem, Postmortem


def index_postmortem(postmortem: Postmortem) -> None:
    """In the caller's transaction."""
    documents.index(postmortem.subject, _of_postmortem(postmortem))


def index_item(item: ActionItem) -> None:
    """In the caller's transaction."""
    documents.index(item.subject, [_of_item(item)])


def _access(postmortem: Postmortem | None) -> str:
    """An imported one, without an incident, is for everybody signed in."""
    return postmortem.incident.subject if postmortem and postmortem.incident else ""


def _of_postmortem(postmortem: Postmortem) -> list[Document]:
    url, access = f"/postmortems/{postmortem.pk}/", _access(postmortem)
    label = postmortem.get_status_display().lower()
    names = f"{postmortem.reference} {postmortem.incident.reference if postmortem.incident else postmortem.source_path} {postmortem.slug}"
    found = [Document(key=postmortem.subject, kind="postmortem", title=postmortem.title, body="", url=url, names=names, access=access, label=label)]
    for section in postmortem.sections.exclude(body=""):
        found.append(
            Document(
                key=f"{postmortem.subject}#{section.kind}",
                kind="postmortem",
                title=postmortem.title,
                section=section.get_kind_display(),
                body=section.body,
                url=f"{url}#{section.kind}",
                names=postmortem.reference,
                access=access,
                label=label,
            )
        )
    return found


def _of_item(item: ActionItem) -> Document:
    return Document(
        key=item.subject,
        kind="action",
        title=item.title,
        body=f"{item.why}\n{item.evidence}",
        url=f"/actions/{item.pk}/",
        names=item.reference,
        access=_access(item.postmortem),
        label=item.get_status_display().lower(),
    )


def everything() -> Iterator[tuple[str, list[Document]]]:
    """For `manage.py reindex`."""
    for postmortem in Postmortem.objects.select_related("incident").prefetch_related("sections").iterator(chunk_size=200):
        yield postmortem.subject, _of_postmortem(postmortem)
    for item in ActionItem.objects.select_related("postmortem__incident").iterator(chunk_size=500):
        yield item.subject, [_of_item(item)]
