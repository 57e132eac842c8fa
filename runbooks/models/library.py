"""Where runbooks come from: sources, and each file with its bytes as they were read."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from oncall.models import Team
from runbooks.models.runbook import Runbook


class RunbookSource(models.Model):
    """A folder, a git work tree or an upload whose files become runbooks. `slug` is the name that `import_runbooks` is given."""

    class Kind(models.TextChoices):
        FOLDER = "folder", "Folder on this server"
        GIT = "git", "Git work tree on this server"
        UPLOAD = "upload", "Uploaded archive"

    slug = models.SlugField(max_length=60, unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    path = models.CharField(max_length=1000, blank=True, help_text="On this server; empty for uploads.")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", help_text="Its runbooks belong to this team.")
    every_hours = models.PositiveSmallIntegerField(default=0, help_text="Hours between two imports of its own; 0: only by hand.")
    commit = models.CharField(max_length=64, blank=True, editable=False)  # of a git work tree, as of the last import
    imported_at = models.DateTimeField(null=True, blank=True, editable=False)
    report = models.JSONField(default=dict, blank=True, editable=False)  # `Report.as_json()` of the last import

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class SourceFile(models.Model):
    """One file of a source: its bytes as last read, and the runbook that it became. Identity is source and path."""

    source = models.ForeignKey(RunbookSource, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=1000)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    encoding = models.CharField(max_length=12, blank=True)  # of a text: "utf-8", "utf-8-sig", "utf-16", "latin-1"; empty for an image
    runbook = models.ForeignKey(Runbook, null=True, blank=True, on_delete=models.SET_NULL, related_name="files")
    gone_at = models.DateTimeField(null=True, blank=True)  # no longer in its source
    theirs = models.BinaryField(null=True, blank=True)  # what the source has now, where the runbook was edited here too: a conflict

    class Meta:
        ordering = ["source", "path"]
        constraints = [models.UniqueConstraint(fields=["source", "path"], name="source_file_one_per_path")]
        indexes = [models.Index(fields=["runbook"], condition=Q(theirs__isnull=False), name="source_file_conflicts")]

    def __str__(self) -> str:
        return f"{self.source}: {self.path}"
