"""allauth's forms in our words: a label says what belongs into a field, so no placeholder repeats it."""

from __future__ import annotations

from typing import Any

from allauth.account import forms

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
