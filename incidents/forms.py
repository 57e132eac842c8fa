"""What people send: a report, a note, a move."""

from __future__ import annotations

from django import forms
from django.http import QueryDict

from incidents.models.incident import Severity, Status
from oncall.models import Service


class Declaration(forms.Form):
    title = forms.CharField(max_length=300, error_messages={"required": "Say in a few words what is going wrong."})
    severity = forms.TypedChoiceField(choices=Severity.choices, coerce=int, initial=3)
    service = forms.ModelChoiceField(Service.objects.all(), required=False, empty_label="Not known yet")
    summary = forms.CharField(required=False, max_length=20_000, strip=False)


class Move(forms.Form):
    to = forms.ChoiceField(choices=Status.choices)
    expected = forms.ChoiceField(choices=Status.choices, required=False)
    reason = forms.CharField(required=False, max_length=1000)


class Note(forms.Form):
    text = forms.CharField(strip=False, error_messages={"required": "The note is empty."})


class NewSeverity(forms.Form):
    severity = forms.TypedChoiceField(choices=Severity.choices, coerce=int)
    reason = forms.CharField(required=False, max_length=1000)


class Taken(forms.Form):
    """Alerts of the inbox: into that incident, or a new one."""

    episodes = forms.TypedMultipleChoiceField(coerce=int)
    incident = forms.IntegerField(required=False, min_value=1, max_value=2**62)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        chosen = [text for text in data.getlist("episodes") if text.isascii() and text.isdigit() and len(text) < 19]
        self.fields["episodes"].choices = [(text, text) for text in chosen]  # type: ignore[attr-defined]
