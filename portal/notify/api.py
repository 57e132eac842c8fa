"""The outbox over HTTP, for administrators: what was to be told, by which channel, and every attempt."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework import serializers

from portal.accounts.models import User
from portal.api.nouns import ByAdministrators, Noun
from portal.notify.models import Attempt, Message


class AttemptFields(serializers.ModelSerializer[Attempt]):
    class Meta:
        model = Attempt
        fields = ["number", "started_at", "ended_at", "outcome", "code", "text"]
        read_only_fields = fields


class MessageFields(serializers.ModelSerializer[Message]):
    attempts = AttemptFields(many=True, read_only=True)

    class Meta:
        model = Message
        fields = [
            *["id", "purpose", "channel", "recipient", "subject", "about", "practice", "state", "reason", "reference", "created_at", "sent_at"],
            "attempts",
        ]
        read_only_fields = fields


class MessageViewSet(ByAdministrators[Message], Noun[Message]):
    """Messages and their attempts. Their text stays with its recipient: it may hold a link that acknowledges."""

    serializer_class = MessageFields
    filterset_fields = ["state", "purpose", "channel", "recipient", "about", "practice"]

    def visible(self, user: User) -> QuerySet[Message]:
        return Message.objects.prefetch_related("attempts")
