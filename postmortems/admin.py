"""The writing desk: sections saved one by one, action items beside them, verbs as buttons. No rule lives here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import StackedInline
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.web import moments
from portal.web.admin import PolicyInline, PolicyRights, VersionedAdmin
from portal.web.versions import VersionedForm
from postmortems import action_items, facts, policies, searching, writing
from postmortems.forms import SectionForm
from postmortems.models import ActionItem, Postmortem, Section


class ByPostmortem(PolicyRights):
    """Rows of a postmortem are edited by whoever edits the postmortem."""

    def may_change(self, user: User, thing: Any | None) -> bool:
        return policies.can_edit(user, thing if isinstance(thing, Postmortem) else None)


class SectionInline(ByPostmortem, StackedInline):
    model = Section
    form = SectionForm
    fields = ["body", "seen_version"]
    extra = 0
    can_delete = False

    def may_add(self, user: User) -> bool:
        return False  # the eight sections are laid out when it starts


class ItemForm(VersionedForm):
    class Meta:
        model = ActionItem
        fields = ["title", "type", "priority", "owner", "team", "due_on", "status", "evidence", "declined_because"]


class ActionItemInline(ByPostmortem, PolicyInline):
    model = ActionItem
    form = ItemForm
    fields = ["title", "type", "owner", "team", "due_on", "status", "evidence", "seen_version"]
    formfield_overrides = {models.TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 2})}}
    show_change_link = True


@admin.register(Postmortem)
class PostmortemAdmin(VersionedAdmin):
    fields = ["title", "meta", "team", "author", "seen_version"]
    readonly_fields = ["meta", "author"]
    list_display = ["reference", "title", "status", "team", "author", "published_at"]
    list_filter = ["status", "team"]
    list_select_related = ["team", "author"]
    ordering = ["-pk"]
    inlines = [SectionInline, ActionItemInline]
    actions_detail = ["to_review", "publish", "close", "read"]

    def may_change(self, user: User, thing: Any | None) -> bool:
        return policies.can_edit(user, thing)

    def may_add(self, user: User) -> bool:
        return False  # it starts from its incident

    def get_queryset(self, request: HttpRequest) -> QuerySet[Postmortem]:
        found: QuerySet[Postmortem] = super().get_queryset(request)
        assert isinstance(request.user, User)
        return found.filter(pk__in=Postmortem.objects.visible_to(request.user)).select_related("incident__service")

    @admin.display(description="Meta")
    def meta(self, postmortem: Postmortem) -> str:
        found = facts.of(postmortem)
        began = f"{found.began:%d %b %Y %H:%M} UTC"
        took = moments.duration(found.duration) if found.resolved_at else "no data"
        return format_html(
            "SEV{} · {} · {} {} · duration {} ({} → resolved) · responders: {}",
            found.severity,
            found.service or "no service",
            found.began_with.lower(),
            began,
            took,
            found.began_with.lower(),
            ", ".join(found.responders) or "none recorded",
        )

    def save_model(self, request: HttpRequest, obj: Postmortem, form: ModelForm[Postmortem], change: bool) -> None:
        if form.has_changed():  # else a save of one section would leave a history row here too
            super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for row in formset.save(commit=False):
            if isinstance(row, Section):
                writing.keep(row)
            else:
                action_items.prepare(row, at=clock.now())
            row.save()
            if isinstance(row, ActionItem):
                searching.index_item(row)
        formset.save_m2m()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        searching.index_postmortem(form.instance)

    @action(description="Send to review", url_path="to-review", permissions=["change"])
    def to_review(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._move(request, object_id, Postmortem.Status.IN_REVIEW)

    @action(description="Publish", url_path="publish", permissions=["change"])
    def publish(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._move(request, object_id, Postmortem.Status.PUBLISHED)

    @action(description="Close", url_path="close", permissions=["change"])
    def close(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._move(request, object_id, Postmortem.Status.CLOSED)

    @action(description="Read it", url_path="read")
    def read(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return redirect("postmortem-detail", pk=object_id)

    def _move(self, request: HttpRequest, object_id: int, status: Postmortem.Status) -> HttpResponse:
        postmortem = self.get_queryset(request).get(pk=object_id)
        try:
            assert isinstance(request.user, User)
            if not policies.can_edit(request.user, postmortem):
                raise DomainError("Only the team that owns this postmortem may do that.")
            moved = writing.move(postmortem.pk, status, by=request.user, at=clock.now())
            self.message_user(request, f"{moved.reference} is now: {moved.get_status_display().lower()}.", messages.SUCCESS)
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.WARNING)
        return redirect(reverse("admin:postmortems_postmortem_change", args=[object_id]))


@admin.register(ActionItem)
class ActionItemAdmin(VersionedAdmin):
    form = ItemForm
    fields = ["postmortem", "title", "why", "type", "priority", "owner", "team", "due_on", "status", "evidence", "declined_because", "tracker_url"]
    list_display = ["reference", "title", "status", "owner", "team", "due_on", "times_moved"]
    list_filter = ["status", "team", "type"]
    list_select_related = ["owner", "team"]
    readonly_fields = ["postmortem"]

    def get_fields(self, request: HttpRequest, obj: ActionItem | None = None) -> Any:
        return [*self.fields, "seen_version"]

    def may_change(self, user: User, thing: Any | None) -> bool:
        return policies.can_change_item(user, thing)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ActionItem]:
        found: QuerySet[ActionItem] = super().get_queryset(request)
        assert isinstance(request.user, User)
        return found.filter(pk__in=ActionItem.objects.visible_to(request.user))

    def save_model(self, request: HttpRequest, obj: ActionItem, form: ModelForm[ActionItem], change: bool) -> None:
        if change and not form.has_changed():
            return
        action_items.prepare(obj, at=clock.now())
        super().save_model(request, obj, form, change)
        searching.index_item(obj)
