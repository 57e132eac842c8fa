"""allauth's forms in our words: a label says what belongs into a field, so no placeholder repeats it. And what people set of themselves."""

from __future__ import annotations

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from allauth.account import forms
from django import forms as django_forms

from portal.accounts.models import User

LABELS = {"login": "Email", "email": "Email", "oldpassword": "Current password", "password1": "New password", "password2": "New password again"}


class _Plain:
    """Without placeholders; the page around the form has its own links."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = LABELS.get(name, field.label)


class SignIn(_Plain, forms.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""
        self.fields["login"].widget.attrs |= {"autocomplete": "username", "autofocus": True}


class ChangePassword(_Plain, forms.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].help_text = ""


class ResetPassword(_Plain, forms.ResetPasswordForm):
    pass


class NewPassword(_Plain, forms.ResetPasswordKeyForm):
    pass


@cache
def zones() -> list[str]:
    """Names that people know, such as Europe/Berlin; UTC first."""
    return ["UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/")))]


class You(django_forms.ModelForm):  # type: ignore[type-arg]
    time_zone = django_forms.ChoiceField(label="Time zone", help_text="Your shifts, reminders and pages follow it.")

    class Meta:
        model = User
        fields = ["name", "phone", "time_zone", "theme", "keyboard_shortcuts"]
        labels = {"phone": "Phone", "keyboard_shortcuts": "Single-letter shortcuts"}
        help_texts = {"keyboard_shortcuts": "Press ? for the list."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = zones() if self.instance.time_zone in zones() else [self.instance.time_zone, *zones()]
        self.fields["time_zone"].choices = [(name, name.replace("_", " ")) for name in known]  # type: ignore[attr-defined]
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        self.fields["phone"].widget.attrs |= {"autocomplete": "tel", "inputmode": "tel"}
