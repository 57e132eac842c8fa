"""The API of webhooks: administrators in person. A secret is shown once, in the answer that made it."""

from __future__ import annotations

from typing import Any

from django.db.models import Model, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal import clock
from portal.accounts.models import User
from portal.api.nouns import ByAdministrators, Changes, Creates, Noun, Removes, put
from portal.webhooks import telling
from portal.webhooks.models import Attempt, Delivery, Webhook, known_events, new_secret, usable_secret


class WebhookFields(serializers.ModelSerializer[Webhook]):
    events = serializers.ListField(child=serializers.CharField(max_length=90), validators=[known_events])
    secret = serializers.CharField(required=False, write_only=True, max_length=120, validators=[usable_secret], help_text="Made when left out.")

    class Meta:
        model = Webhook
        fields = ["id", "name", "url", "reach", "secret", "events", "includes_restricted", "is_enabled", "created_at", "created_by", "version"]
        read_only_fields = ["created_at", "created_by", "version"]


class MadeFields(WebhookFields):
    """The answer to making one: with its secret, this once."""

    secret: Any = serializers.CharField(read_only=True)


class WebhookAttemptFields(serializers.ModelSerializer[Attempt]):
    class Meta:
        model = Attempt
        fields = ["number", "at", "seconds", "status", "trouble"]
        read_only_fields = fields


class WebhookDeliveryFields(serializers.ModelSerializer[Delivery]):
    attempts = WebhookAttemptFields(many=True, read_only=True)

    class Meta:
        model = Delivery
        fields = ["id", "webhook", "event_id", "event", "about", "body", "state", "created_at", "delivered_at", "attempts"]
        read_only_fields = fields


class WebhookViewSet(ByAdministrators[Webhook], Creates[Webhook], Changes[Webhook], Removes[Webhook]):
    """Addresses that are told what happens, signed as in Standard Webhooks."""

    queryset = Webhook.objects.all()
    serializer_class = WebhookFields
    filterset_fields = ["is_enabled", "reach"]

    @extend_schema(responses={201: MadeFields})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def add(self, given: dict[str, Any]) -> Webhook:
        self.made = given.setdefault("secret", new_secret())
        return put(Webhook(created_at=clock.now(), created_by=self.user), given)

    def answer(self, thing: Model, status: int = 200, **headers: str) -> Response:
        response = super().answer(thing, status, **headers)  # type: ignore[arg-type]
        if status == 201:
            response.data = {**(response.data or {}), "secret": self.made}
        return response

    @extend_schema(request=None, responses={201: WebhookDeliveryFields})
    @action(detail=True, methods=["post"])
    def ping(self, request: Request, pk: str) -> Response:
        """Send a test delivery."""
        return Response(WebhookDeliveryFields(telling.ping(self.get_object(), by=self.user, at=clock.now())).data, status=201)


class DeliveryFilter(filters.FilterSet):
    class Meta:
        model = Delivery
        fields = ["webhook", "state", "event"]


class DeliveryViewSet(ByAdministrators[Delivery], Noun[Delivery]):
    """The log: what was sent to whom, with every attempt."""

    serializer_class = WebhookDeliveryFields
    filterset_class = DeliveryFilter

    def visible(self, user: User) -> QuerySet[Delivery]:
        return Delivery.objects.prefetch_related("attempts")

    @extend_schema(request=None, responses=WebhookDeliveryFields)
    @action(detail=True, methods=["post"])
    def redeliver(self, request: Request, pk: str) -> Response:
        """Send the same event again, with its id."""
        return self.answer(telling.redeliver(self.get_object(), at=clock.now()))
