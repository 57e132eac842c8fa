"""The first target, taken from the environment."""

from __future__ import annotations

import os
from datetime import datetime
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from runbooks.models import Target

VARIABLE = "PORTAL_REDIS_TARGET"
PASSWORD_VARIABLE = "PORTAL_REDIS_TARGET_PASSWORD"  # noqa: S105  (a name)


def lay_out(now: datetime) -> str:
    """The seed chapter of targets: `jobs` from PORTAL_REDIS_TARGET=redis://host:6379/0. An existing target is left alone.

    A password goes into PORTAL_REDIS_TARGET_PASSWORD, never into the address, so that it is not stored.
    """
    url = os.environ.get(VARIABLE, "").strip()
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        raise ImproperlyConfigured(f"{VARIABLE} must look like redis://host:6379/0.")
    if parts.password:
        raise ImproperlyConfigured(f"Put the password of {VARIABLE} into {PASSWORD_VARIABLE}; addresses are stored, passwords are not.")
    _, new = Target.objects.get_or_create(
        slug="jobs",
        defaults={
            "kind": Target.Kind.REDIS,
            "host": parts.hostname,
            "port": parts.port or 6379,
            "database": parts.path.strip("/") or "0",
            "uses_tls": parts.scheme == "rediss",
            "username": unquote(parts.username or ""),
            "password_variable": PASSWORD_VARIABLE,
        },
    )
    return "the target jobs" if new else ""
