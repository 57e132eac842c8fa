"""The API of recorded changes: what a pipeline posts after a deployment."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal import clock
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.api.nouns import Noun
from portal.errors import require
from runbooks import changes
from runbooks.models import Change


class ChangeFields(serializers.ModelSerializer[Change]):
    service: Any = serializers.SlugRelatedField("slug", read_only=True, allow_null=True)

    class Meta:
        model = Change
        fields = ["id", "kind", "service", "title", "version", "author", "url", "key", "at", "recorded_at"]
        read_only_fields = fields


class ToldFields(serializers.Serializer[Any]):
    """`key`: your own name for it, such as the pipeline's number; telling it again changes nothing. `at`: now, unless given."""

    title = serializers.CharField(max_length=300)
    key = serializers.RegexField(r"^[\x21-\x7e]{1,120}$")
    at = serializers.DateTimeField(required=False)
    kind = serializers.ChoiceField(choices=Change.Kind.choices, default=Change.Kind.DEPLOYMENT)
    service = serializers.SlugField(max_length=60, required=False, default="", allow_blank=True)
    version = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    author = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    url = serializers.URLField(max_length=500, required=False, default="", allow_blank=True)


class ChangeFilter(filters.FilterSet):
    service = filters.CharFilter("service__slug")
    since = filters.IsoDateTimeFilter("at", "gte")
    until = filters.IsoDateTimeFilter("at", "lt")

    class Meta:
        model = Change
        fields = ["kind"]


class ChangeViewSet(Noun[Change]):
    serializer_class = ChangeFields
    filterset_class = ChangeFilter

    def visible(self, user: User) -> QuerySet[Change]:
        return Change.objects.select_related("service")

    @extend_schema(request=ToldFields, responses={201: ChangeFields, 200: ChangeFields})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Tell of a change: 201 when it is new, 200 when it was told before."""
        require(acting(request).at_least(Role.RESPONDER), "Responders and tokens that may write tell of changes.")
        told, now = self.read(ToldFields), clock.now()
        change, new = changes.record(**{"at": now, **told}, by=acting(request), now=now)
        return Response(ChangeFields(change).data, status=201 if new else 200)
