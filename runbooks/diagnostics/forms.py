"""What a button or a form asks for."""

from __future__ import annotations

from datetime import timedelta

from django import forms

ABOUT = r"^(incident:\d{1,18})?$"
EVERY = [(60, "every minute"), (300, "every 5 minutes"), (900, "every 15 minutes"), (3600, "every hour"), (86_400, "every day")]


class Asked(forms.Form):
    target = forms.SlugField(required=False, max_length=60)
    about = forms.RegexField(ABOUT, required=False, max_length=80)
    next = forms.CharField(required=False, max_length=500)


class Scheduled(forms.Form):
    target = forms.SlugField(required=False, max_length=60)
    every = forms.TypedChoiceField(choices=EVERY, coerce=lambda seconds: timedelta(seconds=int(seconds)))


class Confirmed(forms.Form):
    token = forms.CharField(max_length=80)
    reason = forms.CharField(max_length=1000)
    alone = forms.BooleanField(required=False)
