"""What stands beside the text of a postmortem: what was left out, what the data ask, comments, pictures; and the templates it starts from."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from simple_history.models import HistoricalRecords

from incidents.models.incident import Severity
from oncall.models import Team
from portal.models import Entry
from portal.web.versions import Versioned
from postmortems.models.postmortem import Postmortem, Section


class LeftOut(models.Model):
    """An entry of the incident's timeline that the postmortem does not show."""

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="left_out")
    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["postmortem", "entry"], name="left_out_once")]

    def __str__(self) -> str:
        return f"entry {self.entry_id}"


class Answer(models.Model):
    """What the writers say to a question that the data ask. `key` names the question, so that it stays answered when its figures move."""

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="answers")
    key = models.CharField(max_length=80)
    text = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["postmortem", "key"], name="answer_one_to_each_question")]

    def __str__(self) -> str:
        return self.key


class Comment(models.Model):
    """A remark on a postmortem or one of its sections. Never changed; settled once it was dealt with."""

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="comments")
    section = models.ForeignKey(Section, null=True, blank=True, on_delete=models.CASCADE, related_name="comments")
    text = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text[:60]


class Picture(models.Model):
    """A picture for the text, checked and encoded anew; its address goes into the Markdown."""

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="pictures")
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


class Template(Versioned):
    """What a postmortem starts with, for a team, a severity, both, or everybody."""

    name = models.CharField(max_length=120, unique=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="+", help_text="Empty: every team.")
    severity = models.PositiveSmallIntegerField(choices=Severity.choices, null=True, blank=True, help_text="Empty: every severity.")

    history = HistoricalRecords()

    class Meta:
        ordering = ["name"]
        verbose_name = "postmortem template"
        constraints = [
            models.UniqueConstraint(Coalesce("team", 0), Coalesce("severity", 0), name="template_one_for_a_team_and_severity"),
        ]

    def __str__(self) -> str:
        return self.name


class TemplateSection(models.Model):
    """The text that a section starts with. An optional section is laid out where its template has it."""

    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="sections")
    kind = models.CharField(max_length=12, choices=Section.Kind.choices)
    body = models.TextField(blank=True, help_text="Markdown that the section starts with.")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["template", "kind"], name="template_section_one_of_each_kind")]

    def __str__(self) -> str:
        return self.get_kind_display()
