"""Sources, the ledger of their requests, alerts and their episodes (alerts.md sections 2 and 3)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery

from incidents.alerts.episodes import Made
from incidents.models.incident import Incident, Severity
from oncall.models import Service

if TYPE_CHECKING:
    from portal.accounts.models import User


class SourceQuerySet(models.QuerySet["Source"]):
    def with_last_delivery(self) -> SourceQuerySet:
        """Adds `last_delivery_at`; it is asked, not kept, so that storing a request writes one row only."""
        newest = Delivery.objects.filter(source=OuterRef("pk")).order_by("-received_at").values("received_at")[:1]
        return self.annotate(last_delivery_at=Subquery(newest))


class Source(models.Model):
    """Where alerts come from: one Alertmanager, or a pair of them."""

    name = models.SlugField(max_length=60, unique=True)
    is_enabled = models.BooleanField(default=True)

    class Shape(models.TextChoices):
        ALERTMANAGER = "alertmanager", "Alertmanager, Grafana or vmalert"
        JSON = "json", "Any JSON, by the field mapping below"

    default_service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    shape = models.CharField(max_length=12, choices=Shape.choices, default=Shape.ALERTMANAGER)
    mapping = models.JSONField(default=dict, blank=True, help_text="For any JSON: what stands where. See docs/alert-sources.md.")
    key_labels = models.CharField(max_length=200, blank=True, help_text="Alerts alike in these labels share an incident. Empty: service, alertname.")
    api_urls = models.TextField(blank=True, help_text="Its Alertmanagers, one a line, as in http://alertmanager:9093. Empty: never asked.")
    prometheus_url = models.CharField(max_length=300, blank=True, help_text="As in http://prometheus:9090; for loaded rules and live rates.")
    silent_after = models.DurationField(default=timedelta(minutes=5), help_text="Without a Watchdog for so long, its silence is an incident.")
    asked_at = models.DateTimeField(null=True, blank=True)  # the reconciler, last try
    confirmed_at = models.DateTimeField(null=True, blank=True)  # every one of its addresses answered
    trouble = models.CharField(max_length=300, blank=True)  # why the last try confirmed nothing
    silences: models.JSONField[list[dict[str, str]], list[dict[str, str]]] = models.JSONField(default=list, blank=True, editable=False)  # see asking
    doubted_since = models.DateTimeField(null=True, blank=True)  # many of its alerts ended at once: not believed until the source confirms
    refused_count = models.PositiveIntegerField(default=0)  # requests with a token that does not work
    refused_at = models.DateTimeField(null=True, blank=True)
    last_heartbeat_at = models.DateTimeField(null=True, blank=True)  # its Watchdog, seen firing
    stale_since = models.DateTimeField(null=True, blank=True)  # its Watchdog ended: what it says about endings is not believed
    created_at = models.DateTimeField()

    objects = SourceQuerySet.as_manager()

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
    reason = models.TextField(blank=True)  # why it failed the last time
    external_url = models.CharField(max_length=500, blank=True)  # which Alertmanager of a pair sent it
    alert_count = models.PositiveIntegerField(default=0)
    truncated = models.PositiveIntegerField(default=0)  # alerts that the source did not show
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-received_at", "-pk"]
        indexes = [
            models.Index(fields=["source", "-received_at"], name="delivery_by_source"),
            models.Index(fields=["state", "received_at"], condition=~Q(state="applied"), name="delivery_to_do"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk} of {self.source_id}"


class AlertQuerySet(models.QuerySet["Alert"]):
    def visible_to(self, user: User) -> AlertQuerySet:
        """Without those that have an episode in an incident hidden from `user`."""
        hidden = Incident.objects.exclude(pk__in=Incident.objects.visible_to(user).values("pk"))
        return self.exclude(Exists(Episode.objects.filter(alert=OuterRef("pk"), incident__in=hidden.values("pk"))))


class Alert(models.Model):
    """A labelled signal, identified by source and fingerprint; lives across many episodes."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="alerts")
    fingerprint = models.CharField(max_length=16)  # FNV-1a 64 over all uncut labels, hex
    name = models.CharField(max_length=200)  # the label `alertname`
    labels = models.JSONField()
    annotations = models.JSONField(default=dict)
    generator_url = models.TextField(blank=True)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices, null=True, blank=True)  # as mapped at the last receipt; null: a heartbeat
    unmapped_severity = models.CharField(max_length=200, blank=True)  # its label, if no rule knows it
    correlation_key = models.CharField(max_length=64, default="")
    episode_count = models.PositiveIntegerField(default=0)  # also the number of its last episode
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    rule = models.CharField(max_length=120, blank=True)  # the name of the rule that decided, at the last receipt
    action = models.CharField(max_length=8, default="open")  # what it decided
    flapping_since = models.DateTimeField(null=True, blank=True)  # too many reopenings: no further pages until it holds a state
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()  # the newest receipt that told of it, firing or not

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-last_seen_at"]
        constraints = [models.UniqueConstraint(fields=["source", "fingerprint"], name="alert_one_per_source_and_fingerprint")]
        indexes = [models.Index(fields=["name"], name="alert_by_name")]

    def __str__(self) -> str:
        return self.name or "unnamed alert"

    @property
    def title(self) -> str:
        """Its own sentence: the annotation `summary`, else its name."""
        return " ".join(self.annotations.get("summary", "").split())[:300] or self.name or "unnamed alert"

    @property
    def is_heartbeat(self) -> bool:
        return self.severity is None


