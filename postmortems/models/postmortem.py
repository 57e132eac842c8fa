"""A postmortem: the written learning of an incident, PM-n. A section is the unit of saving.

One that was written elsewhere and imported has no incident; its facts and its timeline are what could be read from the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from incidents.models import Incident
from oncall.models import Team
from portal.markdown.render import KEY_LENGTH
from portal.web.versions import Versioned

if TYPE_CHECKING:
    from portal.accounts.models import User


class PostmortemQuerySet(models.QuerySet["Postmortem"]):
    def visible_to(self, user: User) -> PostmortemQuerySet:
        """As visible as their incidents; those without one are for everybody signed in."""
        return self.filter(Q(incident=None) | Q(incident__in=Incident.objects.visible_to(user)))

    def unfinished(self) -> PostmortemQuerySet:
        """Still being written or reviewed."""
        return self.filter(status__in=["draft", "in_review"])

    def published(self) -> PostmortemQuerySet:
        return self.filter(status__in=["published", "closed"])


class Tag(models.Model):
    """What kind of cause, trigger or detection it was; for finding related ones."""

    class Kind(models.TextChoices):
        CAUSE = "cause", "Cause"
        TRIGGER = "trigger", "Trigger"
        DETECTION = "detection", "Detection"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=60)

    class Meta:
        ordering = ["kind", "name"]
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="tag_once_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.get_kind_display().lower()}: {self.name}"


class Postmortem(Versioned):
    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        IN_REVIEW = "in_review", "In review"
        PUBLISHED = "published", "Published"
        CLOSED = "closed", "Closed"
        WAIVED = "waived", "Waived"

    incident = models.OneToOneField(Incident, null=True, blank=True, on_delete=models.PROTECT, related_name="postmortem")
    title = models.CharField(max_length=300)
    slug = models.SlugField(max_length=120, unique=True)  # YYYY-MM-DD-what-happened
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="postmortems")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="postmortems")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    waived_because = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_facts = models.JSONField(null=True, blank=True)  # the facts as they were when it was published, or as imported
    published_findings = models.JSONField(null=True, blank=True, editable=False)  # what the data told when it was published
    tags = models.ManyToManyField(Tag, blank=True, related_name="postmortems")
    source = models.CharField(max_length=60, blank=True, editable=False)  # the import that it came by; with the path its identity
    source_path = models.CharField(max_length=500, blank=True, editable=False)
    source_text = models.TextField(blank=True, editable=False)  # as it was read, byte for byte where it was UTF-8
    front = models.JSONField(default=dict, blank=True, editable=False)  # its front matter; unknown keys are kept

    history = HistoricalRecords(excluded_fields=["source_text", "published_findings"])
    objects = PostmortemQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["published", "closed"], published_at__isnull=False)
                | Q(status__in=["draft", "in_review", "waived"], published_at=None),
                name="postmortem_published_iff_it_has_a_time",
            ),
            models.CheckConstraint(condition=~Q(status="waived") | ~Q(waived_because=""), name="postmortem_waived_for_a_reason"),
            models.CheckConstraint(condition=Q(incident__isnull=False) | ~Q(source=""), name="postmortem_of_an_incident_or_a_source"),
            models.UniqueConstraint(fields=["source", "source_path"], condition=~Q(source=""), name="postmortem_once_of_a_source"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    @property
    def reference(self) -> str:
        return f"PM-{self.pk}"

    @property
    def subject(self) -> str:
        """Its name in the journal."""
        return f"postmortem:{self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.status not in (self.Status.DRAFT, self.Status.IN_REVIEW)


class Section(Versioned):
    """One written section. Meta is computed and Action items are rows of their own, so both have no text."""

    class Kind(models.TextChoices):
        SUMMARY = "summary", "Summary"
        IMPACT = "impact", "Impact"
        DETECTION = "detection", "Detection"
        TRIGGER = "trigger", "Trigger"
        TIMELINE = "timeline", "Timeline"
        ROOT_CAUSE = "root_cause", "Root cause"
        RESOLUTION = "resolution", "Resolution and recovery"
        WENT_WELL = "went_well", "What went well"
        WENT_WRONG = "went_wrong", "What went wrong"
        LUCKY = "lucky", "Where we got lucky"
        SURPRISED = "surprised", "Why we were surprised"
        LESSONS = "lessons", "Lessons learned"
        CUSTOMER = "customer", "Customer message"
        SUPPORTING = "supporting", "Supporting information"

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="sections")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    order = models.PositiveSmallIntegerField()
    body = models.TextField(blank=True)  # Markdown
    body_html = models.TextField(blank=True, editable=False)
    body_html_key = models.CharField(max_length=KEY_LENGTH, blank=True, editable=False)

    history = HistoricalRecords(excluded_fields=["body_html", "body_html_key"])

    class Meta:
        ordering = ["order"]
        constraints = [models.UniqueConstraint(fields=["postmortem", "kind"], name="section_one_of_each_kind")]

    def __str__(self) -> str:
        return self.get_kind_display()


ORDER = {kind: position for position, kind in enumerate(Section.Kind)}
REQUIRED = [  # the written ones of the eight; Meta and Action items are not text
    Section.Kind.IMPACT,
    Section.Kind.TIMELINE,
    Section.Kind.ROOT_CAUSE,
    Section.Kind.WENT_WELL,
    Section.Kind.WENT_WRONG,
    Section.Kind.LESSONS,
]


class ImportedEntry(models.Model):
    """A line of an imported timeline: the words for the time are kept, a guess is marked as one."""

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="imported_entries")
    order = models.PositiveIntegerField()
    written = models.CharField(max_length=120)  # "ca. 18:30"
    at = models.DateTimeField(null=True, blank=True)
    day = models.DateField(null=True, blank=True)
    rough = models.BooleanField(default=False)
    guesses = models.JSONField(default=list, blank=True)
    text = models.TextField(blank=True)

    class Meta:
        ordering = ["order"]
        constraints = [models.UniqueConstraint(fields=["postmortem", "order"], name="imported_entry_once_in_order")]

    def __str__(self) -> str:
        return f"{self.written}: {self.text[:60]}"


class Recurrence(models.Model):
    """An incident that was examined: did the same happen before? Without a postmortem: no."""

    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="recurrence")
    postmortem = models.ForeignKey(Postmortem, null=True, blank=True, on_delete=models.CASCADE, related_name="recurrences")
    found_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.incident_id} after {self.postmortem_id or 'nothing'}"


class Review(models.Model):
    """One person asked to review, and what they said."""

    class Verdict(models.TextChoices):
        APPROVED = "approved", "Approved"
        CHANGES = "changes", "Changes wanted"

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="reviews")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews")
    asked_at = models.DateTimeField()
    verdict = models.CharField(max_length=8, choices=Verdict.choices, blank=True)
    comment = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["postmortem", "person"], name="review_once_a_person"),
            models.CheckConstraint(
                condition=Q(verdict="", answered_at=None) | (~Q(verdict="") & Q(answered_at__isnull=False)), name="review_answered_iff_it_has_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_verdict_display() or 'asked'}"
