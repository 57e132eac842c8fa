"""The API of recorded changes: what a pipeline posts after a deployment."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers, viewsets
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from portal import clock
from portal.accounts.acting import acting
from portal.accounts.roles import Role
from portal.errors import require
from runbooks import changes
from runbooks.models import Change


class ChangeFields(serializers.ModelSerializer[Change]):
    service: Any = serializers.SlugRelatedField("slug", read_only=True)

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


class ChangeViewSet(ListModelMixin, RetrieveModelMixin, viewsets.GenericViewSet[Change]):
    serializer_class = ChangeFields
    filterset_class = ChangeFilter

    def get_queryset(self) -> QuerySet[Change]:
        return Change.objects.select_related("service")

    def create(self, request: Request) -> Response:
        """Tell of a change: 201 when it is new, 200 when it was told before."""
        require(acting(request).at_least(Role.RESPONDER), "Responders and tokens that may write tell of changes.")
        told = ToldFields(data=request.data)
        told.is_valid(raise_exception=True)
        now = clock.now()
        change, new = changes.record(**{"at": now, **told.validated_data}, by=acting(request), now=now)
        return Response(ChangeFields(change).data, status=201 if new else 200)
