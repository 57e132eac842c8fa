"""The journal: append-only entries about a subject named by text, such as `incident:142`."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Entry(models.Model):
    """One thing that happened. Packages to the right keep the vocabulary of `kind` for their subjects."""

    subject = models.CharField(max_length=80)
    kind = models.CharField(max_length=30)
    at = models.DateTimeField()  # when it happened, may be backdated
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    body = models.TextField(blank=True)  # Markdown that a person wrote
    body_html = models.TextField(blank=True)
    body_html_key = models.CharField(max_length=160, blank=True)
    url = models.CharField(max_length=300, blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name_plural = "journal entries"
        indexes = [
            models.Index(fields=["subject", "at", "id"], name="journal_by_subject"),
            models.Index(fields=["subject", "-id"], name="journal_newest"),  # is there anything new?
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.kind}: {self.text[:60]}"
