"""People over HTTP: everybody signed in may look a colleague up, administrators in person change them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portal.accounts import people
from portal.accounts.models import User
from portal.api.nouns import Changes, Creates, in_person


class UserFields(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["id", "email", "name", "role", "time_zone", "phone", "is_service", "is_active", "date_joined"]
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
        return people.add(given)

    def change(self, thing: User, given: dict[str, Any]) -> User:
        return people.change(thing, given)
