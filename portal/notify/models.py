"""Messages and every attempt to send one."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.notify.contact import ContactMethod, OwnRule, QuietHours

__all__ = ["Attempt", "ContactMethod", "Message", "OwnRule", "QuietHours"]


class Message(models.Model):
    """Something to tell one person by one channel. `dedup_key` makes asking twice ask once."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting to be sent"
        SENT = "sent", "Handed over"
        CANCELLED = "cancelled", "No longer needed"
        EXHAUSTED = "exhausted", "Channel gave up"
        SUPPRESSED = "suppressed", "Not sent, for a reason"

    class Purpose(models.TextChoices):
        PAGE = "page", "Page"
        NOTICE = "notice", "Notice"
        REMINDER = "reminder", "Reminder"
        TEST = "test", "Test page"
        CARRY = "carry", "Carried over"  # tells a provider that what was sent there is acknowledged or over
        BUNDLE = "bundle", "Several pages in one"

    dedup_key = models.CharField(max_length=200, unique=True)
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    channel = models.CharField(max_length=20)
    method = models.ForeignKey(ContactMethod, null=True, blank=True, on_delete=models.SET_NULL, related_name="messages")  # none: the account's e-mail
    chain = models.CharField(max_length=160, blank=True)  # what was sent by several methods in turn has one
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages")
    subject = models.CharField(max_length=200)
    body = models.TextField()
    link = models.CharField(max_length=300, blank=True)  # where a tap leads
    about = models.CharField(max_length=80, blank=True)  # a journal subject
    practice = models.BooleanField(default=False)
    bundle = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="bundled")  # travels in that one
    state = models.CharField(max_length=12, choices=State.choices, default=State.PENDING)
    reason = models.CharField(max_length=300, blank=True)
    reference = models.CharField(max_length=200, blank=True)  # what the provider calls it
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at=None)), name="message_sent_iff_it_has_a_time"
            )
        ]
        indexes = [
            models.Index(fields=["about", "purpose"], name="message_by_subject"),
            models.Index(fields=["chain"], condition=~Q(chain=""), name="message_by_chain"),
            models.Index(fields=["recipient", "-id"], name="message_by_recipient"),
            models.Index(fields=["recipient", "-created_at"], condition=Q(purpose="page"), name="message_pages_of_a_person"),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}: {self.subject}"


class Attempt(models.Model):
    """One try to hand a message to its channel. Append-only."""

    class Outcome(models.TextChoices):
        SENT = "sent", "Handed over"
        FAILED = "failed", "Failed, will be tried again"
        REFUSED = "refused", "Refused for good"
        UNKNOWN = "unknown", "Outcome unknown: the worker died"
        TOO_LATE = "too_late", "Handed over after it was cancelled"

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    code = models.CharField(max_length=20, blank=True)  # the provider's, e.g. 451
    text = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["started_at"], name="attempt_lately")]  # read by limits

    def __str__(self) -> str:
        return f"{self.message_id}/{self.number} {self.outcome}"
