"""A postmortem: the written learning of an incident, PM-n. A section is the unit of saving."""

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
        """As visible as their incidents."""
        return self.filter(incident__in=Incident.objects.visible_to(user))

    def unfinished(self) -> PostmortemQuerySet:
        """Still being written or reviewed."""
        return self.filter(status__in=["draft", "in_review"])


class Postmortem(Versioned):
    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        IN_REVIEW = "in_review", "In review"
        PUBLISHED = "published", "Published"
        CLOSED = "closed", "Closed"

    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="postmortem")
    title = models.CharField(max_length=300)
    slug = models.SlugField(max_length=120, unique=True)  # YYYY-MM-DD-what-happened
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="postmortems")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="postmortems")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_facts = models.JSONField(null=True, blank=True)  # the facts as they were when it was published

    history = HistoricalRecords()
    objects = PostmortemQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["published", "closed"], published_at__isnull=False) | Q(status__in=["draft", "in_review"], published_at=None),
                name="postmortem_published_iff_it_has_a_time",
            )
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


class Section(Versioned):
    """One written section. Meta is computed and Action items are rows of their own, so both have no text."""

    class Kind(models.TextChoices):
        IMPACT = "impact", "Impact"
        TIMELINE = "timeline", "Timeline"
        ROOT_CAUSE = "root_cause", "Root cause"
        WENT_WELL = "went_well", "What went well"
        WENT_WRONG = "went_wrong", "What went wrong"
        LESSONS = "lessons", "Lessons learned"

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
