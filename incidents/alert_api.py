"""The API of alerts: what fires and fired, what it was worth; rules, maintenance. Fields are listed, verbs call the stories."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from incidents.alerts import inbox
from incidents.models import Alert, AlertRule, Episode, MaintenanceWindow
from portal import clock
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.api.nouns import Noun
from portal.errors import require


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
    service: Any = serializers.SlugRelatedField("slug", read_only=True, allow_null=True)

    class Meta:
        model = AlertRule
        fields = ["id", "name", "order", "is_enabled", "source", "matchers", "service", "severity", "key_labels", "action", "reopens_within"]
        read_only_fields = fields


class AlertRuleViewSet(Noun[AlertRule]):
    serializer_class = AlertRuleFields
    queryset = AlertRule.objects.select_related("service").order_by("order", "pk")


class MaintenanceFields(serializers.ModelSerializer[MaintenanceWindow]):
    service: Any = serializers.SlugRelatedField("slug", read_only=True, allow_null=True)

    class Meta:
        model = MaintenanceWindow
        fields = ["id", "service", "starts_at", "ends_at", "reason", "created_by", "cancelled_at"]
        read_only_fields = fields


class MaintenanceViewSet(Noun[MaintenanceWindow]):
    """Planned work during which nobody is paged."""

    serializer_class = MaintenanceFields
    queryset = MaintenanceWindow.objects.select_related("service").order_by("-starts_at", "-pk")


def put_on(router: BaseRouter) -> None:
    router.register("episodes", EpisodeViewSet, basename="episode")
    router.register("alert-rules", AlertRuleViewSet, basename="alert-rule")
    router.register("maintenance", MaintenanceViewSet, basename="maintenance")
