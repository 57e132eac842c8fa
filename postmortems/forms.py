"""Forms of the writing desk and of the action items' page."""

from __future__ import annotations

from typing import Any

from django import forms

from portal.errors import DomainError
from portal.markdown import render
from portal.web.versions import VersionedForm
from postmortems.models import Section


class SectionForm(VersionedForm):
    class Meta:
        model = Section
        fields = ["body"]

    def clean_body(self) -> Any:
        body = self.cleaned_data["body"]
        try:
            render.refuse_too_long(body)
        except DomainError as refusal:
            raise forms.ValidationError(str(refusal), code=refusal.code) from refusal
        return body


class Evidence(forms.Form):
    evidence = forms.CharField(max_length=2000, strip=True, error_messages={"required": "Say what shows that it is done."})


class NewDate(forms.Form):
    due_on = forms.DateField(error_messages={"required": "Choose the new date."})
    reason = forms.CharField(max_length=2000, strip=True, error_messages={"required": "Say why the date moves."})


class Reason(forms.Form):
    reason = forms.CharField(max_length=2000, strip=True, error_messages={"required": "Give a reason."})
