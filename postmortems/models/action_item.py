"""An action item: one owned, dated improvement, AI-n. It outlives its incident."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from oncall.models import Team
from portal.notify.models import Message
from portal.web.versions import Versioned
from postmortems.models.postmortem import Postmortem

if TYPE_CHECKING:
    from portal.accounts.models import User

UNFINISHED = ("open", "in_progress")


class ActionItemQuerySet(models.QuerySet["ActionItem"]):
    def unfinished(self) -> ActionItemQuerySet:
        return self.filter(status__in=UNFINISHED)

    def overdue(self, now: datetime) -> ActionItemQuerySet:
        """Unfinished, and the day after the due date has begun where the owner lives (UTC without an owner). 1 query more, for the zones."""
        unfinished = self.unfinished()
        late = Q(owner=None, due_on__lt=now.date())
        for zone in unfinished.exclude(owner=None).order_by().values_list("owner__time_zone", flat=True).distinct():
            late |= Q(owner__time_zone=zone, due_on__lt=now.astimezone(ZoneInfo(zone)).date())
        return unfinished.filter(late)

    def visible_to(self, user: User) -> ActionItemQuerySet:
        """As visible as the postmortem they come from."""
        return self.filter(Q(postmortem=None) | Q(postmortem__in=Postmortem.objects.visible_to(user)))


class ActionItem(Versioned):
    class Status(models.TextChoices):
        OPEN = "open", "Open"
        IN_PROGRESS = "in_progress", "In progress"
        DONE = "done", "Done"
        VERIFIED = "verified", "Verified"
        DECLINED = "declined", "Declined"

    class Type(models.TextChoices):
        MITIGATE = "mitigate", "Mitigate"
        PREVENT = "prevent", "Prevent"
        DETECT = "detect", "Detect"
        PROCESS = "process", "Process"
        REPAIR_RUNBOOK = "repair_runbook", "Repair runbook"

    class Priority(models.IntegerChoices):
        HIGH = 1, "High"
        MEDIUM = 2, "Medium"
        LOW = 3, "Low"

    postmortem = models.ForeignKey(Postmortem, null=True, blank=True, on_delete=models.PROTECT, related_name="action_items")
    title = models.CharField(max_length=300)
    why = models.TextField(blank=True)
    type = models.CharField(max_length=14, choices=Type.choices, default=Type.PREVENT)
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.MEDIUM)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="action_items")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="action_items")
    due_on = models.DateField(null=True, blank=True)
    times_moved = models.PositiveSmallIntegerField(default=0, editable=False)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPEN)
    evidence = models.TextField(blank=True, help_text="What shows that it is done: a link, a run, a drill or a sentence.")
    verify_by = models.DateField(null=True, blank=True, editable=False)
    declined_because = models.TextField(blank=True)
    tracker_url = models.URLField(blank=True)
    created_at = models.DateTimeField(editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    history = HistoricalRecords()
    objects = ActionItemQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "priority", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(status__in=["done", "verified"]) | ~Q(evidence=""), name="action_item_done_needs_evidence"),
            models.CheckConstraint(condition=~Q(status="declined") | ~Q(declined_because=""), name="action_item_declined_needs_a_reason"),
            models.CheckConstraint(
                condition=Q(status__in=["open", "in_progress"], finished_at=None)
                | Q(status__in=["done", "verified", "declined"], finished_at__isnull=False),
                name="action_item_finished_iff_it_has_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["due_on"], condition=Q(status__in=["open", "in_progress"]), name="action_item_reminders"),
            models.Index(fields=["owner", "status"], name="action_item_by_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    @property
    def reference(self) -> str:
        return f"AI-{self.pk}"

    @property
    def subject(self) -> str:
        """Its name in the journal."""
        return f"action:{self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.status not in UNFINISHED

    def days_late(self, now: datetime) -> int:
        """Whole days since the due date on the owner's calendar (UTC without an owner); 0 when not late, finished or undated."""
        if self.is_finished or self.due_on is None:
            return 0
        today = now.astimezone(self.owner.zone).date() if self.owner else now.date()
        return max((today - self.due_on).days, 0)


class Reminder(models.Model):
    """One rung of the ladder, settled. The unique row is why nothing is sent twice; a missed rung is settled by the mail of a later one."""

    item = models.ForeignKey(ActionItem, on_delete=models.CASCADE, related_name="reminders")
    rung = models.SmallIntegerField()  # days after the due date
    due_on = models.DateField()
    settled_at = models.DateTimeField()
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["item", "due_on", "rung"]
        constraints = [models.UniqueConstraint(fields=["item", "rung", "due_on"], name="reminder_once_per_rung_and_due_date")]

    def __str__(self) -> str:
        return f"{self.item_id} {self.rung:+d} of {self.due_on}"
