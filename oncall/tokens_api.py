"""API tokens over HTTP: made, shown once, listed with their last use, revoked. Administrators in person."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from oncall import tokens
from oncall.models import Team
from portal import clock
from portal.accounts.models import ApiToken, User
from portal.accounts.roles import Role
from portal.accounts.tokens import revoke
from portal.api.nouns import ByAdministrators, Noun
from portal.errors import Invalid
from portal.web.throttle import refuse_too_often

MOST = 10  # new tokens a minute and administrator


class TokenFields(serializers.ModelSerializer[ApiToken]):
    role = serializers.SerializerMethodField(help_text="What it may do; with a team, in that team.")
    team = serializers.SerializerMethodField(help_text="A slug, or null for the whole house.")

    class Meta:
        model = ApiToken
        fields = ["id", "name", "prefix", "role", "team", "scope", "created_at", "expires_at", "last_used_at", "revoked_at"]
        read_only_fields = fields

    def get_role(self, token: ApiToken) -> str:
        held = next(iter(token.user.membership_set.all()), None)
        return held.role if held else token.user.role

    def get_team(self, token: ApiToken) -> str | None:
        held = next(iter(token.user.membership_set.all()), None)
        return held.team.slug if held else None


class NewToken(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=60)
    role = serializers.ChoiceField(choices=Role.choices)
    team: Any = serializers.SlugRelatedField("slug", queryset=Team.objects.all(), required=False, allow_null=True, default=None)
    scope = serializers.ChoiceField(choices=ApiToken.Scope.choices, default=ApiToken.Scope.WRITE)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class ShownToken(TokenFields):
    secret = serializers.CharField(read_only=True, help_text="sb_…; shown once.")

    class Meta(TokenFields.Meta):
        fields = [*TokenFields.Meta.fields, "secret"]
        read_only_fields = fields


class TokenViewSet(ByAdministrators[ApiToken], Noun[ApiToken]):
    """Tokens: one role, maybe one team, reading or writing, with their last use."""

    serializer_class = TokenFields
    filterset_fields = ["scope", "name"]

    def visible(self, user: User) -> QuerySet[ApiToken]:
        return ApiToken.objects.select_related("user").prefetch_related("user__membership_set__team")

    @extend_schema(request=NewToken, responses={201: ShownToken})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make a token; its secret is shown in this answer only."""
        refuse_too_often("token", self.user, a_minute=MOST)
        wanted, now = self.read(NewToken), clock.now()
        if wanted["expires_at"] and wanted["expires_at"] <= now:
            raise Invalid("expires_at must lie in the future.")
        wanted["role"] = Role(wanted["role"])
        token, secret = tokens.create(wanted.pop("name"), **wanted, at=now)
        return Response({**TokenFields(token).data, "secret": secret}, status=201, headers={"Location": f"/api/tokens/{token.pk}/"})

    @extend_schema(request=None, responses=TokenFields)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """It fails from the next request on."""
        token = self.get_object()
        revoke(token, at=clock.now())
        return self.answer(token)
