"""The API of diagnostics: what there is, asking for a run, what came out, targets by name, schedules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from oncall.models import Service
from portal import clock
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.api.documents import answer
from portal.api.nouns import SLUG, Changes, Creates, Noun, Removes, Verbs, in_person
from portal.errors import require
from portal.parsing import ObjectField
from runbooks.diagnostics import comparing, policies, registry, runs, schedules
from runbooks.diagnostics.forms import ABOUT
from runbooks.diagnostics.registry import Diagnostic
from runbooks.models import DiagnosticRun, Schedule, Target


class TargetFields(serializers.ModelSerializer[Target]):
    """By name: the address is the administrators'."""

    service: Any = serializers.SlugRelatedField("slug", read_only=True, allow_null=True)

    class Meta:
        model = Target
        fields = ["slug", "kind", "stage", "service"]
        read_only_fields = fields


class RunFields(serializers.ModelSerializer[DiagnosticRun]):
    target: Any = serializers.SlugRelatedField("slug", read_only=True, allow_null=True)

    class Meta:
        model = DiagnosticRun
        fields = [
            *["id", "diagnostic", "target", "parameters", "about", "asked_by", "origin", "state", "severity", "finding", "output", "result"],
            *["figure", "queued_at", "started_at", "finished_at"],
        ]
        read_only_fields = fields


class LineFields(serializers.Serializer[Any]):
    sign = serializers.CharField()
    text = serializers.CharField()


class AskFields(serializers.Serializer[Any]):
    target = serializers.SlugField(required=False, default="", allow_blank=True)
    about = serializers.RegexField(ABOUT, required=False, default="", allow_blank=True)
    parameters: Any = ObjectField(required=False, default=dict)


class DiagnosticFields(serializers.Serializer[Diagnostic]):
    slug = serializers.CharField()
    title = serializers.CharField()
    about = serializers.CharField()
    kind = serializers.ChoiceField(choices=["reads", "changes"])
    needs = serializers.ListField(child=serializers.CharField())
    timeout = serializers.IntegerField(help_text="seconds")
    parameters = serializers.JSONField(source="input_schema", help_text="JSON schema")
    result = serializers.JSONField(source="output_schema", help_text="JSON schema")


class DiagnosticViewSet(Verbs, viewsets.ViewSet):
    lookup_field = "slug"
    lookup_value_regex = SLUG

    @extend_schema(responses=answer("Diagnostics", results=DiagnosticFields(many=True)))
    def list(self, request: Request) -> Response:
        """Every diagnostic with the JSON schemas of what it takes and answers."""
        return Response({"results": [DiagnosticFields(diagnostic).data for _, diagnostic in registry.diagnostics]})

    @extend_schema(responses=DiagnosticFields)
    def retrieve(self, request: Request, slug: str) -> Response:
        return Response(DiagnosticFields(_known(slug)).data)

    @extend_schema(request=AskFields, responses={201: RunFields})
    @action(detail=True, methods=["post"])
    def runs(self, request: Request, slug: str) -> Response:
        """Ask for a run; it is worked by a worker. Of one that changes something this is the preview."""
        diagnostic = _known(slug)
        asked = self.read(AskFields)
        require(policies.can_run(acting(request), diagnostic, asked["about"]), policies.refusal(diagnostic))
        run = runs.ask(slug, given=asked["parameters"], target=asked["target"], about=asked["about"], by=acting(request), at=clock.now())
        return Response(RunFields(run).data, status=201)


class RunFilter(filters.FilterSet):
    target = filters.CharFilter("target__slug")

    class Meta:
        model = DiagnosticRun
        fields = ["diagnostic", "state", "severity", "about", "origin"]


