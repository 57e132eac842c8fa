"""Words to people outside the response: templates, lists of people, updates, and every copy that leaves the house."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from incidents.models.incident import Incident, Severity, Status
from oncall.models import Service
from portal.secrets import EncryptedTextField
from portal.web.versions import Versioned

if TYPE_CHECKING:
    from portal.accounts.models import User


class Audience(models.TextChoices):
    INTERNAL = "internal", "Internal"
    PUBLIC = "public", "Public"
    EXECUTIVE = "executive", "Executive"


class UpdateTemplate(Versioned):
    """Words with {names} that facts replace, once and as text; nothing in it is ever executed."""

    class Kind(models.TextChoices):
        INITIAL = "initial", "Initial"
        PROGRESS = "progress", "Progress"
        RESOLUTION = "resolution", "Resolution"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    audience = models.CharField(max_length=10, choices=Audience.choices)
    body = models.TextField(max_length=10_000)

    history = HistoricalRecords()

    class Meta:
        ordering = ["audience", "kind"]
        constraints = [models.UniqueConstraint(fields=["kind", "audience"], name="update_template_one_per_kind_and_audience")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.get_audience_display().lower()}"


class StakeholderList(Versioned):
    """People and rooms that get the updates of some services, from a severity on."""

    name = models.CharField(max_length=120, unique=True)
    audience = models.CharField(max_length=10, choices=Audience.choices, default=Audience.INTERNAL)
    services: models.ManyToManyField[Service, models.Model] = models.ManyToManyField(
        Service, blank=True, related_name="+", help_text="Empty: of all services."
    )
    least_severity = models.PositiveSmallIntegerField(choices=Severity.choices, default=Severity.SEV3, help_text="This one and worse.")
    addresses = models.TextField(blank=True, help_text="E-mail addresses, one a line.")
    people: models.ManyToManyField[User, models.Model] = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")
    chat_webhook = EncryptedTextField(blank=True, help_text="A room that takes {“text”: …}, such as a Slack incoming webhook.")
    is_chosen = models.BooleanField(default=True, help_text="Ticked in a new update.")
    is_enabled = models.BooleanField(default=True)

    history = HistoricalRecords(excluded_fields=["chat_webhook"])

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ExternalStatusPage(models.Model):
    """Somebody else's status page: POST {message, status} opens, POST …/ID goes on."""

    name = models.CharField(max_length=120, unique=True)
    url = models.URLField(max_length=500, help_text="Where an incident is opened; its updates go to this address, a slash and the id answered.")
    token_variable = models.CharField(max_length=120, blank=True, help_text="Name of the environment variable with the bearer token.")
    is_enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Update(models.Model):
    """Words sent to audiences; it promises the next one unless it is final."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="updates")
    number = models.PositiveIntegerField()  # within the incident, from 1
    kind = models.CharField(max_length=10, choices=UpdateTemplate.Kind.choices)
    status = models.CharField(max_length=14, choices=Status.choices)  # of the incident when it was posted
    internal = models.TextField(blank=True)
    public = models.TextField(blank=True)
    executive = models.TextField(blank=True)
    promised_next_at = models.DateTimeField(null=True, blank=True)  # null: the final one
    posted_at = models.DateTimeField()
    posted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)  # of the public text
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    on_status_page = models.BooleanField(default=False)  # once its public text is approved
    lists: models.ManyToManyField[StakeholderList, models.Model] = models.ManyToManyField(StakeholderList, blank=True, related_name="+")
    key = models.CharField(max_length=64, unique=True)  # of the form that sent it: a double tap posts once

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "number"], name="update_number_once_in_an_incident"),
            models.CheckConstraint(condition=~(Q(internal="") & Q(public="") & Q(executive="")), name="update_says_something"),
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by=None) | Q(approved_at__isnull=False, approved_by__isnull=False),
                name="update_approval_says_who_and_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} update {self.number} of {self.incident_id}"

    @property
    def is_public(self) -> bool:
        """Everybody may read it: there is a public text, it is meant for the status page, and somebody approved it."""
        return bool(self.public and self.on_status_page and self.approved_at)


class Copy(models.Model):
    """One copy of an update at one destination. Its due row has it sent; asking again with the same `key` changes nothing."""

    class Way(models.TextChoices):
        EMAIL = "email", "E-mail"
        CHAT = "chat", "Chat room"
        EXTERNAL = "external", "External status page"

    class State(models.TextChoices):
        PENDING = "pending", "Waiting to be sent"
        SENT = "sent", "Handed over"
        FAILED = "failed", "Failed"

    update_of = models.ForeignKey(Update, on_delete=models.CASCADE, related_name="copies")
    way = models.CharField(max_length=10, choices=Way.choices)
    audience = models.CharField(max_length=10, choices=Audience.choices)
    address = models.CharField(max_length=254)  # an e-mail address; for the others the name of the list or page, never its secret URL
    stakeholders = models.ForeignKey(StakeholderList, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    page = models.ForeignKey(ExternalStatusPage, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)  # times that it may have been handed over
    reason = models.CharField(max_length=300, blank=True)
    reference = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "copies"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["update_of", "way", "address"], name="copy_one_at_each_destination"),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at=None)), name="copy_sent_iff_it_has_a_time"
            ),
        ]
        indexes = [models.Index(fields=["update_of", "state"], name="copy_by_update")]

    def __str__(self) -> str:
        return f"copy {self.pk} of update {self.update_of_id} by {self.way}"


class ChatChannel(models.Model):
    """The room of an incident, proposed at once, made where a bot may."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        ASKED = "asked", "Being created"
        CREATED = "created", "Created"
        FAILED = "failed", "Not created"
        BY_HAND = "by_hand", "Created by hand"

    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="chat_channel")
    name = models.CharField(max_length=80)  # without #
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    reference = models.CharField(max_length=60, blank=True)  # the provider's id
    reason = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"#{self.name}"


class ExternalReference(models.Model):
    """What another status page calls our incident."""

    page = models.ForeignKey(ExternalStatusPage, on_delete=models.CASCADE, related_name="references")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    reference = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["page", "incident"], name="external_reference_one_per_page_and_incident")]

    def __str__(self) -> str:
        return self.reference
