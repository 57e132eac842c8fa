"""What is written over rotations, over HTTP: layers, overrides, swaps; and absences and hand-offs. The same stories as on the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from oncall import covering, editing, forms, handoffs, policies
from oncall.api import PeopleField, ReasonField
from oncall.models import Absence, Handoff, Layer, Override, Rotation, Swap
from portal import clock
from portal.accounts.models import User
from portal.api.nouns import Changes, Creates, Noun, Removes
from portal.errors import require

MAY_ANSWER = User.objects.filter(is_active=True, is_service=False)


class LayerFields(serializers.ModelSerializer[Layer]):
    rotation: Any = serializers.PrimaryKeyRelatedField(queryset=Rotation.objects.all())
    priority = serializers.IntegerField(min_value=1, max_value=99, default=1, help_text="The highest that covers a moment answers.")
    people = PeopleField(required=False, max_length=100, help_text="Ids of people, in their order.")
    reason = ReasonField()

    class Meta:
        model = Layer
        fields = ["id", "rotation", "name", "priority", "time_zone", "handoff_at", "begins_on", "ends_on", "lengths", "windows", "people", "reason"]


class LayerViewSet(Creates[Layer], Changes[Layer], Removes[Layer]):
    """Rules over a rotation's own; temporary with an end. Simulated before they are saved; whose shifts move is told."""

    queryset = Layer.objects.select_related("rotation__team").prefetch_related("turns")
    serializer_class = LayerFields
    filterset_fields = ["rotation"]
    who_changes = "Only leads of the team change its rotations."

    def may_add(self, user: User, given: dict[str, Any] | None) -> bool:
        return policies.leads(user, given["rotation"].team if given else None)

    def may_change(self, user: User, thing: Layer) -> bool:
        return policies.leads(user, thing.rotation.team)

    def may_hand_over(self, user: User, thing: Layer, given: dict[str, Any]) -> bool:
        return bool(given.get("rotation", thing.rotation) == thing.rotation)  # a layer stays where it is

    def add(self, given: dict[str, Any]) -> Layer:
        return self.change(Layer(), given)

    def change(self, thing: Layer, given: dict[str, Any]) -> Layer:
        people, reason = given.pop("people", None), given.pop("reason", "")
        for name, value in given.items():
            setattr(thing, name, value)
        if people is None:
            people = forms.turns_of(thing.rotation, thing) if thing.pk else []
        editing.save(thing, people, by=self.user, at=clock.now(), seen=thing.rotation.version, reason=reason)
        return thing

    def remove(self, thing: Layer) -> None:
        editing.remove_layer(thing, by=self.user, at=clock.now())


class OverrideFields(serializers.ModelSerializer[Override]):
    rotation: Any = serializers.PrimaryKeyRelatedField(queryset=Rotation.objects.all())
    person: Any = serializers.PrimaryKeyRelatedField(queryset=MAY_ANSWER)

    class Meta:
        model = Override
        fields = ["id", "rotation", "kind", "person", "starts_at", "ends_at", "reason", "by", "written_at"]
        read_only_fields = ["by", "written_at"]


class OverrideViewSet(Creates[Override], Removes[Override]):
    """What was written over a rotation for a while. Anyone covers a time for themselves; leads write any."""

    queryset = Override.objects.select_related("rotation__team", "person")
    serializer_class = OverrideFields
    filterset_fields = ["rotation", "person", "kind"]
    who_changes = "Leads of the team write any override; others cover a time for themselves and take that back."

    def may_add(self, user: User, given: dict[str, Any] | None) -> bool:
        if given is None:
            return policies.can_answer(user) or policies.leads(user, None)
        covers = given["person"] == user and given.get("kind", Override.Kind.REPLACE) == Override.Kind.REPLACE
        return (covers and policies.can_answer(user)) or policies.leads(user, given["rotation"].team)

    def may_change(self, user: User, thing: Override) -> bool:
        return policies.leads(user, thing.rotation.team) or (thing.person == user and thing.by_id == user.pk)

    def add(self, given: dict[str, Any]) -> Override:
        kind, rotation = given.get("kind", Override.Kind.REPLACE), given["rotation"]
        span = given["starts_at"], given["ends_at"]
        return covering.write(rotation.pk, kind, given["person"], *span, by=self.user, at=clock.now(), reason=given.get("reason", ""))

    def remove(self, thing: Override) -> None:
        covering.withdraw(thing, by=self.user, at=clock.now())


