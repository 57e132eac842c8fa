"""The API of incidents. Fields are listed, verbs call the stories."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents import (
    checking,
    closing,
    communications,
    exporting,
    impact,
    lifecycle,
    merging,
    milestones,
    patterns,
    policies,
    restricting,
    roles,
    telemetry,
    timeline,
)
from incidents.communications import Words
from incidents.models import Check, Copy, Holding, Incident, Milestone, Promise, Update, UpdateTemplate
from incidents.models.incident import Cancelled, Severity, Status
from oncall.models import Service
from portal import clock
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.api.documents import answer
from portal.api.nouns import Noun
from portal.errors import require
from portal.models import Entry


class MilestoneFields(serializers.ModelSerializer[Milestone]):
    class Meta:
        model = Milestone
        fields = ["name", "at", "source", "edited"]
        read_only_fields = fields


class HoldingFields(serializers.ModelSerializer[Holding]):
    class Meta:
        model = Holding
        fields = ["role", "person", "taken_at", "left_at", "state_of_play"]
        read_only_fields = fields


class IncidentFields(serializers.ModelSerializer[Incident]):
    reference = serializers.CharField(read_only=True)
    service: Any = serializers.SlugRelatedField("slug", read_only=True, allow_null=True)
    milestones = MilestoneFields(many=True, read_only=True)

    class Meta:
        model = Incident
        fields = [
            *["id", "reference", "title", "summary", "kind", "status", "severity", "unmapped_severity", "service", "opened_at"],
            *["acknowledged_at", "acknowledged_by", "quiet_since", "resolved_at", "milestones", "merged_into", "cancelled_for", "is_restricted"],
            *["impact", "users_affected", "failed_requests", "revenue_lost", "currency", "sla_minutes", "version"],
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
    override = serializers.BooleanField(default=False)


class ReasonFields(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1000)


class CancelFields(ReasonFields):
    cause = serializers.ChoiceField(choices=Cancelled.choices, default=Cancelled.FALSE_ALARM)


class SeverityFields(serializers.Serializer[Any]):
    severity = serializers.ChoiceField(choices=Severity.choices)
    reason = serializers.CharField(max_length=1000, allow_blank=True, default="")


class MergeFields(serializers.Serializer[Any]):
    into = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    reason = serializers.CharField(max_length=1000, allow_blank=True, default="")


class MilestoneEdit(serializers.Serializer[Any]):
    name = serializers.ChoiceField(choices=Milestone.Name.choices)
    at = serializers.DateTimeField()


class RoleFields(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=Holding.Role.choices)
    person: Any = serializers.PrimaryKeyRelatedField(queryset=User.objects.filter(is_active=True, is_service=False))
    state = serializers.CharField(max_length=500, allow_blank=True, default="")
    leave = serializers.BooleanField(default=False)


class ImpactFields(serializers.Serializer[Any]):
    words = serializers.CharField(max_length=300, allow_blank=True, default="")
    users_affected = serializers.IntegerField(min_value=0, max_value=2**62, allow_null=True, default=None)
    failed_requests = serializers.IntegerField(min_value=0, max_value=2**62, allow_null=True, default=None)
    revenue_lost = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=0, allow_null=True, default=None)
    currency = serializers.RegexField(r"^[A-Z]{3}$", default="USD")
    sla_minutes = serializers.IntegerField(min_value=0, max_value=2**31 - 1, allow_null=True, default=None)


class RestrictFields(serializers.Serializer[Any]):
    named: Any = serializers.PrimaryKeyRelatedField(queryset=User.objects.filter(is_active=True), many=True, default=list)


class ResolveFields(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1000, allow_blank=True, default="")


class NoteFields(serializers.Serializer[Any]):
    text = serializers.CharField(trim_whitespace=False)


class CopyFields(serializers.ModelSerializer[Copy]):
    class Meta:
        model = Copy
        fields = ["id", "way", "audience", "address", "state", "attempts", "reason", "sent_at"]
        read_only_fields = fields


class UpdateFields(serializers.ModelSerializer[Update]):
    copies = CopyFields(many=True, read_only=True)

    class Meta:
        model = Update
        fields = [
            *["id", "number", "kind", "status", "internal", "public", "executive", "promised_next_at", "posted_at", "posted_by"],
            *["approved_at", "approved_by", "on_status_page", "copies"],
        ]
        read_only_fields = fields


class UpdateWords(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=UpdateTemplate.Kind.choices)
    internal = serializers.CharField(allow_blank=True, default="", trim_whitespace=False)
    public = serializers.CharField(allow_blank=True, default="", trim_whitespace=False)
    executive = serializers.CharField(allow_blank=True, default="", trim_whitespace=False)
    wait = serializers.IntegerField(min_value=1, max_value=7 * 24 * 60, allow_null=True, default=None)  # minutes until the next one
    lists: Any = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=2**62), default=list)
    on_status_page = serializers.BooleanField(default=False)
    external = serializers.BooleanField(default=False)
    key = serializers.CharField(max_length=64)


class CheckFields(serializers.ModelSerializer[Check]):
    class Meta:
        model = Check
        fields = ["id", "group", "text", "state", "by", "at", "why"]
        read_only_fields = fields


class CheckMove(serializers.Serializer[Any]):
    check = serializers.IntegerField(min_value=1, max_value=2**62)
    state = serializers.ChoiceField(choices=Check.State.choices, default=Check.State.TICKED)
    reason = serializers.CharField(max_length=300, allow_blank=True, default="")


class PromiseFields(serializers.ModelSerializer[Promise]):
    class Meta:
        model = Promise
        fields = ["kind", "made_at", "due_at", "late_at", "settled_at", "verdict"]
        read_only_fields = fields


class GaugeFields(serializers.Serializer[Any]):
    """One metric as it stands; `value` null while nothing is known."""

    name = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    unit = serializers.CharField()
    verdict = serializers.CharField()
    words = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)


class LikenessFields(serializers.Serializer[Any]):
    """A suggestion with its reasons. confirm: diagnostics that say more. runbook: the one to follow, by its name in addresses."""

    name = serializers.CharField(source="pattern.name")
    because = serializers.ListField(child=serializers.CharField())
    points = serializers.IntegerField()
    confirm = serializers.ListField(child=serializers.CharField(), source="pattern.confirm")
    runbook = serializers.CharField(source="pattern.runbook")


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


class IncidentViewSet(Noun[Incident]):
    serializer_class = IncidentFields
    filterset_class = IncidentFilter

    def visible(self, user: User) -> QuerySet[Incident]:
        return Incident.objects.visible_to(user).select_related("service").prefetch_related("milestones")

    @extend_schema(request=DeclarationFields, responses={201: IncidentFields})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Declare an incident."""
        require(policies.can_declare(acting(request)), "Your account is switched off.")
        wanted = self.read(DeclarationFields)
        incident = lifecycle.declare(**wanted, by=acting(request), at=clock.now())
        return self.answer(incident, 201, Location=f"/api/incidents/{incident.pk}/")

    @extend_schema(request=None, responses=IncidentFields)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        return self.answer(lifecycle.acknowledge(self._responding().pk, by=acting(request), at=clock.now()))

    @extend_schema(request=ResolveFields, responses=IncidentFields)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        incident, wanted = self._responding(), self.read(ResolveFields)
        return self.answer(lifecycle.resolve(incident.pk, by=acting(request), at=clock.now(), reason=wanted["reason"]))

    @extend_schema(request=MoveFields, responses=IncidentFields)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str) -> Response:
        incident, wanted = self._responding(), self.read(MoveFields)
        if wanted["override"]:
            require(policies.can_override(acting(request), incident), "Only a lead of the team may close it although something is missing.")
        wanted["to"] = Status(wanted["to"])
        return self.answer(lifecycle.move(incident.pk, **wanted, by=acting(request), at=clock.now()))

    @extend_schema(request=CancelFields, responses=IncidentFields)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        incident, wanted = self._responding(), self.read(CancelFields)
        return self.answer(lifecycle.cancel(incident.pk, by=acting(request), at=clock.now(), **wanted))

    @extend_schema(request=SeverityFields, responses=IncidentFields)
    @action(detail=True, methods=["post"])
    def severity(self, request: Request, pk: str) -> Response:
        incident, wanted = self._responding(), self.read(SeverityFields)
        return self.answer(lifecycle.set_severity(incident.pk, wanted["severity"], by=acting(request), at=clock.now(), reason=wanted["reason"]))

    @extend_schema(request=MergeFields, responses=IncidentFields)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: str) -> Response:
        """This one belongs to `into` from now on."""
        incident, wanted = self._responding(), self.read(MergeFields)
        into = get_object_or_404(self.get_queryset(), pk=wanted["into"])
        return self.answer(merging.merge(incident.pk, into.pk, by=acting(request), at=clock.now(), reason=wanted["reason"]))

    @extend_schema(request=ReasonFields, responses=IncidentFields)
    @action(detail=True, methods=["post"])
    def split(self, request: Request, pk: str) -> Response:
        incident, wanted = self._responding(), self.read(ReasonFields)
        return self.answer(merging.split(incident.pk, by=acting(request), at=clock.now(), reason=wanted["reason"]))

    @extend_schema(responses=answer("Gate", missing=serializers.ListField(child=serializers.CharField())))
    @action(detail=True, methods=["get"])
    def gate(self, request: Request, pk: str) -> Response:
        """What is missing before it can be closed."""
        return Response({"missing": closing.missing(self.get_object())})

    @extend_schema(request=MilestoneEdit, responses=IncidentFields)
    @action(detail=True, methods=["post"], url_path="milestones")
    def edit_milestone(self, request: Request, pk: str) -> Response:
        incident, wanted = self._responding(), self.read(MilestoneEdit)
        milestones.edit(incident.pk, wanted["name"], at_moment=wanted["at"], by=acting(request), at=clock.now())
        return self.answer(incident)

    @extend_schema(methods=["GET"], responses=HoldingFields(many=True), filters=False)
    @extend_schema(methods=["POST"], request=RoleFields, responses={201: HoldingFields})
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def roles(self, request: Request, pk: str) -> Response:
        """Who held what and when; POST takes a role, or leaves it."""
        if request.method == "GET":
            return Response(HoldingFields(self.get_object().roles.all(), many=True).data)
        incident, wanted = self._responding(), self.read(RoleFields)
        role, person, at = wanted["role"], wanted["person"], clock.now()
        if wanted["leave"]:
            holding = roles.leave(incident.pk, role, person=person, by=acting(request), at=at)
        else:
            holding = roles.take(incident.pk, role, person=person, by=acting(request), at=at, state=wanted["state"])
        return Response(HoldingFields(holding).data, status=201)

    @extend_schema(request=ImpactFields, responses=IncidentFields)
    @action(detail=True, methods=["post"])
    def impact(self, request: Request, pk: str) -> Response:
        incident, wanted = self._responding(), self.read(ImpactFields)
        return self.answer(impact.set_impact(incident.pk, impact.Impact(**wanted), by=acting(request), at=clock.now()))

    @extend_schema(request=RestrictFields, responses=IncidentFields)
    @action(detail=True, methods=["post"])
    def restrict(self, request: Request, pk: str) -> Response:
        incident, wanted = self._responding(), self.read(RestrictFields)
        return self.answer(restricting.restrict(incident.pk, named=wanted["named"], by=acting(request), at=clock.now()))

    @extend_schema(request=ReasonFields, responses=IncidentFields)
    @action(detail=True, methods=["post"])
    def unrestrict(self, request: Request, pk: str) -> Response:
        incident, wanted = self._responding(), self.read(ReasonFields)
        return self.answer(restricting.lift(incident.pk, by=acting(request), at=clock.now(), reason=wanted["reason"]))

    @extend_schema(request=NoteFields, responses={201: EntryFields})
    @action(detail=True, methods=["post"])
    def notes(self, request: Request, pk: str) -> Response:
        incident, wanted = self._responding(), self.read(NoteFields)
        entry = lifecycle.note(incident.pk, wanted["text"], by=acting(request), at=clock.now())
        return Response(EntryFields(entry).data, status=201)

    @extend_schema(responses=EntryFields(many=True), filters=False)
    @action(detail=True, methods=["get"])
    def timeline(self, request: Request, pk: str) -> Response:
        """The story, oldest first, in pages."""
        page: Any = self.paginate_queryset(timeline.story(self.get_object()))  # type: ignore[arg-type]
        return self.get_paginated_response(EntryFields(page, many=True).data)

    @extend_schema(methods=["GET"], responses=UpdateFields(many=True), filters=False)
    @extend_schema(methods=["POST"], request=UpdateWords, responses={201: UpdateFields})
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def updates(self, request: Request, pk: str) -> Response:
        """What was told to whom; POST sends the next one. `key` makes asking twice ask once."""
        if request.method == "GET":
            found = self.get_object().updates.prefetch_related("copies")
            return Response(UpdateFields(found, many=True).data)
        incident, wanted, at = self._responding(), self.read(UpdateWords), clock.now()
        words = Words(
            kind=wanted["kind"],
            internal=wanted["internal"],
            public=wanted["public"],
            executive=wanted["executive"],
            next_at=at + timedelta(minutes=wanted["wait"]) if wanted["wait"] else None,
            lists=tuple(wanted["lists"]),
            on_status_page=wanted["on_status_page"],
            external=wanted["external"],
        )
        update = communications.post(incident.pk, words, key=wanted["key"], by=acting(request), at=at)
        return Response(UpdateFields(update).data, status=201)

    @extend_schema(methods=["GET"], responses=CheckFields(many=True), filters=False)
    @extend_schema(methods=["POST"], request=CheckMove, responses=CheckFields(many=True))
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def checklist(self, request: Request, pk: str) -> Response:
        """The items; POST ticks, opens or skips one."""
        if request.method == "POST":
            incident, wanted, at, by = self._responding(), self.read(CheckMove), clock.now(), acting(request)
            check = get_object_or_404(Check, pk=wanted["check"], incident=incident)
            if wanted["state"] == Check.State.SKIPPED:
                checking.skip(check.pk, wanted["reason"], by=by, at=at)
            elif wanted["state"] == Check.State.OPEN:
                checking.untick(check.pk, by=by, at=at)
            else:
                checking.tick(check.pk, by=by, at=at)
        return Response(CheckFields(self.get_object().checks.all(), many=True).data)

    @extend_schema(responses=PromiseFields(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def promises(self, request: Request, pk: str) -> Response:
        """Every clock, running and judged."""
        return Response(PromiseFields(self.get_object().promises.all(), many=True).data)

    @extend_schema(responses=GaugeFields(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def metrics(self, request: Request, pk: str) -> Response:
        """The last samples of its service, out of band first."""
        shown = telemetry.gauges(self.get_object(), clock.now())
        return Response([{"name": g.name, "value": g.value, "unit": g.unit, "verdict": g.verdict, "words": g.words, "at": g.value_at} for g in shown])

    @extend_schema(responses=LikenessFields(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def patterns(self, request: Request, pk: str) -> Response:
        """What it looks like and why, most likely first; nothing once it is over."""
        return Response(LikenessFields(patterns.of(self.get_object()), many=True).data)

    @extend_schema(responses=OpenApiTypes.OBJECT)
    @action(detail=True, methods=["get"], url_path="export")
    def story(self, request: Request, pk: str) -> Response:
        """Everything about it in one document."""
        return Response(exporting.as_data(self.get_object()))

    def _responding(self) -> Incident:
        incident = self.get_object()
        require(policies.can_respond(acting(self.request), incident), "Responders may do that; your role only reads and declares.")
        return incident
