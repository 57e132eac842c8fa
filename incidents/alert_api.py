"""The API of alerts: what fires and fired, what it was worth; rules, maintenance. Fields are listed, verbs call the stories."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from incidents.alerts import inbox, maintenance, rules
from incidents.models import Alert, AlertRule, Episode, MaintenanceWindow, Source
from oncall.models import Service
from oncall.policies import leads
from portal import clock
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.api.nouns import ByAdministrators, Changes, Creates, Noun, Removes, in_person
from portal.errors import DomainError, require


class EpisodeFields(serializers.ModelSerializer[Episode]):
    name = serializers.CharField(source="alert.name", read_only=True)
    title = serializers.CharField(source="alert.title", read_only=True)
    severity = serializers.IntegerField(source="alert.severity", read_only=True, allow_null=True)
    service: Any = serializers.SlugRelatedField("slug", source="alert.service", read_only=True, allow_null=True)
    source_name = serializers.CharField(source="alert.source.name", read_only=True)
    labels = serializers.JSONField(source="alert.labels", read_only=True)

    class Meta:
        model = Episode
        fields = [
            *["id", "alert", "name", "title", "severity", "service", "source_name", "labels", "number", "incident", "started_at"],
            *["last_seen_at", "ended_at", "ended_how", "at_source", "confirmed_at", "reopenings", "was_of_use"],
        ]
        read_only_fields = fields


class JudgementFields(serializers.Serializer[Any]):
    use = serializers.ChoiceField(choices=Episode.Use.choices)


class EpisodeFilter(filters.FilterSet):
    name = filters.CharFilter("alert__name")
    service = filters.CharFilter("alert__service__slug")
    firing = filters.BooleanFilter("ended_at", lookup_expr="isnull")
    inbox = filters.BooleanFilter("incident", lookup_expr="isnull")

    class Meta:
        model = Episode
        fields = ["incident", "ended_how"]


class EpisodeViewSet(Noun[Episode]):
    """Episodes of alerts, heartbeats left out."""

    serializer_class = EpisodeFields
    filterset_class = EpisodeFilter

    def visible(self, user: User) -> QuerySet[Episode]:
        visible = Alert.objects.visible_to(user).filter(severity__isnull=False)
        return Episode.objects.filter(alert__in=visible).select_related("alert__service", "alert__source").order_by("-pk")

    @extend_schema(request=JudgementFields, responses=EpisodeFields)
    @action(detail=True, methods=["post"])
    def judge(self, request: Request, pk: str) -> Response:
        """What it was worth: acted, noise, twin or known."""
        require(self.user.at_least(Role.RESPONDER), "Responders may do that; your role only reads and declares.")
        episode = self.get_object()
        inbox.judge(episode.pk, self.read(JudgementFields)["use"], by=self.user, at=clock.now())
        return self.answer(episode)


class AlertRuleFields(serializers.ModelSerializer[AlertRule]):
    source: Any = serializers.SlugRelatedField("name", queryset=Source.objects.all(), required=False, allow_null=True)
    service: Any = serializers.SlugRelatedField("slug", queryset=Service.objects.all(), required=False, allow_null=True)

    class Meta:
        model = AlertRule
        fields = ["id", "name", "order", "is_enabled", "source", "matchers", "service", "severity", "key_labels", "action", "reopens_within"]

    def validate_matchers(self, text: str) -> str:
        try:
            rules.matchers(text)
        except DomainError as refusal:
            raise serializers.ValidationError(str(refusal)) from refusal
        return text


class AlertRuleViewSet(Creates[AlertRule], Changes[AlertRule], Removes[AlertRule]):
    """What becomes of alerts: everybody reads the rules, an administrator who is signed in writes them."""

    serializer_class = AlertRuleFields
    queryset = AlertRule.objects.select_related("service", "source").order_by("order", "pk")
    who_changes = ByAdministrators.who_changes

    def may_add(self, user: User, given: dict[str, Any] | None) -> bool:
        return in_person(self.request)

    def may_change(self, user: User, thing: AlertRule) -> bool:
        return in_person(self.request)


class MaintenanceFields(serializers.ModelSerializer[MaintenanceWindow]):
    service: Any = serializers.SlugRelatedField("slug", queryset=Service.objects.all())

    class Meta:
        model = MaintenanceWindow
        fields = ["id", "service", "starts_at", "ends_at", "reason", "created_by", "cancelled_at"]
        read_only_fields = ["created_by", "cancelled_at"]

    def validate_service(self, service: Service) -> Service:
        if self.instance and service.pk != self.instance.service_id:
            raise serializers.ValidationError("Maintenance stays with its service: cancel this one and plan another.")
        return service


class MaintenanceViewSet(Creates[MaintenanceWindow], Changes[MaintenanceWindow]):
    """Planned work during which nobody is paged: planned, moved and called off by leads of the service's team."""

    serializer_class = MaintenanceFields
    queryset = MaintenanceWindow.objects.select_related("service__team").order_by("-starts_at", "-pk")
    who_changes = "Only leads of the service's team and administrators plan its maintenance."

    def may_add(self, user: User, given: dict[str, Any] | None) -> bool:
        return leads(user, given["service"].team if given else None)

    def may_change(self, user: User, thing: MaintenanceWindow) -> bool:
        return leads(user, thing.service.team)

    def add(self, given: dict[str, Any]) -> MaintenanceWindow:
        return maintenance.plan(given.pop("service"), **given, by=self.user, at=clock.now())

    def change(self, thing: MaintenanceWindow, given: dict[str, Any]) -> MaintenanceWindow:
        wanted = {name: given.get(name, getattr(thing, name)) for name in ("starts_at", "ends_at", "reason")}
        return maintenance.change(thing, **wanted, at=clock.now())

    @extend_schema(request=None, responses=MaintenanceFields)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def cancel(self, request: Request, pk: str) -> Response:
        """Call it off: what it held back and still fires is paged now."""
        window = self.get_object()
        require(self.may_change(self.user, window), self.who_changes)
        return self.answer(maintenance.cancel(window, at=clock.now()))


def put_on(router: BaseRouter) -> None:
    router.register("episodes", EpisodeViewSet, basename="episode")
    router.register("alert-rules", AlertRuleViewSet, basename="alert-rule")
    router.register("maintenance", MaintenanceViewSet, basename="maintenance")