class SwapFields(serializers.ModelSerializer[Swap]):
    rotation: Any = serializers.PrimaryKeyRelatedField(queryset=Rotation.objects.all())
    taker: Any = serializers.PrimaryKeyRelatedField(queryset=MAY_ANSWER)

    class Meta:
        model = Swap
        fields = ["id", "rotation", "giver", "taker", "starts_at", "ends_at", "return_starts_at", "return_ends_at", "message"]
        fields += ["state", "offered_at", "answered_at"]
        read_only_fields = ["giver", "state", "offered_at", "answered_at"]


class SwapViewSet(Creates[Swap]):
    """Shifts offered to somebody who accepts or declines. Nothing moves before that."""

    queryset = Swap.objects.select_related("rotation", "giver", "taker")
    serializer_class = SwapFields
    filterset_fields = ["rotation", "giver", "taker", "state"]
    who_changes = "Only responders and above offer shifts; whoever is asked answers, and whoever asked takes it back."

    def may_add(self, user: User, given: dict[str, Any] | None) -> bool:
        return policies.can_answer(user)

    def add(self, given: dict[str, Any]) -> Swap:
        rotation, taker, starts_at, ends_at = (given.pop(name) for name in ("rotation", "taker", "starts_at", "ends_at"))
        return covering.offer(rotation.pk, taker, starts_at, ends_at, by=self.user, at=clock.now(), **given)

    @extend_schema(request=None, responses=SwapFields)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """The shift is the taker's, and the one in exchange the giver's."""
        return self._answered("taker", covering.accept)

    @extend_schema(request=None, responses=SwapFields)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        return self._answered("taker", covering.decline)

    @extend_schema(request=None, responses=SwapFields)
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: Request, pk: str) -> Response:
        return self._answered("giver", covering.take_back)

    def _answered(self, who: str, verb: Any) -> Response:
        swap = self.get_object()
        require(getattr(swap, who) == self.user, self.who_changes)
        return self.answer(verb(swap.pk, by=self.user, at=clock.now()))


class AbsenceFields(serializers.ModelSerializer[Absence]):
    class Meta:
        model = Absence
        fields = ["id", "starts_at", "ends_at", "note", "source"]
        read_only_fields = ["source"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["ends_at"] <= attrs["starts_at"]:
            raise serializers.ValidationError({"ends_at": "It ends before it begins: choose a later end."})
        return attrs


class AbsenceViewSet(Creates[Absence], Removes[Absence]):
    """When one cannot be on call; one's own only."""

    serializer_class = AbsenceFields

    def visible(self, user: User) -> QuerySet[Absence]:
        return Absence.objects.filter(person=user)

    def may_add(self, user: User, given: dict[str, Any] | None) -> bool:
        return True

    def may_change(self, user: User, thing: Absence) -> bool:
        return thing.person_id == user.pk

    def add(self, given: dict[str, Any]) -> Absence:
        return Absence.objects.create(person=self.user, **given)


class HandoffFields(serializers.ModelSerializer[Handoff]):
    lines: Any = serializers.ListField(child=serializers.DictField(), read_only=True, help_text="As they were frozen when it was sent.")

    class Meta:
        model = Handoff
        fields = ["id", "rotation", "outgoing", "incoming", "at", "since", "state", "lines", "changed", "watch", "sent_at"]
        fields += ["accepted_at", "accepted_by", "version"]
        read_only_fields = fields


class HandoffViewSet(Noun[Handoff]):
    """The written passing of shifts."""

    queryset = Handoff.objects.select_related("rotation__team", "outgoing", "incoming", "accepted_by")
    serializer_class = HandoffFields
    filterset_fields = ["rotation", "state", "outgoing", "incoming"]

    @extend_schema(request=None, responses=HandoffFields)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Whoever comes has read it and takes over."""
        handoff = self.get_object()
        require(policies.can_take_over(self.user, handoff), "Whoever comes accepts a hand-off, or a lead of the team.")
        return self.answer(handoffs.accept(handoff.pk, by=self.user, at=clock.now()))
