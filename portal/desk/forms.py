"""A Markdown field for any form, and a form whose conflicts show both texts.

    class RunbookForm(DeskForm):
        body = MarkdownField(text="runbook")      # the name of the text on the shelf, for drafts and single saves; "" without

Works without script: a plain text area whose form says what happened. With script: editor, preview, drafts, Ctrl+Enter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from simple_history.models import HistoricalRecords

from portal.desk import diffs, merging
from portal.errors import DomainError
from portal.markdown import render as markdown
from portal.web.versions import VersionedForm


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both texts of a clash, how they differ, and one that holds both. `who` and `at` None where it is not known."""

    mine: str
    theirs: str
    merged: str
    collisions: int
    lines: list[diffs.Line]
    version: int
    who: Any = None
    at: Any = None


def conflict(*, base: str, theirs: str, mine: str, version: int, who: Any = None, at: Any = None) -> Conflict:
    """`base`: what `mine` began from."""
    both = merging.merge(base, theirs, mine)
    return Conflict(mine, theirs, both.text, both.collisions, diffs.lines(theirs, mine), version, who, at)


def _reader() -> int | str:
    """Whose drafts these are: two people may share a browser. A widget is handed no request, but the history keeps it at hand."""
    request = getattr(HistoricalRecords.context, "request", None)
    return getattr(getattr(request, "user", None), "pk", None) or "nobody"


class MarkdownWidget(forms.Textarea):
    template_name = "desk/_field.html"

    class Media:
        css = {"all": ["vendor/easymde/easymde.min.css", "desk.css"]}
        js = ["vendor/easymde/easymde.min.js", "desk.js"]

    def __init__(self, attrs: dict[str, Any] | None = None, *, text: str = "") -> None:
        super().__init__({"rows": 9, "class": "inp mono desk-text", **(attrs or {})})
        self.text = text
        self.pk: int | None = None
        self.version = 0
        self.label = ""
        self.conflict: Conflict | None = None

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """By the pages' own templates; the form renderer knows Django's only."""
        return render_to_string(self.template_name, self.get_context(name, value, attrs))

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        saved_alone = bool(self.text and self.pk)
        context["desk"] = {
            "preview_url": reverse("desk-preview"),
            "draft_key": f"{_reader()}:{self.text or 'form'}:{self.pk or 'new'}:{name.rpartition('-')[2]}",
            "version": self.version,
            "label": self.label,
            "save_url": reverse("desk-save", args=[self.text, self.pk]) if saved_alone else "",
            "history_url": reverse("desk-history", args=[self.text, self.pk]) if saved_alone else "",
            "conflict": self.conflict,
        }
        return context


class MarkdownField(forms.CharField):
    """Line ends become LF, so that hashes and differences stay true; too long is refused with the count."""

    widget: MarkdownWidget

    def __init__(self, *, text: str = "", **options: Any) -> None:
        options.setdefault("widget", MarkdownWidget(text=text))
        super().__init__(**{"strip": False, "required": False, **options})

    def to_python(self, value: Any) -> str:
        return markdown.clean(super().to_python(value) or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        """A browser sends CRLF for what we showed with LF."""
        return super().has_changed(markdown.clean(initial or ""), markdown.clean(data or ""))

    def validate(self, value: Any) -> None:
        super().validate(value)
        try:
            markdown.refuse_too_long(value)
        except DomainError as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from refusal


class DeskForm(VersionedForm):
    """On a conflict both texts of each long field are shown in its place, with a text that holds both."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, MarkdownWidget):
                field.widget.pk, field.widget.version = self.instance.pk, self.instance.version
                field.widget.label = str(field.label or self.instance)

    def theirs_of(self, name: str, saved: Any) -> str:
        """The long text is shown beside the field, not in the sentence."""
        widget = self.fields[name].widget
        if not isinstance(widget, MarkdownWidget):
            return super().theirs_of(name, saved)
        base = self.data.get(self.add_initial_prefix(name), "")
        mine = self.cleaned_data.get(name) or ""
        widget.conflict = conflict(base=base, theirs=saved or "", mine=mine, version=self.instance.version, **self._who_saved())
        return f"{self.fields[name].label}: both texts are shown here."

    def _who_saved(self) -> dict[str, Any]:
        history = getattr(type(self.instance), "history", None)
        last = history.filter(**{"id": self.instance.pk}).select_related("history_user").order_by("-history_date").first() if history else None
        return {"who": last.history_user, "at": last.history_date} if last else {}
