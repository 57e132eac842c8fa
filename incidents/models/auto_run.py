"""Which diagnostics are run by themselves when an alert opens an incident, so that their results wait for whoever comes."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Coalesce

from oncall.models import Service
from runbooks.models import Target


class AutoRun(models.Model):
    """One rule. `alertname`: a name, or with `*` a part of one; empty for every alert. Only what reads."""

    alertname = models.CharField("alert", max_length=200, blank=True, help_text="A name, or a part with *, such as Agent*. Empty: every alert.")
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.CASCADE, related_name="+", help_text="Empty: every service.")
    diagnostic = models.CharField(max_length=60)
    target = models.ForeignKey(
        Target, null=True, blank=True, on_delete=models.CASCADE, related_name="+", help_text="Empty: the service's own, or the only one of its kind."
    )
    parameters = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["alertname", "pk"]
        constraints = [models.UniqueConstraint("alertname", "diagnostic", Coalesce("service", 0), Coalesce("target", 0), name="auto_run_stands_once")]

    def __str__(self) -> str:
        return f"{self.diagnostic} for {self.alertname or 'every alert'}"
