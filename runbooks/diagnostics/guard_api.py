"""The API of the guard: read one's preview, agree to another's, confirm. For people; a token never has the right."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal import clock
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.api.nouns import Shown
from portal.errors import require
from runbooks.diagnostics import guard, policies
from runbooks.diagnostics.api import RunFields
from runbooks.models import DiagnosticRun, Preview


class PreviewFields(serializers.ModelSerializer[Preview]):
    """`token` is there for the one who asked, while it can be used."""

    token = serializers.SerializerMethodField()
    needs_second = serializers.SerializerMethodField()

    class Meta:
        model = Preview
        fields = ["id", "run", "items", "expires_at", "needs_second", "second", "confirmed_at", "act", "outcomes", "token"]
        read_only_fields = fields

    def get_token(self, preview: Preview) -> str:
        mine = preview.requester == guard.requester_of(acting(self.context["request"]))
        return guard.token_of(preview) if mine and preview.confirmed_at is None else ""

    def get_needs_second(self, preview: Preview) -> bool:
        return guard.needs_second(preview)


class ConfirmFields(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=80)
    reason = serializers.CharField(max_length=1000)
    alone = serializers.BooleanField(default=False, help_text="Nobody else is there; the reason goes to the decision log.")


class PreviewViewSet(Shown[Preview]):
    serializer_class = PreviewFields

    def visible(self, user: User) -> QuerySet[Preview]:
        visible = DiagnosticRun.objects.visible_to(user)
        return Preview.objects.filter(run__in=visible).select_related("run__target__service")

    @extend_schema(request=ConfirmFields, responses={201: RunFields})
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """Act on exactly what was shown. 201 with the run that acts."""
        self.get_object()
        require(policies.has_change_right(acting(request)), policies.REFUSED_CHANGE)
        act = guard.confirm(**self.read(ConfirmFields), by=acting(request), at=clock.now())
        return Response(RunFields(act).data, status=201)

    @extend_schema(request=None, responses=PreviewFields)
    @action(detail=True, methods=["post"])
    def second(self, request: Request, pk: str) -> Response:
        """Agree to what somebody else asked for."""
        require(policies.has_change_right(acting(request)), policies.REFUSED_CHANGE)
        agreed = guard.second(self.get_object().pk, by=acting(request), at=clock.now())
        return Response(PreviewFields(agreed, context={"request": request}).data)
