"""Tables that search reads: a document is a thing or one of its sections; the words of the library; the trade's synonyms."""

from __future__ import annotations

from django.db import models


class SearchDocument(models.Model):
    """A thing that can be found (part 0: a runbook, an incident, a postmortem, an action item) or one of its sections (1, 2, …)."""

    key = models.CharField(max_length=200, unique=True)  # "runbook:high-error-rate#symptoms"
    group = models.CharField(max_length=80)  # all documents of one thing: "runbook:12"
    part = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=400)  # of the thing
    section = models.CharField(max_length=300, blank=True)  # its heading, where the document is a section
    body = models.TextField(blank=True)  # plain text or Markdown source
    names = models.TextField(blank=True)  # alert names, slugs, references: weigh most
    url = models.CharField(max_length=400)
    source_path = models.CharField(max_length=1000, blank=True)
    access = models.CharField(max_length=80, blank=True)  # what it belongs to, such as "incident:142", and may be hidden with; else ""
    label = models.CharField(max_length=60, blank=True)  # shown beside the title: "unproven", "draft"
    at = models.DateTimeField(null=True, blank=True)
    # What is searched: stems with single spaces (`portal.search.terms.stems`), of what it is called and of what it says.
    head = models.TextField(blank=True)
    tail = models.TextField(blank=True)
    facets = models.TextField(blank=True)  # "kindxrunbook servicexagentapi": what filters ask for
    length = models.PositiveIntegerField(default=0)  # stems of the whole thing (part 0) or of the section

    words: set[str] | None = None  # as written; known while it is being indexed

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["group", "part"], name="search_by_group"),
            models.Index(fields=["access"], name="search_by_access", condition=~models.Q(access="")),
        ]

    def __str__(self) -> str:
        return self.key


class SearchWord(models.Model):
    """A word of the library as it is written, for spelling and for how rare it is. Never from a document that may be hidden."""

    word = models.CharField(max_length=64, unique=True)
    stem = models.CharField(max_length=64, db_index=True)
    documents = models.PositiveIntegerField(default=1)  # that hold it, as of the last count; the row "" holds how many there are

    class Meta:
        ordering = ["word"]

    def __str__(self) -> str:
        return self.word


class Synonym(models.Model):
    """One line of the trade's synonyms: `k8s = kubernetes = kube`. Without any row the shipped ones count."""

    words = models.CharField(max_length=400, unique=True, help_text="Words or short phrases that mean the same, with = between them.")

    class Meta:
        ordering = ["words"]

    def __str__(self) -> str:
        return self.words