class RunViewSet(Noun[DiagnosticRun]):
    serializer_class = RunFields
    filterset_class = RunFilter

    def visible(self, user: User) -> QuerySet[DiagnosticRun]:
        return DiagnosticRun.objects.visible_to(user).select_related("target")

    @extend_schema(
        responses=answer("Difference", healthy=serializers.IntegerField(allow_null=True), lines=LineFields(many=True, allow_null=True)), filters=False
    )
    @action(detail=True, methods=["get"])
    def difference(self, request: Request, pk: str) -> Response:
        """What is new and what is gone since the last healthy run; null where there is none."""
        run = self.get_object()
        healthy = comparing.last_healthy(run)
        lines = [LineFields(line).data for line in comparing.difference(healthy, run)] if healthy else None
        return Response({"healthy": healthy.pk if healthy else None, "lines": lines})

    @extend_schema(request=None, responses={201: RunFields})
    @action(detail=True, methods=["post"])
    def again(self, request: Request, pk: str) -> Response:
        run = self.get_object()
        diagnostic = _known(run.diagnostic)
        require(policies.can_run(acting(request), diagnostic, run.about), policies.refusal(diagnostic))
        return Response(RunFields(runs.again(run, by=acting(request), at=clock.now())).data, status=201)

    @extend_schema(request=None, responses=RunFields)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        run = self.get_object()
        diagnostic = _known(run.diagnostic)
        require(policies.can_run(acting(request), diagnostic, run.about), policies.refusal(diagnostic))
        return Response(RunFields(runs.cancel(run.pk, by=acting(request), at=clock.now())).data)


class TargetSetup(serializers.ModelSerializer[Target]):
    """What administrators see and set. The secret is written, never read."""

    service: Any = serializers.SlugRelatedField("slug", queryset=Service.objects.all(), required=False, allow_null=True)
    options: Any = ObjectField(required=False)
    secret = serializers.CharField(required=False, allow_blank=True, write_only=True, trim_whitespace=False, max_length=4000)

    class Meta:
        model = Target
        fields = [
            *["slug", "kind", "stage", "service", "host", "port", "database", "path", "uses_tls", "username", "password_variable", "secret"],
            "options",
        ]


class TargetViewSet(Creates[Target], Changes[Target], Removes[Target]):
    """Named places that diagnostics look at. Everybody sees the names; an administrator in person sees and sets addresses."""

    queryset = Target.objects.select_related("service")
    serializer_class = TargetFields
    lookup_field = "slug"
    who_changes = "Only an administrator who is signed in may do that; a token never may."

    def get_serializer_class(self) -> Any:
        documented = getattr(self, "swagger_fake_view", False)
        return TargetSetup if documented or in_person(self.request) else TargetFields

    def may_add(self, user: User, given: dict[str, Any] | None) -> bool:
        return in_person(self.request)

    def may_change(self, user: User, thing: Target) -> bool:
        return in_person(self.request)


class ScheduleFields(serializers.ModelSerializer[Schedule]):
    target: Any = serializers.SlugRelatedField("slug", read_only=True, allow_null=True)
    every_seconds = serializers.SerializerMethodField()

    class Meta:
        model = Schedule
        fields = ["id", "diagnostic", "target", "parameters", "every_seconds", "is_active", "created_at"]
        read_only_fields = fields

    def get_every_seconds(self, schedule: Schedule) -> int:
        return int(schedule.every.total_seconds())


class NewScheduleFields(serializers.Serializer[Any]):
    diagnostic = serializers.SlugField(max_length=60)
    target = serializers.SlugField(required=False, default="", allow_blank=True)
    parameters: Any = ObjectField(required=False, default=dict)
    every_seconds = serializers.IntegerField(min_value=60, max_value=31 * 86_400, default=900)


class ScheduleViewSet(Removes[Schedule]):
    serializer_class = ScheduleFields
    queryset = Schedule.objects.select_related("target")

    @extend_schema(request=NewScheduleFields, responses={201: ScheduleFields})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        require(policies.can_schedule(acting(request)), "Responders set up schedules, by their own name.")
        asked = self.read(NewScheduleFields)
        every = timedelta(seconds=asked["every_seconds"])
        made = schedules.make(asked["diagnostic"], given=asked["parameters"], target=asked["target"], every=every, by=acting(request), at=clock.now())
        return Response(ScheduleFields(made).data, status=201)

    who_changes = "Responders set up schedules, by their own name."

    def may_change(self, user: User, thing: Schedule) -> bool:
        return policies.can_schedule(user)

    def remove(self, thing: Schedule) -> None:
        schedules.remove(thing.pk)


def _known(slug: str) -> Diagnostic:
    found = registry.diagnostics.get(slug)
    if found is None:
        raise Http404
    return found
