"""What people send: a report, a move, a note, an update. Forms parse; the stories decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from incidents.models import Holding, Milestone, RunbookAnswer
from incidents.models.incident import Cancelled, Severity, Status
from oncall.models import Service
from portal.accounts.models import User
from runbooks.models import Runbook

BIG = 2**62


class Declaration(forms.Form):
    title = forms.CharField(max_length=300, error_messages={"required": "Say in a few words what is going wrong."})
    severity = forms.TypedChoiceField(choices=Severity.choices, coerce=int, initial=3)
    service = forms.ModelChoiceField(Service.objects.all(), required=False, empty_label="Not known yet")
    summary = forms.CharField(required=False, max_length=20_000, strip=False)


class Move(forms.Form):
    to = forms.ChoiceField(choices=Status.choices)
    expected = forms.ChoiceField(choices=Status.choices, required=False)
    reason = forms.CharField(required=False, max_length=1000)
    override = forms.BooleanField(required=False)


class Reason(forms.Form):
    reason = forms.CharField(required=False, max_length=1000)


class Cancel(Reason):
    cause = forms.ChoiceField(choices=Cancelled.choices, required=False)


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


class Merge(Reason):
    into = forms.IntegerField(min_value=1, max_value=BIG)


class Files(forms.FileField):
    """Several files of one field."""

    widget = forms.FileInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, list) else [data] if data else []
        return [super(Files, self).clean(each, initial) for each in given]


class Note(forms.Form):
    text = forms.CharField(required=False, strip=False)


class Correction(forms.Form):
    text = forms.CharField(strip=False, error_messages={"required": "The corrected note is empty."})
    happened_at = forms.DateTimeField(required=False)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Holding.Role.choices)
    person = forms.ModelChoiceField(User.objects.filter(is_active=True, is_service=False))
    state = forms.CharField(required=False, max_length=500)
    leave = forms.BooleanField(required=False)


class ImpactForm(forms.Form):
    words = forms.CharField(required=False, max_length=300)
    users_affected = forms.IntegerField(required=False, min_value=0, max_value=BIG)
    failed_requests = forms.IntegerField(required=False, min_value=0, max_value=BIG)
    revenue_lost = forms.DecimalField(required=False, min_value=0, max_digits=14, decimal_places=2)
    currency = forms.RegexField(r"^[A-Z]{3}$", required=False, error_messages={"invalid": "Name the currency by its three letters, such as EUR."})
    sla_minutes = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1)


class MilestoneForm(forms.Form):
    name = forms.ChoiceField(choices=Milestone.Name.choices)
    moment = forms.DateTimeField(error_messages={"invalid": "Give the time in UTC, as 2026-11-24 02:14."})


class Restrict(forms.Form):
    named = forms.ModelMultipleChoiceField(User.objects.filter(is_active=True, is_service=False), required=False)


class UpdateForm(forms.Form):
    kind = forms.CharField(max_length=10)
    internal = forms.CharField(required=False, strip=False)
    public = forms.CharField(required=False, strip=False)
    executive = forms.CharField(required=False, strip=False)
    wait = forms.IntegerField(required=False, min_value=1, max_value=7 * 24 * 60)  # minutes
    on_status_page = forms.BooleanField(required=False)
    external = forms.BooleanField(required=False)
    key = forms.CharField(max_length=64)


class Lever(forms.Form):
    name = forms.CharField(max_length=120, error_messages={"required": "Say in a few words what was done."})
    command = forms.CharField(required=False, max_length=4000, strip=False)
    option = forms.IntegerField(required=False, min_value=1, max_value=BIG)


class MeetingForm(forms.Form):
    starts_at = forms.DateTimeField(error_messages={"required": "Choose a time.", "invalid": "Give the time in UTC, as 2026-11-26 14:00."})
    minutes = forms.IntegerField(min_value=5, max_value=480, initial=60)
    place = forms.CharField(required=False, max_length=200)


class RunbookQuestion(forms.Form):
    answer = forms.ChoiceField(choices=RunbookAnswer.Answer.choices)
    runbook = forms.ModelChoiceField(Runbook.objects.all(), required=False)
    note = forms.CharField(required=False, max_length=500)
