"""The API of on call. Fields are listed, verbs call the stories."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from oncall import answering, checklists, editing, forms, policies, searching
from oncall.escalation_api import ByLeads
from oncall.models import Checklist, ChecklistItem, Layer, Rotation, Service, Team
from portal import clock
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.api.documents import answer
from portal.api.nouns import Changes, Creates, Noun, put
from portal.errors import require


class TeamFields(serializers.ModelSerializer[Team]):
    class Meta:
        model = Team
        fields = ["id", "slug", "name", "description", "is_default"]
        read_only_fields = ["is_default"]


class ServiceFields(serializers.ModelSerializer[Service]):
    team: Any = serializers.SlugRelatedField("slug", queryset=Team.objects.all())

    class Meta:
        model = Service
        fields = [
            "id",
            "slug",
            "name",
            "description",
            "team",
            "tier",
            "time_zone",
            "opens_at",
            "closes_at",
            "country",
            "dashboard_url",
            "repository_url",
            "version",
        ]
        read_only_fields = ["version"]


class PeopleField(serializers.ListField):
    """Ids of people in their order: the turns of a rotation's own rule, or of a layer."""

    child = serializers.IntegerField(min_value=1, max_value=2**63 - 1)

    def get_attribute(self, instance: Rotation | Layer) -> list[int]:
        layer = instance.pk if isinstance(instance, Layer) else None
        return [turn.person_id for turn in instance.turns.all() if turn.layer_id == layer]

    def to_internal_value(self, data: Any) -> list[int]:
        ids: list[int] = super().to_internal_value(data)
        known = User.objects.filter(is_active=True, is_service=False).in_bulk(ids)
        if unknown := [str(pk) for pk in ids if pk not in known]:
            raise serializers.ValidationError(f"Nobody who can be on call has the id {', '.join(unknown[:5])}.")
        return ids


class ReasonField(serializers.CharField):
    """Accepts the holes that a rule leaves; without it a rule with holes is refused (409, `rotation_has_holes`)."""

    def __init__(self, **kwargs: Any) -> None:
        more = {"write_only": True, "required": False, "allow_blank": True, "max_length": 300}
        super().__init__(**{**more, "help_text": "Why the hours in which nobody would answer are right.", **kwargs})


class RotationFields(serializers.ModelSerializer[Rotation]):
    team: Any = serializers.SlugRelatedField("slug", queryset=Team.objects.all())
    people = PeopleField(required=False, max_length=100, help_text="Ids of people, in their order.")
    reason = ReasonField()

    class Meta:
        model = Rotation
        fields = [
            "id",
            "name",
            "team",
            "lane",
            "time_zone",
            "handoff_at",
            "begins_on",
            "ends_on",
            "lengths",
            "windows",
            "people",
            "reason",
            "version",
        ]
        read_only_fields = ["version"]


class ItemFields(serializers.ModelSerializer[ChecklistItem]):
    class Meta:
        model = ChecklistItem
        fields = ["id", "group", "text", "detail", "due_at", "proof", "state", "by", "at", "reason", "proved_by"]
        read_only_fields = fields


class ChecklistFields(serializers.ModelSerializer[Checklist]):
    items = ItemFields(many=True, read_only=True)

    class Meta:
        model = Checklist
        fields = ["id", "title", "about", "person", "opened_at", "due_at", "ends_at", "items"]
        read_only_fields = fields


class TickFields(serializers.Serializer[Any]):
    item = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class SkipFields(TickFields):
    reason = serializers.CharField(max_length=300)


class TeamViewSet(Creates[Team], Changes[Team]):
    """Teams: administrators make them, their leads describe them."""

    queryset = Team.objects.all()
    serializer_class = TeamFields
    lookup_field = "slug"
    who_changes = "Only leads of the team may change it, and only administrators make a new one."

    def may_change(self, user: User, thing: Team) -> bool:
        return policies.leads(user, thing)


