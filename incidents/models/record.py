"""What stands beside the journal's entries: files, pins, corrections; and the checklist and the levers pulled."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from incidents.models.incident import Incident
from incidents.models.telemetry import MitigationOption
from portal.markdown.render import KEY_LENGTH
from portal.models import Entry
from runbooks.models import Runbook


class Attachment(models.Model):
    """A picture or a file of the timeline, checked and, for pictures, encoded anew."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="attachments")
    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="attachments")
    file = models.FileField(max_length=200)
    name = models.CharField(max_length=120)  # as the person called it, cleaned
    media_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_picture(self) -> bool:
        return self.media_type.startswith("image/")


class Revision(models.Model):
    """A correction of an entry. The entry itself is never changed; the newest revision is what is shown."""

    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="revisions")
    body = models.TextField(blank=True)
    body_html = models.TextField(blank=True)
    body_html_key = models.CharField(max_length=KEY_LENGTH, blank=True)
    happened_at = models.DateTimeField(null=True, blank=True)  # another time than the entry says
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"revision of entry {self.entry_id}"


class Pin(models.Model):
    """An entry that is kept on top."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="pins")
    entry = models.OneToOneField(Entry, on_delete=models.CASCADE, related_name="pin")
    pinned_at = models.DateTimeField()
    pinned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pinned_at"]

    def __str__(self) -> str:
        return f"entry {self.entry_id}"


class Check(models.Model):
    """One item of an incident's checklist, its words as they were when it was attached. It belongs to nobody: any responder ticks it."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        TICKED = "ticked", "Ticked"
        SKIPPED = "skipped", "Skipped"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="checks")
    order = models.PositiveSmallIntegerField()
    group = models.CharField(max_length=60, blank=True)
    text = models.CharField(max_length=300)
    fact = models.CharField(max_length=40, blank=True)  # what ticks it by itself
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")  # null: by itself
    at = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=300, blank=True)  # how the portal knows, or why it was skipped

    class Meta:
        ordering = ["incident", "order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "order"], name="check_one_at_each_place"),
            models.CheckConstraint(
                condition=Q(state="open", at=None, by=None) | (~Q(state="open") & Q(at__isnull=False)), name="check_settled_has_a_time"
            ),
            models.CheckConstraint(condition=Q(by__isnull=False) | Q(state="open") | ~Q(why=""), name="check_ticked_by_itself_says_why"),
            models.CheckConstraint(condition=~Q(state="skipped") | ~Q(why=""), name="check_skipped_needs_a_reason"),
        ]

    def __str__(self) -> str:
        return self.text


class Mitigation(models.Model):
    """A lever that somebody pulled: which, with what command, and whether it helped."""

    class Outcome(models.TextChoices):
        TRYING = "trying", "Being tried"
        HELPED = "helped", "Helped"
        DID_NOT_HELP = "no_help", "Did not help"
        UNDONE = "undone", "Undone"

    class Run(models.TextChoices):
        BY_HAND = "by_hand", "By hand"
        WAITING = "waiting", "Waits for a second person"
        ASKED = "asked", "Asked to run"
        DONE = "done", "Run by the portal"
        FAILED = "failed", "Run failed"
        LOST = "lost", "Lost with its worker"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="mitigations")
    option = models.ForeignKey(MitigationOption, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=120)
    command = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")  # who confirmed
    at = models.DateTimeField()
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.TRYING)
    run = models.CharField(max_length=8, choices=Run.choices, default=Run.BY_HAND)
    answer = models.CharField(max_length=300, blank=True)
    reason = models.CharField(max_length=300, blank=True)  # of what the portal was asked to do
    confirmation = models.CharField(max_length=64, null=True, blank=True, unique=True)  # noqa: DJ001  (sha256 of the token; null: by hand)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class Meeting(models.Model):
    """When the responders talk the incident over."""

    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="meeting")
    starts_at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField(default=60)
    place = models.CharField(max_length=200, blank=True)
    sequence = models.PositiveIntegerField(default=0)  # raised by each change, so that calendars take it
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"meeting on {self.incident_id}"


class RunbookAnswer(models.Model):
    """The question asked once at the end: did a runbook help? “No runbook needed” is an answer."""

    class Answer(models.TextChoices):
        HELPED = "helped", "A runbook helped"
        MISLED = "misled", "A runbook misled us"
        MISSING = "missing", "A runbook was missing"
        NOT_NEEDED = "not_needed", "No runbook needed"

    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="runbook_answer")
    answer = models.CharField(max_length=10, choices=Answer.choices)
    runbook = models.ForeignKey(Runbook, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(answer__in=["helped", "misled"]) | Q(runbook__isnull=False), name="runbook_answer_names_the_runbook")
        ]

    def __str__(self) -> str:
        return self.get_answer_display()
