"""allauth's forms in our words: a label says what belongs into a field, so no placeholder repeats it."""

from __future__ import annotations

from typing import Any

from allauth.account import forms


class _Plain:
    """Without placeholders; the page around the form has its own links."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class SignIn(_Plain, forms.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""


class ChangePassword(_Plain, forms.ChangePasswordForm):
    pass


class ResetPassword(_Plain, forms.ResetPasswordForm):
    pass


class NewPassword(_Plain, forms.ResetPasswordKeyForm):
    pass
