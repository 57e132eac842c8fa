"""One table that search reads: a document is a section of a runbook, an incident, a postmortem's section, an action item."""

from __future__ import annotations

from django.db import models


class SearchDocument(models.Model):
    key = models.CharField(max_length=200, unique=True)  # "runbook:high-error-rate#symptoms"
    group = models.CharField(max_length=80)  # all documents of one thing: "runbook:12"
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=400)
    body = models.TextField(blank=True)  # plain text or Markdown source
    names = models.TextField(blank=True)  # alert names, slugs, references: weigh most
    url = models.CharField(max_length=400)
    source_path = models.CharField(max_length=1000, blank=True)
    access = models.CharField(max_length=80, blank=True)  # what it belongs to, such as "incident:142", and may be hidden with; else ""
    label = models.CharField(max_length=60, blank=True)  # shown beside the title: "unproven", "draft"
    at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["group"], name="search_by_group"), models.Index(fields=["access"], name="search_by_access")]

    def __str__(self) -> str:
        return self.key


class SearchWord(models.Model):
    """A word of the library as it is written, for spelling. Never from a document that may be hidden."""

    word = models.CharField(max_length=64, unique=True)
    length = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["word"]
        indexes = [models.Index(fields=["length"], name="search_word_by_length")]

    def __str__(self) -> str:
        return self.word
