"""Runbooks over HTTP: read by everybody, written by their team, with the version that was read."""

from __future__ import annotations

import re
from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from oncall.models import Service, Team
from portal import clock
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.errors import DomainError, Stale, require
from runbooks import editing, policies, searching
from runbooks.models import Runbook, Section

_VERSION = re.compile(r'\s*(?:W/)?"?(\d{1,9})"?\s*')


class WhichVersion(DomainError):
    """A change that does not say what it changes."""

    code = "if_match_required"
    http_status = 428


class Outdated(Stale):
    """If-Match names another version than the stored one."""

    http_status = 412


class SectionSerializer(serializers.ModelSerializer[Section]):
    class Meta:
        model = Section
        fields = ["order", "anchor", "title", "kind", "body", "diagnostics", "url"]


class RunbookSerializer(serializers.ModelSerializer[Runbook]):
    team = serializers.SlugRelatedField(slug_field="slug", queryset=Team.objects.all())
    services = serializers.SlugRelatedField(slug_field="slug", queryset=Service.objects.all(), many=True, required=False)
    owner = serializers.SlugRelatedField(slug_field="email", queryset=User.objects.filter(is_active=True), required=False, allow_null=True)
    aliases = serializers.ListField(child=serializers.CharField(max_length=200), required=False, write_only=True)
    sections = SectionSerializer(many=True, read_only=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Runbook
        fields = [
            "slug",
            "title",
            "summary",
            "team",
            "owner",
            "services",
            "aliases",
            "body",
            "sections",
            "freshness",
            "source",
            "source_path",
            "version",
            "url",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["freshness", "source", "source_path", "version", "created_at", "updated_at"]
        extra_kwargs = {"slug": {"required": False}, "body": {"trim_whitespace": False}}

    def to_representation(self, instance: Runbook) -> dict[str, Any]:
        return {**super().to_representation(instance), "aliases": [alias.alertname for alias in instance.aliases.all()]}


class RunbookFilter(django_filters.FilterSet):
    """service: a slug. q: as in the search box."""

    service = django_filters.CharFilter(field_name="services__slug")
    q = django_filters.CharFilter(method="search")

    class Meta:
        model = Runbook
        fields = ["service", "q"]

    def search(self, queryset: QuerySet[Runbook], name: str, text: str) -> QuerySet[Runbook]:
        return queryset.filter(slug__in=searching.slugs(text, user=acting(self.request)))


class RunbookViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.CreateModelMixin, viewsets.GenericViewSet[Runbook]):
    queryset = Runbook.objects.all()
    serializer_class = RunbookSerializer
    filterset_class = RunbookFilter
    lookup_field = "slug"

    def get_queryset(self) -> QuerySet[Runbook]:
        found = policies.visible_to(acting(self.request))
        return found.select_related("team", "owner").prefetch_related("services", "aliases", "sections")

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._answer(self.get_object())

    def perform_create(self, serializer: BaseSerializer[Runbook]) -> None:
        given = dict(serializer.validated_data)
        user = acting(self.request)
        require(policies.can_write_for(user, given["team"]), policies.WHO_EDITS)
        services, aliases = given.pop("services", None), given.pop("aliases", None)
        serializer.instance = editing.save(Runbook(**given), by=user, at=clock.now(), services=services, aliases=aliases)

    def partial_update(self, request: Request, slug: str) -> Response:
        """PATCH with `If-Match: "<version>"`."""
        runbook, user = self.get_object(), acting(request)
        require(policies.can_edit(user, runbook), policies.WHO_EDITS)
        seen = _seen(request)
        serializer = self.get_serializer(runbook, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        given = dict(serializer.validated_data)
        require(policies.can_write_for(user, given.get("team", runbook.team)), policies.WHO_EDITS)
        services, aliases = given.pop("services", None), given.pop("aliases", None)
        for name, value in given.items():
            setattr(runbook, name, value)
        try:
            editing.save(runbook, seen=seen, by=user, at=clock.now(), services=services, aliases=aliases)
        except Stale as refusal:
            raise Outdated("Somebody saved this runbook since that version. Read it again and repeat the change.") from refusal
        return self._answer(self.get_object())

    def _answer(self, runbook: Runbook) -> Response:
        return Response(self.get_serializer(runbook).data, headers={"ETag": f'"{runbook.version}"'})


def _seen(request: Request) -> int:
    """Raises: WhichVersion."""
    given = _VERSION.fullmatch(request.headers.get("If-Match", ""))
    if not given:
        raise WhichVersion('Send the version that you read, as in If-Match: "3".')
    return int(given[1])
