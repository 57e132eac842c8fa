"""The decision log over HTTP."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework import serializers

from portal import decisions
from portal.accounts.models import User
from portal.api.nouns import Noun
from portal.models import Decision


class DecisionFields(serializers.ModelSerializer[Decision]):
    class Meta:
        model = Decision
        fields = ["id", "kind", "about", "title", "url", "by", "at", "reason"]
        read_only_fields = fields


class DecisionViewSet(Noun[Decision]):
    """Where people went against the default, with who, when and why."""

    serializer_class = DecisionFields
    filterset_fields = ["kind", "about", "by"]

    def visible(self, user: User) -> QuerySet[Decision]:
        return decisions.visible_to(user)
