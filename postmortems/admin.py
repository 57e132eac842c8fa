"""The writing desk: sections saved one by one, action items beside them, verbs as buttons. No rule lives here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.admin import StackedInline
from unfold.decorators import action
from unfold.forms import ActionForm
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from portal import clock
from portal.accounts.acting import acting
from portal.accounts.models import User
from portal.errors import DomainError, require
from portal.web import moments
from portal.web.admin import PolicyAdmin, PolicyInline, PolicyRights, VersionedAdmin
from portal.web.versions import VersionedForm
from postmortems import action_items, facts, findings, leaving, lint, policies, questions, reviewing, searching, writing
from postmortems.forms import SectionForm
from postmortems.models import ActionItem, MetricPair, Postmortem, Review, Section, Tag, Template, TemplateSection


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


class PostmortemForm(VersionedForm):
    """Beside its own fields: what is to be done at the next save."""

    add_section = forms.ChoiceField(
        required=False, label="Add an optional section", help_text="It appears after saving.", widget=UnfoldAdminSelectWidget
    )
    ask_reviewers = forms.ModelMultipleChoiceField(
        User.objects.none(), required=False, label="Ask to review", help_text="They are told, and chased.", widget=UnfoldAdminSelectMultipleWidget
    )

    class Meta:
        model = Postmortem
        fields = ["title", "team", "tags"]
        widgets = {"tags": UnfoldAdminSelectMultipleWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "add_section" in self.fields:  # not for who only reads
            there = set(self.instance.sections.values_list("kind", flat=True)) if self.instance.pk else set()
            left = [(kind.value, kind.label) for kind in Section.Kind if kind not in there]
            self.fields["add_section"].choices = [("", "None"), *left]  # type: ignore[attr-defined]
            people = User.objects.filter(is_active=True, is_service=False).order_by("name")
            self.fields["ask_reviewers"].queryset = people  # type: ignore[attr-defined]

    def clean_ask_reviewers(self) -> QuerySet[User]:
        chosen: QuerySet[User] = self.cleaned_data["ask_reviewers"]
        blind = [str(person) for person in chosen if not policies.can_see(person, self.instance)]
        if blind:
            raise forms.ValidationError(f"{', '.join(blind)} may not see this postmortem.")
        return chosen


class ReviewInline(ByPostmortem, PolicyInline):
    """Who was asked, and what they said; asked above, answered on the postmortem's page."""

    model = Review
    fields = ["person", "asked_at", "verdict", "comment", "answered_at"]
    readonly_fields = fields
    can_delete = False

    def may_add(self, user: User) -> bool:
        return False

    def may_change(self, user: User, thing: Any | None) -> bool:
        return False


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
    form = PostmortemForm
    fields = ["title", "meta", "before_review", "team", "author", "tags", "add_section", "ask_reviewers", "seen_version"]
    readonly_fields = ["meta", "before_review", "author"]
    list_display = ["reference", "title", "status", "team", "author", "published_at"]
    list_filter = ["status", "team"]
    list_select_related = ["team", "author"]
    ordering = ["-pk"]
    inlines = [SectionInline, ActionItemInline, ReviewInline]
    actions_detail = ["to_review", "publish", "close", "to_draft", "preview", "read", "waive"]

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

    @admin.display(description="Before review")
    def before_review(self, postmortem: Postmortem) -> str:
        """Hints and unanswered questions; the page of the postmortem answers them."""
        if postmortem.is_finished:
            return "nothing, it is " + postmortem.get_status_display().lower()
        found = findings.of(postmortem, None)
        hints = lint.hints(postmortem, found, questions.of(postmortem, found))
        return format_html_join("", "{}<br>", ((hint,) for hint in hints)) or "nothing stands out"

    def save_model(self, request: HttpRequest, obj: Postmortem, form: ModelForm[Postmortem], change: bool) -> None:
        if set(form.changed_data) & {"title", "team", "tags"}:  # else a save of one section would leave a history row here too
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
        if form.cleaned_data.get("add_section"):
            writing.add_section(form.instance.pk, form.cleaned_data["add_section"])
        if form.cleaned_data.get("ask_reviewers"):
            reviewing.ask(form.instance.pk, form.cleaned_data["ask_reviewers"], by=acting(request), at=clock.now())
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

    @action(description="Back to draft", url_path="to-draft", permissions=["change"])
    def to_draft(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._move(request, object_id, Postmortem.Status.DRAFT)

    @action(description="Preview the whole", url_path="preview")
    def preview(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return redirect("postmortem-page", pk=object_id)

    @action(description="Waive…", url_path="waive")
    def waive(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return redirect(reverse("postmortem-detail", args=[object_id]) + "#waive")

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


class BulkForm(ActionForm):
    """What an edit of many items needs; fields that the chosen action does not use are left alone."""

    owner = forms.ModelChoiceField(
        User.objects.filter(is_active=True, is_service=False).order_by("name"), required=False, widget=UnfoldAdminSelectWidget, empty_label="Owner"
    )
    due_on = forms.DateField(required=False, widget=UnfoldAdminDateWidget)
    reason = forms.CharField(required=False, max_length=2000, widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Reason"}))


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

    action_form = BulkForm
    actions = ["give_selected", "postpone_selected", "decline_selected"]

    @admin.action(description="Give to the owner chosen here", permissions=["change"])
    def give_selected(self, request: HttpRequest, chosen: QuerySet[ActionItem]) -> None:
        owner = User.objects.filter(pk=request.POST.get("owner") or 0, is_active=True).first()
        if owner is None:
            self.message_user(request, "Choose the owner beside the action first.", messages.WARNING)
            return
        self._each(request, chosen, lambda item: leaving.give(item.pk, owner, by=acting(request), at=clock.now()))

    @admin.action(description="Move to the date chosen here, with a reason", permissions=["change"])
    def postpone_selected(self, request: HttpRequest, chosen: QuerySet[ActionItem]) -> None:
        try:
            due_on = forms.DateField().clean(request.POST.get("due_on"))
        except forms.ValidationError:
            self.message_user(request, "Choose the new date beside the action first.", messages.WARNING)
            return
        reason = request.POST.get("reason", "")
        self._each(request, chosen, lambda item: action_items.postpone(item.pk, due_on, reason, by=acting(request), at=clock.now()))

    @admin.action(description="Decline, with a reason", permissions=["change"])
    def decline_selected(self, request: HttpRequest, chosen: QuerySet[ActionItem]) -> None:
        reason = request.POST.get("reason", "")
        self._each(request, chosen, lambda item: action_items.decline(item.pk, reason, by=acting(request), at=clock.now()))

    def _each(self, request: HttpRequest, chosen: QuerySet[ActionItem], verb: Callable[[ActionItem], Any]) -> None:
        """Each by itself: one that is refused says so and holds up no other."""
        done = 0
        for item in chosen.select_related("team", "postmortem__incident"):
            try:
                require(policies.can_change_item(acting(request), item), f"{item.reference} belongs to another team.")
                verb(item)
                done += 1
            except DomainError as refusal:
                self.message_user(request, str(refusal), messages.WARNING)
        if done:
            self.message_user(request, f"{done} action {'item' if done == 1 else 'items'} changed.", messages.SUCCESS)


class TemplateSectionInline(PolicyInline):
    model = TemplateSection
    fields = ["kind", "body"]


@admin.register(Template)
class TemplateAdmin(VersionedAdmin):
    list_display = ["name", "team", "severity"]
    list_select_related = ["team"]
    fields = ["name", "team", "severity", "seen_version"]
    inlines = [TemplateSectionInline]


@admin.register(MetricPair)
class MetricPairAdmin(PolicyAdmin):
    list_display = ["name", "between", "target", "target_sev1", "target_sev2"]


@admin.register(Tag)
class TagAdmin(PolicyAdmin):
    list_display = ["name", "kind"]
    list_filter = ["kind"]
    search_fields = ["name"]

    def may_add(self, user: User) -> bool:
        return policies.can_edit(user, None)
