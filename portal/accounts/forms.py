"""allauth's forms in our words: a label says what belongs into a field, so no placeholder repeats it. And what people set of themselves."""

from __future__ import annotations

from typing import Any

from allauth.account import forms
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms as django_forms
from django.contrib.auth.password_validation import validate_password

from portal.accounts import joining
from portal.accounts.models import Invitation, User, zones
from portal.accounts.roles import Role

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
        self.fields["login"].widget.attrs |= {"autocomplete": "username webauthn", "autofocus": True}
        self.fields["remember"].label = "Stay signed in on this device for two weeks"
        self.fields["remember"].initial = True


class ChangePassword(_Plain, forms.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].help_text = ""


class ResetPassword(_Plain, forms.ResetPasswordForm):
    pass


class NewPassword(_Plain, forms.ResetPasswordKeyForm):
    pass


class _OneCode(_Plain):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}


class Code(_OneCode, AuthenticateForm):
    pass


class CodeAgain(_OneCode, ReauthenticateForm):
    pass


class FirstCode(_OneCode, ActivateTOTPForm):
    pass


class NewPasskey(_Plain, AddWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "What you call it"
        self.fields["name"].help_text = "Such as “Work laptop” or “Blue key”."
        self.fields["name"].max_length = 60
        self.fields["passwordless"].label = "Sign in with it alone, without the password"
        self.fields["passwordless"].help_text = "It then asks for your finger, face or PIN."
        self.fields["passwordless"].initial = True


class RenamePasskey(_Plain, EditWebAuthnForm):
    name = django_forms.CharField(label="What you call it", max_length=60)


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


class Invite(django_forms.Form):
    """`teams` answers (slug, right) pairs; without a package that knows teams there is no such field."""

    email = django_forms.EmailField(label="Email", widget=django_forms.EmailInput(attrs={"autocomplete": "off"}))
    role = django_forms.ChoiceField(
        label="Role", choices=[(role.value, role.label) for role in (Role.VIEWER, Role.RESPONDER, Role.ADMIN)], initial=Role.RESPONDER
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, way in joining.teams:
            for slug, label in way.choices():
                self.fields[f"{name}:{slug}"] = django_forms.ChoiceField(
                    label=f"In {label}", choices=[("", "Not a member"), *way.rights], required=False
                )

    def teams(self) -> list[tuple[str, str]]:
        return [(name.partition(":")[2], right) for name, right in self.cleaned_data.items() if ":" in name and right]


class Welcome(django_forms.ModelForm):  # type: ignore[type-arg]
    """What somebody who was invited says of themselves."""

    password = django_forms.CharField(label="Password", min_length=10, widget=django_forms.PasswordInput(attrs={"autocomplete": "new-password"}))
    time_zone = django_forms.ChoiceField(label="Time zone", help_text="Your shifts, reminders and pages follow it.")

    class Meta:
        model = User
        fields = ["name", "time_zone", "password"]

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invitation = invitation
        self.fields["time_zone"].choices = [(name, name.replace("_", " ")) for name in zones()]  # type: ignore[attr-defined]
        self.fields["name"].widget.attrs |= {"autocomplete": "name", "autofocus": True}
        self.fields["password"].help_text = "At least ten characters; three or four words are easier than one hard one."

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.invitation.email, name=self.cleaned_data.get("name", "")))
        return password


class SwitchOff(django_forms.Form):
    """Who takes over from `person`; `must`: somebody has to."""

    to = django_forms.ModelChoiceField(
        label="Who takes over",
        queryset=User.objects.none(),
        empty_label="nobody",
        error_messages={"required": "Choose somebody: nobody is switched off before somebody takes over."},
    )

    def __init__(self, *args: Any, person: User, must: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].required = must
        others = User.objects.filter(is_active=True, is_service=False).exclude(role=Role.VIEWER).exclude(pk=person.pk)
        self.fields["to"].queryset = others.order_by("name")  # type: ignore[attr-defined]
