"""What a button or a form asks for."""

from __future__ import annotations

from django import forms

ABOUT = r"^(incident:\d{1,18})?$"


class Asked(forms.Form):
    target = forms.SlugField(required=False, max_length=60)
    about = forms.RegexField(ABOUT, required=False, max_length=80)
    next = forms.CharField(required=False, max_length=500)
