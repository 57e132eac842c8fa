"""Forms of on call: a rotation or layer with its people, overrides, swaps, absences."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from django import forms

from oncall.models import Calendar, Layer, Override, Rotation, Team, Turn
from portal.accounts.models import User

DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
SPARE = 2  # empty places after the last person


def moment_field(label: str, **more: Any) -> forms.DateTimeField:
    """Wall clock in the reader's zone."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"], **more)


def available() -> Any:
    """People who can be on call."""
    return User.objects.filter(is_active=True, is_service=False).exclude(role="viewer").order_by("name")


class _WithPeople(forms.ModelForm):  # type: ignore[type-arg]
    """A rule and one select for each place in the order."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, turns: list[int] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        current = turns or []
        asked = [name for name in self.data if name.startswith("person_")] if self.is_bound else []
        choices = [("", "nobody"), *((person.pk, str(person)) for person in available())]
        self.places = [f"person_{n}" for n in range(1, max(len(current), len(asked) - SPARE, 2) + SPARE + 1)]
        for place, name in enumerate(self.places):
            field = forms.TypedChoiceField(choices=choices, coerce=int, empty_value=None, required=False, label=f"{place + 1}.")
            field.initial = current[place] if place < len(current) else ""
            self.fields[name] = field

    @property
    def people(self) -> list[int]:
        """Ids in their order, once the form is valid."""
        return [person for name in self.places if (person := self.cleaned_data.get(name))]

    @property
    def rule_fields(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if field.name not in self.places]

    @property
    def people_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.places]


RULE = ["time_zone", "handoff_at", "begins_on", "lengths", "windows", "ends_on"]
RULE_WIDGETS = {"handoff_at": CLOCK, "begins_on": DATE, "ends_on": DATE}
RULE_LABELS = {"time_zone": "Time zone", "handoff_at": "Hand-off at", "begins_on": "First hand-off on", "ends_on": "Ends on"}


class RotationForm(_WithPeople):
    class Meta:
        model = Rotation
        fields = ["team", "lane", "name", *RULE]
        widgets = RULE_WIDGETS
        labels = RULE_LABELS

    def __init__(self, *args: Any, teams: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = Team.objects.all() if teams is None else teams  # type: ignore[attr-defined]
        self.fields["seen_version"].initial = self.instance.version


class LayerForm(_WithPeople):
    class Meta:
        model = Layer
        fields = ["name", "priority", *RULE]
        widgets = RULE_WIDGETS
        labels = RULE_LABELS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen_version"].initial = self.instance.rotation.version


def turns_of(rotation: Rotation, layer: Layer | None = None) -> list[int]:
    """Ids of the people in their order. 1 query."""
    return list(Turn.objects.filter(rotation=rotation, layer=layer).order_by("order", "pk").values_list("person_id", flat=True))


class OverrideForm(forms.Form):
    kind = forms.ChoiceField(label="What", choices=Override.Kind.choices, initial=Override.Kind.REPLACE)
    person = forms.ModelChoiceField(label="Who", queryset=User.objects.none())
    starts_at = moment_field("From")
    ends_at = moment_field("To")
    reason = forms.CharField(label="Why", max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "override_%s", **kwargs})
        self.fields["person"].queryset = available()  # type: ignore[attr-defined]


class CoverForm(forms.Form):
    """Anyone, for themselves."""

    starts_at = moment_field("From")
    ends_at = moment_field("To")
    reason = forms.CharField(label="Why", max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "cover_%s", **kwargs})


class SwapForm(forms.Form):
    starts_at = moment_field("My shift from")
    ends_at = moment_field("To")
    taker = forms.ModelChoiceField(label="Who takes it", queryset=User.objects.none())
    return_starts_at = moment_field("I take theirs from", required=False)
    return_ends_at = moment_field("To", required=False)
    message = forms.CharField(label="Message", max_length=300, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "swap_%s", **kwargs})
        self.fields["taker"].queryset = available()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("return_starts_at")) != bool(cleaned.get("return_ends_at")):
            self.add_error("return_ends_at", "Give both times of the shift in exchange, or none.")
        return cleaned


class FileForm(forms.Form):
    file = forms.FileField(label="Calendar file (.ics)")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "import_%s", **kwargs})


class AbsenceForm(forms.Form):
    """Whole days in the person's own zone, both included."""

    first = forms.DateField(label="First day", widget=DATE)
    last = forms.DateField(label="Last day", widget=DATE)
    note = forms.CharField(label="Note", max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("first") and cleaned.get("last") and cleaned["last"] < cleaned["first"]:
            self.add_error("last", "The last day lies before the first.")
        return cleaned

    def span(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """From the first day's beginning to the end of the last, UTC."""
        first, last = self.cleaned_data["first"], self.cleaned_data["last"] + timedelta(days=1)
        return datetime.combine(first, time(0), tzinfo=zone).astimezone(UTC), datetime.combine(last, time(0), tzinfo=zone).astimezone(UTC)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "absence_%s", **kwargs})


class CalendarForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Calendar
        fields = ["country", "absences_url"]
        labels = {"country": "Country, for holidays", "absences_url": "Address of my calendar (.ics)"}
