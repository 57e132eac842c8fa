"""A runbook: a page of knowledge for a service or an alert, made of sections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from oncall.models import Service, Team
from portal.markdown import render
from portal.web.versions import Versioned

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager


class Runbook(Versioned):
    """Markdown that an editor wrote. Its sections and its HTML are derived from `body` whenever it is saved (`runbooks.editing`)."""

    class Source(models.TextChoices):
        WEB = "web", "Written here"
        SHIPPED = "shipped", "Shipped with Standby"
        FILE = "file", "Imported from a file"
        STUB = "stub", "Begun after an incident"

    class State(models.TextChoices):
        """How far it may be trusted, from evidence alone (`runbooks.freshness`)."""

        BROKEN = "broken", "Broken"
        STALE = "stale", "Stale"
        UNPROVEN = "unproven", "Unproven"
        AGEING = "ageing", "Ageing"
        FRESH = "fresh", "Fresh"

    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    summary = models.CharField(max_length=500, blank=True, help_text="One sentence: when does somebody need this?")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="runbooks", help_text="May edit it.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="Keeps it true; the team when empty."
    )
    services: models.ManyToManyField[Service, models.Model] = models.ManyToManyField(Service, blank=True, related_name="runbooks")
    body = models.TextField(blank=True, help_text="Markdown. Headings of the first two levels make the sections.")
    body_html = models.TextField(blank=True, editable=False)
    body_html_key = models.CharField(max_length=render.KEY_LENGTH, blank=True, editable=False)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.WEB, editable=False)
    source_path = models.CharField(max_length=300, blank=True, editable=False)
    called = models.CharField(max_length=200, blank=True, editable=False, db_index=True)  # its file's name, letters and digits only
    front_matter = models.TextField(blank=True, editable=False)  # as written, with its marks; goes back into the file
    links = models.JSONField(default=dict, blank=True, editable=False)  # target as written: address here, of links to other imported pages
    matchers = models.JSONField(default=list, blank=True, help_text='Label matchers: [["team", "=", "db"], ["alertname", "=~", "Pg.*"]].')
    imported_version = models.PositiveIntegerField(null=True, editable=False)  # the version that came from the file; a later one was edited here
    state = models.CharField(max_length=8, choices=State.choices, default=State.UNPROVEN, editable=False, db_index=True)
    proven_at = models.DateTimeField(null=True, editable=False)  # the evidence that its state stands on
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    history = HistoricalRecords(excluded_fields=["body_html", "body_html_key", "links", "state", "proven_at"])
    sections: RelatedManager[Section]
    aliases: RelatedManager[RunbookAlias]

    class Meta:
        ordering = ["title", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(title=""), name="runbook_has_a_title")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("runbook-detail", kwargs={"slug": self.slug})

    @property
    def subject(self) -> str:
        """Its name in the journal and in the search index."""
        return f"runbook:{self.pk}"

    @property
    def freshness(self) -> str:
        """Its state, for search and API."""
        return self.state

    @property
    def edited_here(self) -> bool:
        """Somebody changed on the web what came from a file."""
        return self.imported_version is not None and self.version != self.imported_version


class Section(models.Model):
    """A heading with its prose. Derived: rows keep their identity as long as their anchor stays."""

    class Kind(models.TextChoices):
        SYMPTOMS = "symptoms", "Symptoms"
        IMPACT = "impact", "Impact"
        DIAGNOSIS = "diagnosis", "Diagnosis"
        MITIGATION = "mitigation", "Mitigation"
        VERIFICATION = "verification", "Verification"
        ESCALATION = "escalation", "Escalation"
        BACKGROUND = "background", "Background"

    runbook = models.ForeignKey(Runbook, on_delete=models.CASCADE, related_name="sections")
    order = models.PositiveSmallIntegerField()
    anchor = models.CharField(max_length=120)  # the id on the page; letters of any language
    title = models.CharField(max_length=300, blank=True)  # empty for text before the first heading
    level = models.PositiveSmallIntegerField(default=2)  # of its heading
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.BACKGROUND)
    body = models.TextField(blank=True)
    body_html = models.TextField(blank=True)
    body_html_key = models.CharField(max_length=render.KEY_LENGTH, blank=True)
    diagnostics: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["runbook", "order"]
        constraints = [models.UniqueConstraint(fields=["runbook", "anchor"], name="section_one_per_anchor")]

    def __str__(self) -> str:
        return f"{self.runbook}: {self.title or 'beginning'}"

    @property
    def url(self) -> str:
        return f"{self.runbook.get_absolute_url()}#{self.anchor}"

    def repeats_title(self) -> bool:
        """Whether its heading says only what the top of the page says already. Its anchor stays."""
        return self.title == self.runbook.title

    def repeats_summary(self) -> bool:
        """Whether its whole text is the summary, shown under the title already."""
        return " ".join(self.body.split()) == self.runbook.summary

    @property
    def prefix(self) -> str:
        """Of the ids inside its HTML, since sections share a page."""
        return f"md-s{self.order}-"


class NamedPlace(models.Model):
    """Where an alert's name stands in a heading: derived, for pages that speak of many alerts."""

    runbook = models.ForeignKey(Runbook, on_delete=models.CASCADE, related_name="named_places")
    anchor = models.CharField(max_length=120)
    called = models.CharField(max_length=200, db_index=True)  # letters and digits only, lower case

    def __str__(self) -> str:
        return f"{self.called} in {self.runbook_id}#{self.anchor}"


class RunbookAlias(models.Model):
    """An alert by its name, and the one runbook that answers it."""

    alertname = models.CharField(max_length=200, unique=True)
    runbook = models.ForeignKey(Runbook, on_delete=models.CASCADE, related_name="aliases")

    class Meta:
        ordering = ["alertname"]
        constraints = [models.CheckConstraint(condition=~Q(alertname=""), name="runbook_alias_has_a_name")]

    def __str__(self) -> str:
        return self.alertname
