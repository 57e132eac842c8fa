"""Two editors: nobody's text is overwritten in silence. Page, admin, API and bulk edits all save through here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

from portal.errors import Stale


class Versioned(models.Model):
    """A row with a version that each save raises by one."""

    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True


def next_version(model: type[Versioned], pk: int, *, seen: int | None) -> int:
    """Lock the row for this transaction; the version to save. Raises: Stale, somebody saved since `seen`. 1 query."""
    current = model._default_manager.select_for_update().values_list("version", flat=True).get(pk=pk)
    if current != seen:
        raise Stale("Someone saved this since you opened it. Your text is still below.")
    return current + 1


class VersionedForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that carries the version its reader saw. Check and save must share one transaction (the admin's do)."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen_version"].initial = self.instance.version

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.instance.pk:
            try:
                self.instance.version = next_version(type(self.instance), self.instance.pk, seen=cleaned.get("seen_version"))
            except Stale as refusal:
                raise ValidationError(str(refusal), code=refusal.code) from refusal
        return cleaned
