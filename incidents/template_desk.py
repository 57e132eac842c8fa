"""Templates of updates on the writing desk: everybody reads them, administrators write them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.urls import reverse

from incidents.models import UpdateTemplate
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.desk.texts import LongText, texts
from portal.errors import Invalid
from portal.web.versions import next_version

TEMPLATE, LONGEST = "update-template", 10_000  # characters


def put_on_shelf() -> None:
    """Called in `AppConfig.ready()`."""
    texts.put(TEMPLATE, LongText(UpdateTemplate, "body", _find, _may_edit, _title, _back, save))


def _find(user: User, pk: int) -> UpdateTemplate | None:
    return UpdateTemplate.objects.filter(pk=pk).first() if user.is_active else None


def _may_edit(user: User, template: UpdateTemplate) -> bool:
    return user.at_least(Role.ADMIN)


def _title(template: UpdateTemplate) -> str:
    return f"Update template “{template}”"


def _back(template: UpdateTemplate) -> str:
    return reverse("admin:incidents_updatetemplate_change", args=[template.pk])


@transaction.atomic
def save(pk: int, body: str, *, seen: int, by: User, at: datetime) -> UpdateTemplate:
    """The template with its new words. Raises: Stale, somebody saved since version `seen`; Invalid, empty or too long."""
    if not body.strip() or len(body) > LONGEST:
        raise Invalid(f"A template has 1 to {LONGEST:,} characters; this has {len(body):,}.")
    version = next_version(UpdateTemplate, pk, seen=seen)
    template = UpdateTemplate.objects.get(pk=pk)
    template.body, template.version = body, version
    template._history_user = by  # type: ignore[attr-defined]
    template.save()
    return template
