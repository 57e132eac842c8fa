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
    """A form that carries the version, and every value, that its reader saw. Check and save must share one transaction (the admin's do).

    Only what the reader changed counts: a row that somebody else saved meanwhile, and that this reader left alone, is no conflict
    and is not written. On a conflict the reader's text stays in its field, the other text stands in the error, and saving
    once more puts the reader's text on top.
    """

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen_version"].initial = self.instance.version
        for name, field in self.fields.items():
            field.show_hidden_initial = name != "seen_version"

    def edited(self) -> list[str]:
        """Names of the fields that this reader changed."""
        return [name for name in self.changed_data if name != "seen_version"]

    def has_changed(self) -> bool:
        return bool(self.edited())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.instance.pk and self.edited():
            try:
                self.instance.version = next_version(type(self.instance), self.instance.pk, seen=cleaned.get("seen_version"))
            except Stale as refusal:
                # At the field itself: not every inline of an admin theme shows errors of the whole row.
                self.add_error(self.edited()[0], ValidationError([str(refusal), *self._theirs()], code=refusal.code))
        return cleaned

    def _theirs(self) -> list[str]:
        """What the other one saved in the fields that this reader changed; the form now stands on top of that version."""
        current = type(self.instance)._default_manager.get(pk=self.instance.pk)
        self.data = self.data.copy()  # type: ignore[attr-defined]
        self.data[self.add_prefix("seen_version")] = current.version  # type: ignore[index]
        said = []
        for name in self.edited():
            theirs = forms.models.model_to_dict(current, [name]).get(name)
            told = self.theirs_of(name, theirs)
            self.data[self.add_initial_prefix(name)] = "" if theirs is None else theirs  # type: ignore[index]
            said.append(told)
        return [*said, "Save again to keep yours."]

    def theirs_of(self, name: str, saved: Any) -> str:
        """The sentence about a field in which the other editor saved something else."""
        return f"{self.fields[name].label}, as saved by the other editor: {saved}"
