"""The text of a runbook on the writing desk: who reads, who writes, and the story that saves it alone."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from portal.accounts.models import User
from portal.desk.texts import LongText, texts
from portal.errors import Stale
from runbooks import editing, policies
from runbooks.models import Runbook

BODY = "runbook"


def put_on_shelf() -> None:
    """Called in `AppConfig.ready()`."""
    texts.put(BODY, LongText(Runbook, "body", _find, policies.can_edit, str, _back, _save))


def _find(user: User, pk: int) -> Runbook | None:
    """1 query."""
    return policies.visible_to(user).select_related("team").filter(pk=pk).first()


def _back(runbook: Runbook) -> str:
    return reverse("runbook-edit", args=[runbook.slug])


def _save(pk: int, body: str, *, seen: int, by: User, at: datetime) -> Runbook:
    runbook = Runbook.objects.get(pk=pk)
    if runbook.version != seen:
        raise Stale("Someone saved this since you opened it. Your text is still below.")
    runbook.body = body
    return editing.save(runbook, seen=seen, by=by, at=at)
