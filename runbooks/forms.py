"""A runbook's form, for its page and for the admin; a suggested edit and the answer to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from oncall.policies import teams_edited_by
from portal.accounts.models import User
from portal.desk.forms import DeskForm, MarkdownField
from portal.errors import Invalid
from runbooks import editing, matchers
from runbooks.desk import BODY
from runbooks.importing.naming import RESERVED
from runbooks.models import Runbook


class RunbookForm(DeskForm):
    """Check and save in one transaction: see `DeskForm`. The text is formatted before, by `prepared`."""

    aliases = forms.CharField(
        required=False,
        label="Alerts",
        help_text="Names of the alerts that this runbook answers, one on each line. /r/<name> leads here.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    matchers = forms.CharField(
        required=False,
        label="Label matchers",
        help_text='One on each line, such as team="db" or alertname=~"Pg.*". An alert that fits all of them leads here.',
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    body = MarkdownField(text=BODY, label="Text", help_text="Markdown. Headings of the first two levels make the sections.")

    class Meta:
        model = Runbook
        fields = ["title", "slug", "summary", "team", "owner", "services", "aliases", "matchers", "body"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["aliases"].initial = "\n".join(self.instance.aliases.values_list("alertname", flat=True))
        self.initial["matchers"] = matchers.as_lines(self.instance.matchers)

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug in RESERVED:
            raise ValidationError(f"“{slug}” is the address of another page. Choose a longer one.")
        return slug

    def clean_aliases(self) -> list[str]:
        names = editing.alertnames(self.cleaned_data["aliases"])
        _told(editing.refuse_taken, names, self.instance)
        return names

    def clean_matchers(self) -> list[list[str]]:
        found: list[list[str]] = _told(matchers.from_lines, self.cleaned_data["matchers"])
        return found

    def theirs_of(self, name: str, saved: Any) -> str:
        """Alerts and matchers stand in the form as lines."""
        if name == "aliases":
            saved = "\n".join(self.instance.aliases.values_list("alertname", flat=True))
        return super().theirs_of(name, matchers.as_lines(saved) if name == "matchers" else saved)


class RunbookPageForm(RunbookForm):
    """On the page: a slug is found for a new one and stays; teams are those that this person edits for."""

    class Meta(RunbookForm.Meta):
        fields = ["title", "summary", "body", "aliases", "matchers", "team", "owner", "services"]

    field_order = Meta.fields

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = teams_edited_by(user)  # type: ignore[attr-defined]
        self.fields["owner"].queryset = User.objects.filter(is_active=True)  # type: ignore[attr-defined]


def prepared(body: str, runbook: Runbook | None) -> editing.Prepared | None:
    """The text formatted, before any transaction begins; None where it is too long and the form will say so."""
    longest = max(settings.MARKDOWN_LIMIT, len(runbook.body) if runbook else 0)
    return editing.prepare(body, links=runbook.links if runbook else None, longer=longest) if len(body) <= longest else None


class SuggestionForm(forms.Form):
    body = MarkdownField(label="Text")
    note = forms.CharField(max_length=300, required=False, label="Why", help_text="One sentence for whoever reads it.")


class AnswerForm(forms.Form):
    body = MarkdownField(label="Text")
    answer = forms.CharField(max_length=300, required=False, label="Answer", help_text="For whoever suggested it. Needed to decline.")


def _told(check: Callable[..., Any], *args: Any) -> Any:
    """A refusal beside its field, with what was typed."""
    try:
        return check(*args)
    except Invalid as refusal:
        raise ValidationError(str(refusal), code=refusal.code) from refusal