class Episode(models.Model):
    """One continuous firing of one alert. At most one is open per alert."""

    class Ending(models.TextChoices):
        RESOLVED = "resolved", "Resolved"
        AT_SOURCE = "at_source", "Resolved at source, not notified"
        EXPIRED = "expired", "Expired"
        BY_HAND = "by_hand", "Ended by hand"

    class Use(models.TextChoices):
        """What people say of it afterwards, with one tap."""

        ACTED = "acted", "Acted on"
        NOISE = "noise", "Noise"
        TWIN = "twin", "Duplicate"
        KNOWN = "known", "Known"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="episodes")
    number = models.PositiveIntegerField()  # 1 is the alert's first
    incident = models.ForeignKey(Incident, null=True, blank=True, on_delete=models.SET_NULL, related_name="episodes")
    started_at = models.DateTimeField()  # the source's startsAt
    last_starts_at = models.DateTimeField()  # the newest startsAt that it was seen firing with
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)  # the source's endsAt
    at_source = models.CharField(max_length=200, blank=True)  # as the reconciler last saw it: "silenced by Ana until 25 Nov 08:00 UTC"
    confirmed_at = models.DateTimeField(null=True, blank=True)  # the source listed it when asked
    missed_at = models.DateTimeField(null=True, blank=True)  # the first of two answers that did not list it
    was_of_use = models.CharField(max_length=8, blank=True, choices=Use.choices)
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    judged_at = models.DateTimeField(null=True, blank=True)
    ended_how = models.CharField(max_length=10, choices=Ending.choices, blank=True)
    ending_received_at = models.DateTimeField(null=True, blank=True)  # of the delivery that ended it
    reopened_at = models.DateTimeField(null=True, blank=True)
    reopened_after = models.DateTimeField(null=True, blank=True)  # the end that the last reopening undid
    reopenings = models.PositiveIntegerField(default=0)
    was_firing = models.BooleanField(default=True)  # False: heard of only when it was over

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["alert"], condition=Q(ended_at=None), name="episode_one_open_per_alert"),
            models.CheckConstraint(condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="episode_ends_after_it_starts"),
        ]
        indexes = [
            models.Index(fields=["incident", "ended_at"], name="episode_by_incident"),
            models.Index(fields=["alert", "number"], name="episode_by_alert"),
            models.Index(fields=["ended_at", "-started_at"], name="episode_inbox"),
        ]

    def __str__(self) -> str:
        return f"episode {self.pk} of alert {self.alert_id}"


class Observation(models.Model):
    """What one delivery said about one alert: enough to read the alert's story again when a delivery comes late."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="observations")
    position = models.PositiveIntegerField()  # in the delivery's list of alerts
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="observations")
    received_at = models.DateTimeField()
    is_firing = models.BooleanField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    made = models.CharField(max_length=10, choices=[(made.value, made.sentence) for made in Made])  # of it, when it was worked off

    class Meta:
        ordering = ["-received_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["delivery", "position"], name="observation_once_per_alert_of_a_delivery")]
        indexes = [models.Index(fields=["alert", "-received_at"], name="observation_by_alert")]

    def __str__(self) -> str:
        return f"{self.alert_id} {self.made}"


class SeverityRule(models.Model):
    """A value of the label `severity` and what it becomes. First match wins; no row at all: the shipped table."""

    label = models.CharField(max_length=200, help_text="In lower case; spaces around it do not count.")
    source = models.ForeignKey(
        Source, null=True, blank=True, on_delete=models.CASCADE, related_name="severity_rules", help_text="Empty: all sources."
    )
    severity = models.PositiveSmallIntegerField(choices=Severity.choices, null=True, blank=True, help_text="Empty: a heartbeat, opens no incident.")
    order = models.PositiveIntegerField(default=100)

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["label", "source"], name="severity_rule_one_per_label_and_source"),
            models.UniqueConstraint(fields=["label"], condition=Q(source=None), name="severity_rule_one_per_label_for_all_sources"),
        ]

    def __str__(self) -> str:
        return self.label
