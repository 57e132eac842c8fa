"""Sources, the ledger of their requests, alerts and their episodes (alerts.md sections 2 and 3)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from incidents.models.incident import Incident
from oncall.models import Service


class Source(models.Model):
    """Where alerts come from: one Alertmanager, or a pair of them."""

    name = models.SlugField(max_length=60, unique=True)
    is_enabled = models.BooleanField(default=True)
    default_service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    last_delivery_at = models.DateTimeField(null=True, blank=True)
    last_heartbeat_at = models.DateTimeField(null=True, blank=True)  # its Watchdog, seen firing
    stale_since = models.DateTimeField(null=True, blank=True)  # its Watchdog ended: what it says about endings is not believed
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SourceToken(models.Model):
    """At most two active tokens a source, so that they can be rotated."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="tokens")
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.source} {self.prefix}…"


class Delivery(models.Model):
    """The ledger: one request of a source, kept raw. Committed before anything is made of it."""

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        APPLIED = "applied", "Applied"
        FAILED = "failed", "Failed"

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", "Webhook"
        RECONCILE = "reconcile", "Found by asking the source"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="deliveries")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.WEBHOOK)
    body = models.BinaryField()  # zlib
    length = models.PositiveIntegerField()  # bytes of the raw body
    sha256 = models.CharField(max_length=64)
    headers = models.JSONField(default=dict)  # without credentials
    peer = models.CharField(max_length=60, blank=True)
    received_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.RECEIVED)
    understood = models.BooleanField(default=True)
    problems = models.JSONField(default=list)  # sentences
    outcome = models.JSONField(default=dict)  # what was made of it, by fingerprint
    alert_count = models.PositiveIntegerField(default=0)
    truncated = models.PositiveIntegerField(default=0)  # alerts that the source did not show

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-received_at", "-pk"]
        indexes = [
            models.Index(fields=["source", "-received_at"], name="delivery_by_source"),
            models.Index(fields=["state", "received_at"], condition=~Q(state="applied"), name="delivery_to_do"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk} of {self.source_id}"


class Alert(models.Model):
    """A labelled signal, identified by source and fingerprint; lives across many episodes."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="alerts")
    fingerprint = models.CharField(max_length=16)  # FNV-1a 64 over all uncut labels, hex
    name = models.CharField(max_length=200)  # the label `alertname`
    labels = models.JSONField()
    annotations = models.JSONField(default=dict)
    generator_url = models.TextField(blank=True)
    severity = models.PositiveSmallIntegerField(default=3)  # as mapped at the last receipt
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_seen_at"]
        constraints = [models.UniqueConstraint(fields=["source", "fingerprint"], name="alert_one_per_source_and_fingerprint")]
        indexes = [models.Index(fields=["name"], name="alert_by_name")]

    def __str__(self) -> str:
        return self.name


class Episode(models.Model):
    """One continuous firing of one alert. At most one is open per alert."""

    class Ending(models.TextChoices):
        RESOLVED = "resolved", "Resolved"
        AT_SOURCE = "at_source", "Resolved at source, not notified"
        EXPIRED = "expired", "Expired"
        BY_HAND = "by_hand", "Ended by hand"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="episodes")
    incident = models.ForeignKey(Incident, null=True, blank=True, on_delete=models.SET_NULL, related_name="episodes")
    started_at = models.DateTimeField()  # the source's startsAt
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)  # the source's endsAt
    ended_how = models.CharField(max_length=10, choices=Ending.choices, blank=True)
    ending_received_at = models.DateTimeField(null=True, blank=True)  # of the delivery that ended it
    reopened_at = models.DateTimeField(null=True, blank=True)
    reopenings = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["alert"], condition=Q(ended_at=None), name="episode_one_open_per_alert"),
            models.CheckConstraint(condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="episode_ends_after_it_starts"),
        ]
        indexes = [models.Index(fields=["incident", "ended_at"], name="episode_by_incident")]

    def __str__(self) -> str:
        return f"episode {self.pk} of alert {self.alert_id}"