class RotationViewSet(ByLeads[Rotation]):
    """Who takes turns, and when they change. Simulated for twelve months before it is saved; whose shifts move is told."""

    queryset = Rotation.objects.select_related("team").prefetch_related("turns")
    serializer_class = RotationFields
    filterset_fields = ["team__slug", "lane"]

    def add(self, given: dict[str, Any]) -> Rotation:
        return self.change(Rotation(), given)

    def change(self, thing: Rotation, given: dict[str, Any]) -> Rotation:
        people, reason = given.pop("people", None), given.pop("reason", "")
        for name, value in given.items():
            setattr(thing, name, value)
        if people is None:
            people = forms.turns_of(thing) if thing.pk else []
        return editing.save(thing, people, by=self.user, at=clock.now(), seen=thing.version, reason=reason).rotation


class ServiceViewSet(Creates[Service], Changes[Service]):
    """Services: what a team runs. Its editors change them; only to teams that they edit for."""

    queryset = Service.objects.select_related("team")
    serializer_class = ServiceFields
    lookup_field = "slug"
    filterset_fields = ["tier", "team__slug"]
    who_changes = "Only editors of the service's team may change it."

    def may_add(self, user: User, given: dict[str, Any] | None) -> bool:
        return policies.edits_for(user, given["team"] if given else None)

    def may_change(self, user: User, thing: Service) -> bool:
        return policies.edits_for(user, thing.team)

    def may_hand_over(self, user: User, thing: Service, given: dict[str, Any]) -> bool:
        return policies.edits_for(user, given.get("team", thing.team))

    def add(self, given: dict[str, Any]) -> Service:
        return self.change(Service(), given)

    def change(self, thing: Service, given: dict[str, Any]) -> Service:
        service = put(thing, given)
        searching.index(service)
        return service

    @extend_schema(
        parameters=[OpenApiParameter("at", OpenApiTypes.DATETIME, description="A moment with an offset; now when left out.")],
        responses=answer("OnCall", at=serializers.DateTimeField(), results=serializers.ListField(child=serializers.DictField())),
    )
    @action(detail=True, methods=["get"])
    def oncall(self, request: Request, slug: str) -> Response:
        """Who answers for the service, now or at `?at=` (ISO 8601 with an offset)."""
        at = answering.moment_of(request.query_params.get("at", ""))
        service = self.get_object()
        seats = answering.seats(service, at)
        found = [
            {
                "rotation": seat.rotation.name,
                "lane": seat.rotation.lane,
                "person": {"id": seat.person.pk, "name": seat.person.name} if seat.person else None,
                "until": seat.ends_at,
                "why": seat.why,
            }
            for seat in seats
        ]
        leads = [{"id": lead.pk, "name": lead.name} for lead in service.team.leads()]
        escalation = [
            {"severity": severity, "after_seconds": after.total_seconds(), "whom": step.whom, "people": [person.name for person in reached.people]}
            for severity, steps in answering.ladders(service, at)
            for after, step, reached in steps
        ]
        return Response({"at": at, "results": found, "managers": leads, "escalation": escalation})


class ChecklistViewSet(Noun[Checklist]):
    serializer_class = ChecklistFields

    def visible(self, user: User) -> QuerySet[Checklist]:
        return Checklist.objects.prefetch_related("items")

    @extend_schema(request=TickFields, responses=ItemFields)
    @action(detail=True, methods=["post"])
    def tick(self, request: Request, pk: str) -> Response:
        item, _ = self._item(TickFields)
        return Response(ItemFields(checklists.tick(item.pk, by=acting(request), at=clock.now())).data)

    @extend_schema(request=SkipFields, responses=ItemFields)
    @action(detail=True, methods=["post"])
    def skip(self, request: Request, pk: str) -> Response:
        item, wanted = self._item(SkipFields)
        return Response(ItemFields(checklists.skip(item.pk, wanted["reason"], by=acting(request), at=clock.now())).data)

    def _item(self, fields: type[serializers.Serializer[Any]]) -> tuple[ChecklistItem, dict[str, Any]]:
        checklist = self.get_object()
        require(policies.can_tick(acting(self.request), checklist), "Only the person whose shift it is ticks this checklist.")
        wanted = fields(data=self.request.data)
        wanted.is_valid(raise_exception=True)
        item = checklist.items.filter(pk=wanted.validated_data["item"]).first()
        if item is None:
            raise Http404
        return item, wanted.validated_data
