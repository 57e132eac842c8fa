"""Forms of the writing desk and of the action items' page."""

from __future__ import annotations

from django import forms

from portal.desk.forms import DeskForm, MarkdownField
from postmortems.desk import SECTION
from postmortems.models import Review, Section


class SectionForm(DeskForm):
    body = MarkdownField(text=SECTION)

    class Meta:
        model = Section
        fields = ["body"]


class Verdict(forms.Form):
    verdict = forms.ChoiceField(choices=Review.Verdict.choices)
    comment = forms.CharField(max_length=4000, required=False)


class Evidence(forms.Form):
    verify_by = forms.DateField(required=False)
    evidence = forms.CharField(max_length=2000, strip=True, error_messages={"required": "Say what shows that it is done."})


class NewDate(forms.Form):
    due_on = forms.DateField(error_messages={"required": "Choose the new date."})
    reason = forms.CharField(max_length=2000, strip=True, error_messages={"required": "Say why the date moves."})


class Reason(forms.Form):
    reason = forms.CharField(max_length=2000, strip=True, error_messages={"required": "Give a reason."})
