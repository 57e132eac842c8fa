"""People over HTTP: everybody signed in may look a colleague up, administrators in person change them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from rest_framework import serializers

from portal import clock
from portal.accounts import leaving, people
from portal.accounts.models import User
from portal.api.nouns import Changes, Creates, in_person


class UserFields(serializers.ModelSerializer[User]):
    taken_over_by: Any = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.filter(is_active=True, is_service=False),
        write_only=True,
        required=False,
        allow_null=True,
        help_text="With is_active false: who takes the person's turns, covers, escalation steps and action items.",
    )

    class Meta:
        model = User
        fields = ["id", "email", "name", "role", "time_zone", "phone", "is_service", "is_active", "date_joined", "taken_over_by"]
        read_only_fields = ["is_service", "date_joined"]


class UserViewSet(Creates[User], Changes[User]):
    """People, and the services that act through tokens."""

    queryset = User.objects.all()
    serializer_class = UserFields
    filterset_fields = ["role", "is_active", "is_service", "email"]
    who_changes = "Only an administrator who is signed in may do that; a token never may."

    def may_add(self, user: User, given: dict[str, Any] | None) -> bool:
        return in_person(self.request)

    def may_change(self, user: User, thing: User) -> bool:
        return in_person(self.request)

    def add(self, given: dict[str, Any]) -> User:
        given.pop("taken_over_by", None)
        return people.add(given)

    @transaction.atomic
    def change(self, thing: User, given: dict[str, Any]) -> User:
        to = given.pop("taken_over_by", None)
        if thing.is_active and given.get("is_active") is False:
            leaving.hand_over(thing, to, by=self.user, at=clock.now())
        return people.change(thing, given)
