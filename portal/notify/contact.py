"""How a person is reached: contact methods, in which order they are used for what, and hours in which only SEV1 may wake them."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.secrets import EncryptedTextField


class ContactMethodQuerySet(models.QuerySet["ContactMethod"]):
    def usable(self) -> ContactMethodQuerySet:
        """Proven at least once to belong to their person, in that person's order."""
        return self.filter(verified_at__isnull=False).order_by("position", "pk")


class ContactMethod(models.Model):
    """One way to one person. Nothing but test pages is sent there before its person tapped one (`verified_at`)."""

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Signed webhook"
        SLACK = "slack", "Chat webhook"
        NTFY = "ntfy", "ntfy push"
        PAGERDUTY = "pagerduty", "PagerDuty"
        APPRISE = "apprise", "apprise"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="contact_methods")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    label = models.CharField(max_length=80)
    address = EncryptedTextField(blank=True)  # an e-mail address, a URL or a routing key; most of them are secrets
    secret = EncryptedTextField(blank=True)  # what signs or opens it, where the kind has such a thing
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, blank=True)  # first tapped
    proven_at = models.DateTimeField(null=True, blank=True)  # last tapped
    failing_since = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField(max_length=300, blank=True)  # what the last attempt met

    objects = ContactMethodQuerySet.as_manager()

    class Meta:
        ordering = ["owner", "position", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(proven_at=None) | Q(verified_at__isnull=False), name="contact_method_proven_was_verified"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.label}".strip()


class OwnRule(models.Model):
    """For pages of a severity (or all) between two hours (or always) a person is reached by this method, in this order."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="own_rules")
    severity = models.PositiveSmallIntegerField(null=True, blank=True, choices=[(n, f"SEV{n}") for n in (1, 2, 3)])
    starts = models.TimeField(null=True, blank=True)  # wall clock in the owner's zone; none: always
    ends = models.TimeField(null=True, blank=True)
    method = models.ForeignKey(ContactMethod, on_delete=models.CASCADE, related_name="rules")
    order = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["owner", "severity", "order", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts=None, ends=None) | Q(starts__isnull=False, ends__isnull=False), name="own_rule_has_both_hours_or_none"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order}. {self.method}"


class QuietHours(models.Model):
    """Each day from `starts` to `ends`, wall clock in the owner's zone, no page but SEV1 is sent; the escalation goes on to the next."""

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="quiet_hours")
    starts = models.TimeField()
    ends = models.TimeField()

    class Meta:
        verbose_name_plural = "quiet hours"
        constraints = [models.CheckConstraint(condition=~Q(starts=models.F("ends")), name="quiet_hours_are_not_the_whole_day")]

    def __str__(self) -> str:
        return f"{self.starts:%H:%M} to {self.ends:%H:%M}"


def took(method_id: int | None) -> None:
    """The method works (again), in the transaction that marks its message as sent. 0-1 query."""
    if method_id:
        ContactMethod.objects.filter(pk=method_id, failing_since__isnull=False).update(failing_since=None, trouble="")


def failed(method_id: int | None, at: datetime, trouble: str) -> None:
    """The method met trouble. 0-2 queries."""
    if method_id:
        ContactMethod.objects.filter(pk=method_id).update(trouble=trouble[:300])
        ContactMethod.objects.filter(pk=method_id, failing_since=None).update(failing_since=at)
