"""An action item: one owned, dated improvement, AI-n. It outlives its incident."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
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

    class Origin(models.TextChoices):
        POSTMORTEM = "postmortem", "Postmortem"
        FEEDBACK = "feedback", "Runbook feedback"
        DRILL = "drill", "Fire drill"
        HAND = "hand", "By hand"
        IMPORT = "import", "Imported"

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
    dated_at = models.DateTimeField(null=True, editable=False)  # when the due date was set; earlier rungs of the ladder are not owed
    next_reminder_at = models.DateTimeField(null=True, editable=False)  # the next rung; null when nothing is to be asked any more
    times_moved = models.PositiveSmallIntegerField(default=0, editable=False)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPEN)
    evidence = models.TextField(blank=True, help_text="What shows that it is done: a link, a run, a drill or a sentence.")
    verify_by = models.DateField(null=True, blank=True, help_text="When we ask whether it held. Default: 30 days after it is done.")
    declined_because = models.TextField(blank=True)
    tracker_url = models.URLField(blank=True)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.POSTMORTEM, editable=False)
    origin_url = models.CharField(max_length=300, blank=True, editable=False)  # the runbook section, the drill
    tag = models.CharField(max_length=120, blank=True)  # the heading that it stood under where it came from
    written_owner = models.CharField(max_length=120, blank=True, editable=False)  # as an imported text names the owner
    created_at = models.DateTimeField(editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    history = HistoricalRecords(excluded_fields=["next_reminder_at", "dated_at"])
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
            # What is dated and open always has a next reminder; what is done is asked about until it is verified.
            models.CheckConstraint(
                condition=~Q(status__in=["open", "in_progress"]) | Q(due_on=None) | Q(next_reminder_at__isnull=False, dated_at__isnull=False),
                name="action_item_chased_while_open",
            ),
            models.CheckConstraint(
                condition=~Q(status="done") | Q(verify_by__isnull=False, next_reminder_at__isnull=False), name="action_item_asked_whether_it_held"
            ),
        ]
        indexes = [
            models.Index(fields=["next_reminder_at"], condition=Q(next_reminder_at__isnull=False), name="action_item_next_reminder"),
            models.Index(fields=["due_on", "id"], condition=Q(status__in=["open", "in_progress"]), name="action_item_open_list"),
            models.Index(fields=["owner", "status"], name="action_item_by_owner"),
            models.Index(fields=["created_at"], name="action_item_by_created"),
            models.Index(fields=["finished_at"], condition=Q(finished_at__isnull=False), name="action_item_by_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """What is to be asked about and has no next reminder is looked at by the next scan, which finds the true moment."""
        if self.asked_about and self.next_reminder_at is None:
            self.next_reminder_at = self.created_at
        if self.due_on and self.dated_at is None:
            self.dated_at = self.created_at
        super().save(*args, **kwargs)

    @property
    def asked_about(self) -> bool:
        """Open with a date, or done and not verified."""
        return self.status == self.Status.DONE or (self.status in UNFINISHED and self.due_on is not None)

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
    """One rung of one ladder for one person, settled: told in a digest, or nothing more to tell. The unique row is why nothing is sent twice."""

    class Asks(models.TextChoices):
        DO = "do", "Is it done?"
        VERIFY = "verify", "Did it hold?"
        OWN = "own", "Yours now"
        DRAFT = "draft", "Write the draft"
        PUBLISH = "publish", "Publish it"
        REVIEW = "review", "Review it"

    asks = models.CharField(max_length=8, choices=Asks.choices, default=Asks.DO)
    item = models.ForeignKey(ActionItem, null=True, on_delete=models.CASCADE, related_name="reminders")
    postmortem = models.ForeignKey(Postmortem, null=True, on_delete=models.CASCADE, related_name="reminders")
    rung = models.SmallIntegerField()  # days from the due date
    due_on = models.DateField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    as_lead = models.BooleanField(default=False)  # told beside the owner
    waits = models.BooleanField(default=True)  # a line for the person's next digest
    settled_at = models.DateTimeField()
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["due_on", "rung", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["asks", "item", "rung", "due_on"], condition=Q(as_lead=False, item__isnull=False), name="reminder_once_per_rung_of_an_item"
            ),
            models.UniqueConstraint(
                fields=["asks", "item", "rung", "due_on", "person"], condition=Q(as_lead=True, item__isnull=False), name="reminder_once_per_lead"
            ),
            models.UniqueConstraint(
                fields=["asks", "postmortem", "rung", "due_on", "person"], condition=Q(postmortem__isnull=False), name="reminder_once_of_a_postmortem"
            ),
            models.CheckConstraint(
                condition=Q(item__isnull=False, postmortem=None) | Q(item=None, postmortem__isnull=False), name="reminder_is_of_one_thing"
            ),
            models.CheckConstraint(condition=Q(waits=False) | Q(message=None), name="reminder_waits_until_it_is_told"),
        ]
        indexes = [models.Index(fields=["person"], condition=Q(waits=True), name="reminder_waiting")]

    def __str__(self) -> str:
        return f"{self.asks} {self.item_id or self.postmortem_id} {self.rung:+d} of {self.due_on}"
