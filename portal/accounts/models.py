"""People and tokens: who acts, in which zone, with which role."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from portal.accounts.roles import Role


def real_time_zone(name: str) -> None:
    """Raises: ValidationError, not a name of the IANA time zone database."""
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is not a time zone name such as Europe/Berlin.", code="time_zone")


@cache
def zones() -> list[str]:
    """Names that people know, such as Europe/Berlin; UTC first."""
    return ["UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/")))]


class Theme(models.TextChoices):
    SYSTEM = "system", "As the device has it"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Without a password the person cannot sign in by password."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, **{"role": Role.ADMIN, **fields})

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person, or a service that acts through tokens (`is_service`)."""

    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[real_time_zone], help_text="A name such as Europe/Berlin.")
    phone = models.CharField(max_length=40, blank=True, help_text="Shown to colleagues on the on-call page.")
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.RESPONDER)
    is_service = models.BooleanField(default=False, help_text="Acts through tokens only; never signs in, is never paged.")
    is_active = models.BooleanField(default=True)
    theme = models.CharField(max_length=6, choices=Theme.choices, default=Theme.SYSTEM)
    keyboard_shortcuts = models.BooleanField(default=True)
    is_break_glass = models.BooleanField(
        "break-glass", default=False, help_text="Signs in by password even where only single sign-on is allowed, for the night it is down."
    )
    second_factor_due_at = models.DateTimeField(null=True, blank=True, editable=False)  # administrators without one: rights rest from then on
    date_joined = models.DateTimeField(default=timezone.now)

    lacks_second_factor = False  # of this request: the shell asks for one
    rests = False  # of this request: administrator rights wait for a second factor (portal.accounts.second_factor)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    objects = UserManager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_one_per_email_in_any_case"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_is_known"),
            models.CheckConstraint(condition=models.Q(theme__in=Theme.values), name="user_theme_is_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def at_least(self, role: Role) -> bool:
        """Active and of this role or a higher one. Resting administrators count as responders."""
        held = Role.RESPONDER if self.rests else Role(self.role)
        return self.is_active and held.rank >= role.rank

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.name.split()[:2]).upper() or "?"

    @property
    def first_name(self) -> str:
        return self.name.split()[0] if self.name.split() else self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.first_name

    # The admin asks these. Each model's own right is decided by its package's policies (portal.web.admin).
    @property
    def is_staff(self) -> bool:
        return not self.is_service and self.at_least(Role.RESPONDER)

    @property
    def is_superuser(self) -> bool:
        return self.at_least(Role.ADMIN)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.at_least(Role.ADMIN)

    def has_perms(self, perms: Any, obj: Any = None) -> bool:
        return self.at_least(Role.ADMIN)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff


class Invitation(models.Model):
    """Somebody asked to join. Its link is signed over `nonce`, works once and until `expires_at`; the row holds nothing that opens it."""

    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.RESPONDER)
    teams = models.JSONField(default=list, blank=True)  # [["platform", "editor"], …] for `portal.accounts.joining`
    nonce = models.CharField(max_length=32)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True, blank=True)
    mail_error = models.CharField(max_length=300, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    person = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")  # who came of it

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"), condition=models.Q(accepted_at=None, withdrawn_at=None), name="invitation_one_open_per_email_in_any_case"
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at=None, person=None) | models.Q(accepted_at__isnull=False, person__isnull=False),
                name="invitation_accepted_iff_a_person_came",
            ),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="invitation_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.email} as {self.get_role_display().lower()}"


def digest_of(secret: str) -> str:
    """How secrets with full entropy (tokens) are kept: sha256, 64 hex digits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class ApiToken(models.Model):
    """A hashed API token. It acts as its service user, whose role is the token's; the secret is shown once."""

    class Scope(models.TextChoices):
        READ = "read", "Read"
        WRITE = "write", "Read and write"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=5, choices=Scope.choices, default=Scope.WRITE)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def works_at(self, at: datetime) -> bool:
        """Not revoked, not expired, and its user active. The moment of expiry is excluded."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at) and self.user.is_active
