"""Runbooks over HTTP: read by everybody, written by their team, with the version that was read."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers

from oncall.models import Service, Team
from portal import clock
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.api.nouns import Changes, Creates
from runbooks import editing, policies, searching
from runbooks.models import Runbook, Section


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


class RunbookViewSet(Creates[Runbook], Changes[Runbook]):
    """Runbooks: everybody reads; editors of their team write, on the version that they read."""

    queryset = Runbook.objects.all()
    serializer_class = RunbookSerializer
    filterset_class = RunbookFilter
    lookup_field = "slug"
    who_changes = policies.WHO_EDITS
    locks_itself = True  # formats before its transaction

    def visible(self, user: User) -> QuerySet[Runbook]:
        found = policies.visible_to(user)
        return found.select_related("team", "owner").prefetch_related("services", "aliases", "sections")

    def may_add(self, user: User, given: dict[str, Any] | None) -> bool:
        return policies.can_write_for(user, given["team"]) if given else policies.can_edit(user, None)

    def may_change(self, user: User, thing: Runbook) -> bool:
        return policies.can_edit(user, thing)

    def may_hand_over(self, user: User, thing: Runbook, given: dict[str, Any]) -> bool:
        return policies.can_write_for(user, given.get("team", thing.team))

    def add(self, given: dict[str, Any]) -> Runbook:
        services, aliases = given.pop("services", None), given.pop("aliases", None)
        return editing.save(Runbook(**given), by=self.user, at=clock.now(), services=services, aliases=aliases)

    def change(self, thing: Runbook, given: dict[str, Any]) -> Runbook:
        services, aliases = given.pop("services", None), given.pop("aliases", None)
        for name, value in given.items():
            setattr(thing, name, value)
        return editing.save(thing, seen=thing.version, by=self.user, at=clock.now(), services=services, aliases=aliases)
