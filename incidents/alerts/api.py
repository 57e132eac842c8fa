"""Alerts over HTTP: what the sources told, and for administrators the sources themselves, their ledger and the severity table."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.alerts import ingest, sources
from incidents.models import Alert, Delivery, SeverityRule, Source
from oncall.models import Service
from portal import clock
from portal.accounts.models import User
from portal.api.documents import answer
from portal.api.nouns import ByAdministrators, Changes, Creates, Noun, Removes


class AlertFields(serializers.ModelSerializer[Alert]):
    source: Any = serializers.SlugRelatedField("name", read_only=True)
    service: Any = serializers.SlugRelatedField("slug", read_only=True, allow_null=True)
    labels = serializers.DictField(read_only=True)
    annotations = serializers.DictField(read_only=True)

    class Meta:
        model = Alert
        fields = [
            *["id", "source", "fingerprint", "name", "labels", "annotations", "generator_url", "severity", "unmapped_severity", "service"],
            *["episode_count", "first_seen_at", "last_seen_at"],
        ]
        read_only_fields = fields


class AlertFilter(filters.FilterSet):
    service = filters.CharFilter("service__slug")
    source = filters.CharFilter("source__name")

    class Meta:
        model = Alert
        fields = ["name", "severity", "fingerprint"]


class AlertViewSet(Noun[Alert]):
    """Labelled signals, each across all its episodes."""

    serializer_class = AlertFields
    filterset_class = AlertFilter

    def visible(self, user: User) -> QuerySet[Alert]:
        return Alert.objects.visible_to(user).select_related("source", "service")


class DeliveryFields(serializers.ModelSerializer[Delivery]):
    problems = serializers.ListField(read_only=True)

    class Meta:
        model = Delivery
        fields = [
            *["id", "source", "kind", "length", "sha256", "peer", "received_at", "state", "understood", "problems", "reason", "external_url"],
            *["alert_count", "truncated"],
        ]
        read_only_fields = fields


class DeliveryViewSet(ByAdministrators[Delivery], Noun[Delivery]):
    """The ledger: every request of a source. Its raw body stands on its page."""

    queryset = Delivery.objects.defer("body")
    serializer_class = DeliveryFields
    filterset_fields = ["source", "state", "understood", "kind"]

    @extend_schema(request=None, responses=DeliveryFields)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Work it off again; what was applied already changes nothing."""
        delivery = self.get_object()
        ingest.again(delivery, at=clock.now())
        return self.answer(delivery)


class SourceFields(serializers.ModelSerializer[Source]):
    default_service: Any = serializers.SlugRelatedField("slug", queryset=Service.objects.all(), required=False, allow_null=True)

    class Meta:
        model = Source
        read_only_fields = [
            *["last_heartbeat_at", "stale_since", "created_at", "doubted_since", "asked_at", "confirmed_at", "trouble"],
            *["refused_count", "refused_at"],
        ]
        fields = ["id", "name", "is_enabled", "shape", "default_service", *read_only_fields]


class NewSource(serializers.ModelSerializer[Source]):
    default_service: Any = serializers.SlugRelatedField("slug", queryset=Service.objects.all(), required=False, allow_null=True)
    token = serializers.CharField(read_only=True, help_text="Shown once.")

    class Meta:
        model = Source
        fields = ["name", "default_service", "token"]


class SourceViewSet(ByAdministrators[Source], Changes[Source]):
    """Where alerts come from."""

    queryset = Source.objects.select_related("default_service")
    serializer_class = SourceFields

    @extend_schema(request=NewSource, responses={201: NewSource})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make a source; its token is shown in this answer only."""
        wanted = self.read(NewSource)
        source, token = sources.create(wanted["name"], at=clock.now(), default_service=wanted.get("default_service"))
        shown = NewSource(source, context=self.get_serializer_context()).data
        return Response({**shown, "token": token}, status=201, headers={"Location": f"/api/sources/{source.pk}/"})

    @extend_schema(request=None, responses={201: answer("SourceToken", token=serializers.CharField(help_text="Shown once."))})
    @action(detail=True, methods=["post"])
    def tokens(self, request: Request, pk: str) -> Response:
        """A new token; the newest old one goes on working, so that it can be rotated."""
        return Response({"token": sources.new_token(self.get_object(), at=clock.now())}, status=201)


class SeverityRuleFields(serializers.ModelSerializer[SeverityRule]):
    class Meta:
        model = SeverityRule
        fields = ["id", "label", "source", "severity", "order"]


class SeverityRuleViewSet(ByAdministrators[SeverityRule], Creates[SeverityRule], Changes[SeverityRule], Removes[SeverityRule]):
    """What a value of the label `severity` becomes; the first that matches wins."""

    queryset = SeverityRule.objects.all()
    serializer_class = SeverityRuleFields
    filterset_fields = ["source"]
