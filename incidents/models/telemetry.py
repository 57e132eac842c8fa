"""Numbers to watch: which metrics, what is normal, and the last samples."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from oncall.models import Service
from portal.secrets import EncryptedTextField
from portal.web.versions import Versioned
from runbooks.models import Target


class Metric(Versioned):
    """A named PromQL expression with its band. Without a service it stands for every service that has none of its own."""

    class Several(models.TextChoices):
        SUM = "sum", "Added up"
        MAX = "max", "The highest"
        MEAN = "mean", "Their mean"

    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.CASCADE, related_name="metrics", help_text="Empty: all services.")
    name = models.CharField(max_length=60)
    expression = models.TextField(help_text="PromQL that answers one number, or several that become one.")
    several = models.CharField(max_length=4, choices=Several.choices, default=Several.SUM, help_text="What several series become.")
    unit = models.CharField(max_length=20, blank=True, help_text="As in s, /s, %.")
    factor = models.FloatField(default=1, help_text="The value is multiplied by this, as 100 for a share shown in %.")
    low = models.FloatField(null=True, blank=True, help_text="Normal from here, in the unit. Empty: no lower end.")
    high = models.FloatField(null=True, blank=True, help_text="Normal up to here, in the unit. Empty: no upper end.")
    order = models.PositiveIntegerField(default=100)
    is_enabled = models.BooleanField(default=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["service", "name"], name="metric_name_once_per_service"),
            models.UniqueConstraint(fields=["name"], condition=Q(service=None), name="metric_name_once_for_all_services"),
            models.CheckConstraint(condition=Q(low=None) | Q(high=None) | Q(low__lte=F("high")), name="metric_band_is_not_upside_down"),
        ]

    def __str__(self) -> str:
        return self.name


class Reading(models.Model):
    """The last hour of one metric for one service, written by the poller, read by every viewer."""

    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, related_name="readings")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="readings")
    value = models.FloatField(null=True, blank=True)  # the newest, in the metric's unit; null: no data
    value_at = models.DateTimeField(null=True, blank=True)  # of that value, by Prometheus
    points = models.JSONField(default=list)  # values of the last hour, oldest first, one a minute
    asked_at = models.DateTimeField()  # of the last answer, or the last try
    problem = models.CharField(max_length=200, blank=True)  # why the last try brought nothing

    class Meta:
        constraints = [models.UniqueConstraint(fields=["metric", "service"], name="reading_one_per_metric_and_service")]

    def __str__(self) -> str:
        return f"{self.metric_id} of {self.service_id}"


class MitigationOption(Versioned):
    """A lever to pull, with the command for this service and what undoes it."""

    service = models.ForeignKey(
        Service, null=True, blank=True, on_delete=models.CASCADE, related_name="mitigations", help_text="Empty: all services."
    )
    name = models.CharField(max_length=120)
    about = models.CharField(max_length=300, blank=True)
    command = models.TextField(help_text="{service} becomes the service's slug, quoted for a shell; <NAME> stays to be filled in.")
    undo = models.TextField(blank=True)
    webhook_url = EncryptedTextField(blank=True, help_text="Pulls it: a POST with incident, service and option, once it is confirmed.")
    diagnostic = models.CharField(max_length=60, blank=True, help_text="Pulls it: one that changes something, such as kill-stale.")
    target = models.ForeignKey(Target, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="Of the diagnostic.")
    order = models.PositiveIntegerField(default=100)
    is_enabled = models.BooleanField(default=True)

    history = HistoricalRecords(excluded_fields=["webhook_url"])

    class Meta:
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.name
