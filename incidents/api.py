"""The API of incidents. Fields are listed, verbs call the stories."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from incidents import lifecycle, policies, timeline
from incidents.models import Incident, Milestone
from incidents.models.incident import Severity, Status
from oncall.models import Service
from portal import clock
from portal.accounts.acting import acting
from portal.errors import require
from portal.models import Entry


class MilestoneFields(serializers.ModelSerializer[Milestone]):
    class Meta:
        model = Milestone
        fields = ["name", "at", "source", "edited"]
        read_only_fields = fields


class IncidentFields(serializers.ModelSerializer[Incident]):
    reference = serializers.CharField(read_only=True)
    service: Any = serializers.SlugRelatedField("slug", read_only=True)
    milestones = MilestoneFields(many=True, read_only=True)

    class Meta:
        model = Incident
        fields = [
            *["id", "reference", "title", "summary", "kind", "status", "severity", "unmapped_severity", "service", "opened_at"],
            *["acknowledged_at", "acknowledged_by", "quiet_since", "resolved_at", "milestones", "version"],
        ]
        read_only_fields = fields


class DeclarationFields(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=300)
    severity = serializers.ChoiceField(choices=Severity.choices, default=3)
    service: Any = serializers.SlugRelatedField("slug", queryset=Service.objects.all(), required=False, allow_null=True, default=None)
    summary = serializers.CharField(max_length=20_000, allow_blank=True, default="", trim_whitespace=False)


class MoveFields(serializers.Serializer[Any]):
    to = serializers.ChoiceField(choices=Status.choices)
    expected = serializers.ChoiceField(choices=Status.choices, required=False, allow_null=True, default=None)
    reason = serializers.CharField(max_length=1000, allow_blank=True, default="")


class ResolveFields(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1000, allow_blank=True, default="")


class NoteFields(serializers.Serializer[Any]):
    text = serializers.CharField(trim_whitespace=False)


class EntryFields(serializers.ModelSerializer[Entry]):
    by: Any = serializers.StringRelatedField()

    class Meta:
        model = Entry
        fields = ["id", "kind", "at", "by", "text", "body", "url", "data"]
        read_only_fields = fields


class IncidentFilter(filters.FilterSet):
    service = filters.CharFilter("service__slug")
    open = filters.BooleanFilter(method="only_open")

    class Meta:
        model = Incident
        fields = ["status", "severity"]

    def only_open(self, found: Any, name: str, value: bool) -> Any:
        return found.open() if value else found


class IncidentViewSet(ListModelMixin, RetrieveModelMixin, viewsets.GenericViewSet[Incident]):
    serializer_class = IncidentFields
    filterset_class = IncidentFilter

    def get_queryset(self) -> QuerySet[Incident]:
        return Incident.objects.visible_to(acting(self.request)).select_related("service").prefetch_related("milestones")

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Declare an incident."""
        require(policies.can_declare(acting(request)), "Your account is switched off.")
        wanted = self._read(DeclarationFields)
        incident = lifecycle.declare(**wanted, by=acting(request), at=clock.now())
        return Response(self.get_serializer(incident).data, status=201)

    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        return self._answer(lifecycle.acknowledge(self._responding().pk, by=acting(request), at=clock.now()))

    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        incident, wanted = self._responding(), self._read(ResolveFields)
        return self._answer(lifecycle.resolve(incident.pk, by=acting(request), at=clock.now(), reason=wanted["reason"]))

    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str) -> Response:
        incident, wanted = self._responding(), self._read(MoveFields)
        to, expected, reason = Status(wanted["to"]), wanted["expected"], wanted["reason"]
        return self._answer(lifecycle.move(incident.pk, to, by=acting(request), at=clock.now(), expected=expected, reason=reason))

    @action(detail=True, methods=["post"])
    def notes(self, request: Request, pk: str) -> Response:
        incident, wanted = self._responding(), self._read(NoteFields)
        entry = lifecycle.note(incident.pk, wanted["text"], by=acting(request), at=clock.now())
        return Response(EntryFields(entry).data, status=201)

    @action(detail=True, methods=["get"])
    def timeline(self, request: Request, pk: str) -> Response:
        """The story, oldest first, in pages."""
        page: Any = self.paginate_queryset(timeline.story(self.get_object()))  # type: ignore[arg-type]
        return self.get_paginated_response(EntryFields(page, many=True).data)

    def _responding(self) -> Incident:
        incident = self.get_object()
        require(policies.can_respond(acting(self.request), incident), "Responders may do that; your role only reads and declares.")
        return incident

    def _read(self, fields: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        wanted = fields(data=self.request.data)
        wanted.is_valid(raise_exception=True)
        found: dict[str, Any] = wanted.validated_data
        return found

    def _answer(self, incident: Incident) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=incident.pk)).data)
