"""The API of postmortems and action items. Fields are listed, verbs call the stories."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.models import Incident
from oncall.models import Team
from portal import clock
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.api import versions
from portal.api.nouns import Changes, Creates, Noun
from portal.errors import Invalid, Stale, require
from postmortems import action_items, facts, policies, writing
from postmortems.models import ActionItem, Postmortem, Section

OWN = "Only its owner and the team that it belongs to may do that."


class SectionFields(serializers.ModelSerializer[Section]):
    class Meta:
        model = Section
        fields = ["id", "kind", "body", "version"]
        read_only_fields = ["kind"]


class _Seen(serializers.PrimaryKeyRelatedField):  # type: ignore[type-arg]
    """A relation that knows only what its reader may see: what is hidden is refused in the words of what does not exist."""

    def get_queryset(self) -> QuerySet[Any]:
        found: Any = super().get_queryset()
        request = self.context.get("request")
        seen: QuerySet[Any] = found.visible_to(acting(request)) if request else found.none()
        return seen


class PostmortemFields(serializers.ModelSerializer[Postmortem]):
    reference = serializers.CharField(read_only=True)
    incident = _Seen(queryset=Incident.objects.all())
    team: Any = serializers.SlugRelatedField("slug", read_only=True, allow_null=True)
    sections = SectionFields(many=True, read_only=True)
    facts = serializers.SerializerMethodField()

    class Meta:
        model = Postmortem
        fields = ["id", "reference", "incident", "title", "slug", "status", "team", "author", "created_at", "published_at", "facts", "sections"]
        read_only_fields = ["title", "slug", "status", "author", "created_at", "published_at"]

    def get_facts(self, postmortem: Postmortem) -> dict[str, Any]:
        found = facts.of(postmortem)
        return {name: getattr(found, name) for name in found.__dataclass_fields__}


class SectionEdit(serializers.Serializer[Any]):
    body = serializers.CharField(allow_blank=True, trim_whitespace=False)


class PostmortemFilter(filters.FilterSet):
    class Meta:
        model = Postmortem
        fields = ["status", "incident"]


class PostmortemViewSet(Noun[Postmortem]):
    serializer_class = PostmortemFields
    filterset_class = PostmortemFilter

    def visible(self, user: User) -> QuerySet[Postmortem]:
        visible = Postmortem.objects.visible_to(user)
        return visible.select_related("incident__service", "team").prefetch_related("sections", "incident__milestones")

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Start the postmortem of a resolved incident; asking again answers the same one."""
        wanted = self.get_serializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        require(policies.can_start(acting(request)), "Responders start postmortems.")
        postmortem = writing.start(wanted.validated_data["incident"].pk, by=acting(request), at=clock.now())
        return self.answer(postmortem, 201, Location=f"/api/postmortems/{postmortem.pk}/")

    @extend_schema(request=SectionEdit, responses=SectionFields, operation_id="postmortems_section_save")
    @action(detail=True, methods=["put"], url_path=r"sections/(?P<kind>\w+)")
    def section(self, request: Request, pk: str, kind: str) -> Response:
        """Save one section on top of the version that was read, which If-Match names; 412 when somebody saved since."""
        postmortem = self._editable()
        found = postmortem.sections.filter(kind=kind).first()
        if found is None:
            raise Http404
        versions.check(request.headers.get("If-Match"), versions.of_version(found.version))
        wanted = self.read(SectionEdit)
        try:
            saved = writing.save_section(found.pk, wanted["body"], seen=found.version, at=clock.now())
        except Stale as refusal:
            raise versions.Outdated(str(refusal)) from refusal
        return Response(SectionFields(saved).data, headers={"ETag": versions.of_version(saved.version)})

    @extend_schema(request=None, responses=PostmortemFields)
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: str) -> Response:
        return self.answer(writing.move(self._editable().pk, Postmortem.Status.PUBLISHED, by=acting(request), at=clock.now()))

    def _editable(self) -> Postmortem:
        postmortem = self.get_object()
        require(policies.can_edit(acting(self.request), postmortem), "Only the team that owns this postmortem may edit it.")
        return postmortem


