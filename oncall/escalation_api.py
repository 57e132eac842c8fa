"""Who is paged after whom, who belongs to a team and what a checklist holds, over HTTP. Written by leads (checklists: by editors)."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet
from rest_framework import serializers

from oncall import policies
from oncall.models import ChecklistTemplate, EscalationPolicy, EscalationStep, Membership, Service, Team, TemplateItem
from portal.accounts.models import User
from portal.api.nouns import Changes, Creates, Removes, Thing, put


class ByLeads(Creates[Thing], Changes[Thing]):
    who_changes = "Only leads of the team may change that."

    def may_add(self, user: User, given: dict[str, Any] | None) -> bool:
        return policies.leads(user, given["team"] if given else None)

    def may_change(self, user: User, thing: Any) -> bool:
        return policies.leads(user, thing.team)

    def may_hand_over(self, user: User, thing: Any, given: dict[str, Any]) -> bool:
        return policies.leads(user, given.get("team", thing.team))


class StepFields(serializers.ModelSerializer[EscalationStep]):
    after = serializers.DurationField(help_text="After the round's beginning, as hh:mm:ss.", min_value=None)

    class Meta:
        model = EscalationStep
        fields = ["after", "whom", "person", "rotation", "by", "hours"]


class PolicyFields(serializers.ModelSerializer[EscalationPolicy]):
    team: Any = serializers.SlugRelatedField("slug", queryset=Team.objects.all())
    service: Any = serializers.SlugRelatedField("slug", queryset=Service.objects.all(), required=False, allow_null=True, default=None)
    steps = StepFields(many=True)

    class Meta:
        model = EscalationPolicy
        fields = ["id", "team", "service", "severity", "rounds", "steps", "version"]
        read_only_fields = ["version"]


class EscalationPolicyViewSet(ByLeads[EscalationPolicy], Removes[EscalationPolicy]):
    """The steps of one team, or one service, for one severity. A change replaces the steps that it names."""

    serializer_class = PolicyFields
    filterset_fields = ["team__slug", "service__slug", "severity"]

    def visible(self, user: User) -> QuerySet[EscalationPolicy]:
        return EscalationPolicy.objects.select_related("team", "service").prefetch_related("steps")

    def add(self, given: dict[str, Any]) -> EscalationPolicy:
        return self.change(EscalationPolicy(), given)

    def change(self, thing: EscalationPolicy, given: dict[str, Any]) -> EscalationPolicy:
        with_rows(thing, given, "steps", lambda policy, step, order: EscalationStep(policy=policy, **step))
        return thing


class MembershipFields(serializers.ModelSerializer[Membership]):
    team: Any = serializers.SlugRelatedField("slug", queryset=Team.objects.all())

    class Meta:
        model = Membership
        fields = ["id", "team", "user", "role"]


class MembershipViewSet(ByLeads[Membership], Removes[Membership]):
    """People in teams, with their right there."""

    queryset = Membership.objects.select_related("team")
    serializer_class = MembershipFields
    filterset_fields = ["team__slug", "user", "role"]


class TemplateItemFields(serializers.ModelSerializer[TemplateItem]):
    class Meta:
        model = TemplateItem
        fields = ["group", "text", "detail", "due_before", "proof"]


class TemplateFields(serializers.ModelSerializer[ChecklistTemplate]):
    items = TemplateItemFields(many=True)

    class Meta:
        model = ChecklistTemplate
        fields = ["slug", "name", "before_shifts", "items", "version"]
        read_only_fields = ["version"]


class ChecklistTemplateViewSet(Creates[ChecklistTemplate], Changes[ChecklistTemplate]):
    """What checklists are copied from. Copies that were made keep their text."""

    queryset = ChecklistTemplate.objects.prefetch_related("items")
    serializer_class = TemplateFields
    lookup_field = "slug"
    who_changes = "Only editors may change checklists."

    def may_add(self, user: User, given: dict[str, Any] | None) -> bool:
        return policies.edits_for(user, None)

    def may_change(self, user: User, thing: ChecklistTemplate) -> bool:
        return policies.edits_for(user, None)

    def add(self, given: dict[str, Any]) -> ChecklistTemplate:
        return self.change(ChecklistTemplate(), given)

    def change(self, thing: ChecklistTemplate, given: dict[str, Any]) -> ChecklistTemplate:
        with_rows(thing, given, "items", lambda template, item, order: TemplateItem(template=template, order=order, **item))
        return thing


@transaction.atomic
def with_rows(thing: Any, given: dict[str, Any], rows: str, make: Any) -> None:
    """Save a thing and, when `given` names them, replace its rows in the order in which they came. Raises: ValidationError."""
    wanted = given.pop(rows, None)
    kept = put(thing, given)
    if wanted is not None:
        getattr(kept, rows).all().delete()
        for order, row in enumerate(wanted):
            made: Model = make(kept, row, order)
            made.full_clean()
            made.save()
