"""Forms of the sections on one's own profile."""

from __future__ import annotations

from typing import Any

from django import forms

from portal.accounts.models import User
from portal.notify import methods
from portal.notify.contact import ContactMethod, OwnRule, QuietHours


class AddMethod(forms.Form):
    kind = forms.ChoiceField(label="By")
    address = forms.CharField(
        label="Address", max_length=500, help_text="An e-mail address, the URL of a webhook or push topic, or PagerDuty's routing key."
    )
    label = forms.CharField(label="Name", max_length=80, required=False, help_text="Such as “phone”.")
    secret = forms.CharField(
        label="Secret", max_length=200, required=False, help_text="Opens a push topic or signs a webhook; a webhook gets one if it is left empty.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "method_%s", **kwargs})
        self.fields["kind"].choices = methods.kinds_for(user)  # type: ignore[attr-defined]


class AddRule(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = OwnRule
        fields = ["severity", "method", "order", "starts", "ends"]
        labels = {"starts": "From", "ends": "To"}
        widgets = {"starts": forms.TimeInput(attrs={"type": "time"}), "ends": forms.TimeInput(attrs={"type": "time"})}

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "rule_%s", **kwargs})
        self.instance.owner = user
        self.fields["method"].queryset = ContactMethod.objects.filter(owner=user)  # type: ignore[attr-defined]
        self.fields["severity"].choices = [("", "every severity"), (1, "SEV1"), (2, "SEV2"), (3, "SEV3")]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("starts")) != bool(cleaned.get("ends")):
            self.add_error("ends", "Give both times, or none for the whole day.")
        return cleaned


class Quiet(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = QuietHours
        fields = ["starts", "ends"]
        labels = {"starts": "From", "ends": "To"}
        widgets = {"starts": forms.TimeInput(attrs={"type": "time"}), "ends": forms.TimeInput(attrs={"type": "time"})}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("starts") and cleaned.get("starts") == cleaned.get("ends"):
            self.add_error("ends", "The two times are the same: that would be the whole day.")
        return cleaned

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "quiet_%s", **kwargs})
