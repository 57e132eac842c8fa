"""Checklists: a template of items, and its copies attached to a shift, an incident or a drill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from oncall import proofs
from portal.errors import Invalid
from portal.web.versions import Versioned

if TYPE_CHECKING:
    from datetime import datetime

    from portal.accounts.models import User


class ChecklistTemplate(Versioned):
    """Items to tick before a shift or during an incident. An edit raises the version; copies keep the words they were made with."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    before_shifts = models.BooleanField(default=False, help_text="Opened for each shift, 24 hours before it begins.")

    history = HistoricalRecords()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TemplateItem(models.Model):
    template = models.ForeignKey(ChecklistTemplate, on_delete=models.CASCADE, related_name="items")
    order = models.PositiveSmallIntegerField(default=0)
    group = models.CharField(max_length=60, blank=True)
    text = models.CharField(max_length=300)
    detail = models.CharField(max_length=300, blank=True, help_text="A command to copy or an address to open.")
    due_before = models.DurationField(null=True, blank=True, help_text="How long before the copy is due, as hh:mm:ss; empty: when it is due.")
    proof = models.CharField(max_length=80, blank=True, help_text="A check that ticks it, such as test-page or diagnostic:redis-health.")

    history = HistoricalRecords()

    class Meta:
        ordering = ["template", "order", "pk"]

    def __str__(self) -> str:
        return self.text

    def clean(self) -> None:
        """Raises: ValidationError, `proof` names no check that there is."""
        if self.proof:
            try:
                proofs.read(self.proof)
            except Invalid as wrong:
                raise ValidationError({"proof": str(wrong)}) from wrong


class ChecklistQuerySet(models.QuerySet["Checklist"]):
    def of(self, user: User) -> ChecklistQuerySet:
        return self.filter(person=user)

    def unfinished(self) -> ChecklistQuerySet:
        return self.filter(items__state="open").distinct()

    def in_hand(self, at: datetime) -> ChecklistQuerySet:
        """Of shifts that have not ended by `at`."""
        return self.filter(ends_at__gt=at)


class Checklist(models.Model):
    """One copy of a template for one person. `about` is the journal's subject, such as `shift:3:2026-03-02`."""

    template = models.ForeignKey(ChecklistTemplate, on_delete=models.PROTECT, related_name="copies")
    template_version = models.PositiveIntegerField(default=1)
    about = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="checklists")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()  # a shift checklist: when the shift begins
    ends_at = models.DateTimeField()
    lead_told_at = models.DateTimeField(null=True, blank=True)

    objects = ChecklistQuerySet.as_manager()

    class Meta:
        ordering = ["-due_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["template", "about", "person"], name="checklist_one_per_subject_and_person")]

    def __str__(self) -> str:
        return self.title

    @property
    def done(self) -> int:
        """How many items are ticked or skipped; reads the prefetched items."""
        return sum(item.state != "open" for item in self.items.all())


class ChecklistItem(models.Model):
    """One line of a copy, its text as it was when the copy was made."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        TICKED = "ticked", "Ticked"
        SKIPPED = "skipped", "Skipped"

    checklist = models.ForeignKey(Checklist, on_delete=models.CASCADE, related_name="items")
    order = models.PositiveSmallIntegerField()
    group = models.CharField(max_length=60, blank=True)
    text = models.CharField(max_length=300)
    detail = models.CharField(max_length=300, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)  # empty: when the copy is due
    proof = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    proved_by = models.CharField(max_length=200, blank=True)  # what ticked it, where that was not a click

    class Meta:
        ordering = ["checklist", "order", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", at=None, by=None) | (~Q(state="open") & Q(at__isnull=False, by__isnull=False)),
                name="checklist_item_says_who_and_when",
            ),
            models.CheckConstraint(condition=~Q(state="skipped") | ~Q(reason=""), name="checklist_item_skipped_needs_a_reason"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def proof_url(self) -> str:
        """Where its person does what proves it; empty for a test page, and for what a click ticks."""
        return proofs.found(self.proof)[1]
