"""Webhooks: whom we tell what happens, and every delivery with its attempts."""

from __future__ import annotations

import base64
import os
import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from portal.secrets import EncryptedTextField
from portal.web.versions import Versioned

EVENT = RegexValidator(r"^(\*|[a-z_-]{1,40}\.(\*|[a-z_-]{1,40}))\Z", "An event is written as incident.status, incident.* or *.")
PREFIX = "whsec_"


def new_secret() -> str:
    """24 random bytes in base64 behind `whsec_` (Standard Webhooks)."""
    return PREFIX + base64.b64encode(os.urandom(24)).decode()


def known_events(events: list[str]) -> None:
    """Raises: ValidationError, one is not written like an event."""
    if not isinstance(events, list) or not events or len(events) > 50:
        raise ValidationError("Name 1 to 50 events, such as incident.status, incident.* or *.")
    for event in events:
        EVENT(event)


def usable_secret(secret: str) -> None:
    """Raises: ValidationError, too short or not base64 behind its prefix."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValidationError("A signing secret is whsec_ and 24 to 64 bytes in base64. Leave it empty and one is made.")


class Webhook(Versioned):
    """An address that is told about events. Its secret signs; it is shown once."""

    class Reach(models.TextChoices):
        FREE = "free", "Public addresses only"
        NAMED = "named", "Our own networks too"

    name = models.CharField(max_length=120, unique=True)
    url = models.CharField(max_length=500, validators=[URLValidator(schemes=["http", "https"])])
    reach = models.CharField(max_length=5, choices=Reach.choices, default=Reach.FREE)
    secret = EncryptedTextField(blank=True)
    events = models.JSONField(default=list, validators=[known_events], help_text="Such as incident.status, incident.* or *.")
    includes_restricted = models.BooleanField(default=False, help_text="Also tells of restricted incidents.")
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.PROTECT, related_name="+")

    history = HistoricalRecords(excluded_fields=["secret"])

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def wants(self, event: str) -> bool:
        """`incident.status` is wanted as itself, as `incident.*` and as `*`."""
        return any(pattern in {"*", event, f"{event.partition('.')[0]}.*"} for pattern in self.events)


class Delivery(models.Model):
    """One event for one webhook: what is sent, word for word, and what became of it."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting to be sent"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"
        CANCELLED = "cancelled", "No longer wanted"

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event_id = models.UUIDField(default=uuid.uuid4)  # the same in every attempt: the receiver's key against doubles
    event = models.CharField(max_length=90)
    about = models.CharField(max_length=80)  # a journal subject
    body = models.TextField()  # JSON, as signed and sent
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    created_at = models.DateTimeField(db_index=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"
        indexes = [models.Index(fields=["webhook", "-id"], name="webhook_delivery_log")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="delivered", delivered_at__isnull=False) | (~Q(state="delivered") & Q(delivered_at=None)),
                name="webhook_delivered_iff_it_has_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook_id}"


class Attempt(models.Model):
    """One try. Append-only. status: the receiver's HTTP status, null where no answer came; `trouble` is our sentence."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    seconds = models.FloatField()
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    trouble = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.delivery_id}/{self.number}"