class ActionItemFields(serializers.ModelSerializer[ActionItem]):
    reference = serializers.CharField(read_only=True)
    postmortem: Any = _Seen(queryset=Postmortem.objects.all(), required=False, allow_null=True)
    team: Any = serializers.SlugRelatedField("slug", queryset=Team.objects.all(), required=False, allow_null=True)
    days_late = serializers.SerializerMethodField()

    class Meta:
        model = ActionItem
        fields = [
            *["id", "reference", "postmortem", "title", "why", "type", "priority", "owner", "team", "due_on", "times_moved", "status"],
            *["evidence", "verify_by", "declined_because", "tracker_url", "created_at", "finished_at", "days_late", "version"],
        ]
        read_only_fields = ["times_moved", "status", "evidence", "verify_by", "declined_because", "created_at", "finished_at", "version"]

    def get_days_late(self, item: ActionItem) -> int:
        return item.days_late(clock.now())


class EvidenceFields(serializers.Serializer[Any]):
    evidence = serializers.CharField(max_length=2000)


class ItemReasonFields(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class PostponeFields(serializers.Serializer[Any]):
    due_on = serializers.DateField()
    reason = serializers.CharField(max_length=2000)


class ActionItemFilter(filters.FilterSet):
    overdue = filters.BooleanFilter(method="only_overdue")

    class Meta:
        model = ActionItem
        fields = ["status", "owner", "postmortem"]

    def only_overdue(self, found: Any, name: str, value: bool) -> Any:
        return found.overdue(clock.now()) if value else found


class ActionItemViewSet(Creates[ActionItem], Changes[ActionItem]):
    """Improvements: owned, dated, finished with evidence."""

    who_changes = "Only the team that it belongs to may change it."
    serializer_class = ActionItemFields
    filterset_class = ActionItemFilter

    def visible(self, user: User) -> QuerySet[ActionItem]:
        return ActionItem.objects.visible_to(user).select_related("owner", "team", "postmortem__incident")

    def may_add(self, user: User, given: dict[str, Any] | None) -> bool:
        if given is None:
            return policies.can_change_item(user, None)
        return policies.can_change_item(user, action_items.prepared(ActionItem(**given), at=clock.now()))

    def may_change(self, user: User, thing: ActionItem) -> bool:
        return policies.can_change_item(user, thing)

    def may_hand_over(self, user: User, thing: ActionItem, given: dict[str, Any]) -> bool:
        return policies.can_change_item(user, ActionItem(team=given.get("team", thing.team), postmortem=given.get("postmortem", thing.postmortem)))

    def add(self, given: dict[str, Any]) -> ActionItem:
        return action_items.write(ActionItem(**given), at=clock.now())

    def change(self, thing: ActionItem, given: dict[str, Any]) -> ActionItem:
        """All but the date of an item that has one: that is postponed, with a reason."""
        if thing.due_on and given.get("due_on", thing.due_on) != thing.due_on:
            raise Invalid("Move the date by postponing, with a reason.")
        for name, value in given.items():
            setattr(thing, name, value)
        return action_items.write(thing, at=clock.now())

    @extend_schema(request=None, responses=ActionItemFields)
    @action(detail=True, methods=["post"])
    def begin(self, request: Request, pk: str) -> Response:
        """Somebody works on it."""
        item = self.get_object()
        require(policies.can_finish(self.user, item), OWN)
        return self.answer(action_items.begin(item.pk, by=self.user, at=clock.now()))

    @extend_schema(request=ItemReasonFields, responses=ActionItemFields)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        item, wanted = self._own(ItemReasonFields)
        return self.answer(action_items.decline(item.pk, wanted["reason"], by=self.user, at=clock.now()))

    @extend_schema(request=ItemReasonFields, responses=ActionItemFields)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        item, wanted = self._own(ItemReasonFields)
        return self.answer(action_items.reopen(item.pk, wanted["reason"], by=self.user, at=clock.now()))

    @extend_schema(request=EvidenceFields, responses=ActionItemFields)
    @action(detail=True, methods=["post"])
    def done(self, request: Request, pk: str) -> Response:
        item, wanted = self._own(EvidenceFields)
        return self.answer(action_items.finish(item.pk, wanted["evidence"], by=acting(request), at=clock.now()))

    @extend_schema(request=PostponeFields, responses=ActionItemFields)
    @action(detail=True, methods=["post"])
    def postpone(self, request: Request, pk: str) -> Response:
        item, wanted = self._own(PostponeFields)
        return self.answer(action_items.postpone(item.pk, wanted["due_on"], wanted["reason"], by=acting(request), at=clock.now()))

    def _own(self, fields: type[serializers.Serializer[Any]]) -> tuple[ActionItem, dict[str, Any]]:
        item = self.get_object()
        require(policies.can_finish(acting(self.request), item), OWN)
        return item, self.read(fields)
