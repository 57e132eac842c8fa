"""The API of on call. Fields are listed, verbs call the stories."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.dateparse import parse_datetime
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from oncall import checklists, policies, rota
from oncall.models import Checklist, ChecklistItem, Rotation, Service, Team
from portal import clock
from portal.accounts.acting import acting
from portal.errors import Invalid, require


class TeamFields(serializers.ModelSerializer[Team]):
    class Meta:
        model = Team
        fields = ["id", "slug", "name", "description", "is_default"]
        read_only_fields = fields


class ServiceFields(serializers.ModelSerializer[Service]):
    team: Any = serializers.SlugRelatedField("slug", read_only=True)

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
        read_only_fields = fields


class RotationFields(serializers.ModelSerializer[Rotation]):
    team: Any = serializers.SlugRelatedField("slug", read_only=True)

    class Meta:
        model = Rotation
        fields = ["id", "name", "team", "lane", "time_zone", "handoff_at", "begins_on", "ends_on", "lengths", "windows", "version"]
        read_only_fields = fields


class ItemFields(serializers.ModelSerializer[ChecklistItem]):
    class Meta:
        model = ChecklistItem
        fields = ["id", "group", "text", "state", "by", "at", "reason"]
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


class TeamViewSet(viewsets.ReadOnlyModelViewSet[Team]):
    queryset = Team.objects.all()
    serializer_class = TeamFields
    lookup_field = "slug"


class RotationViewSet(viewsets.ReadOnlyModelViewSet[Rotation]):
    queryset = Rotation.objects.select_related("team")
    serializer_class = RotationFields


class ServiceViewSet(viewsets.ReadOnlyModelViewSet[Service]):
    queryset = Service.objects.select_related("team")
    serializer_class = ServiceFields
    lookup_field = "slug"
    filterset_fields = ["tier"]

    @action(detail=True, methods=["get"])
    def oncall(self, request: Request, slug: str) -> Response:
        """Who answers for the service, now or at `?at=` (ISO 8601 with an offset)."""
        at = _moment(request.query_params.get("at", ""))
        seats = rota.on_call_now(at, teams=[self.get_object().team])
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
        return Response({"at": at, "results": found})


def _moment(text: str) -> Any:
    if not text:
        return clock.now()
    try:
        found = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Invalid("at must be a moment with an offset, such as 2026-03-03T12:00:00Z.")
    return found


class ChecklistViewSet(viewsets.ReadOnlyModelViewSet[Checklist]):
    serializer_class = ChecklistFields

    def get_queryset(self) -> QuerySet[Checklist]:
        return Checklist.objects.prefetch_related("items")

    @action(detail=True, methods=["post"])
    def tick(self, request: Request, pk: str) -> Response:
        item, _ = self._item(TickFields)
        return Response(ItemFields(checklists.tick(item.pk, by=acting(request), at=clock.now())).data)

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
