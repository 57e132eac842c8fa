"""Which pages are looked at. Other packages add `tests/browser/pages_<package>.py` with a list PAGES of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.urls import reverse

from portal import clock, seeding
from portal.accounts.roles import Role
from portal.models import Decision
from tests.conftest import person


def by_second_factor(reader) -> dict[str, Any]:
    """Came in with a second factor, so no page asks for one."""
    return {"account_authentication_methods": [{"method": "mfa", "at": 0}], "account_authentication_methods_user": str(reader.pk)} if reader else {}


@dataclass(frozen=True)
class Page:
    """`prepare` lays out what the page shows and answers its URL; `role` None looks at it signed out.

    session: what the reader's session holds. status: of the answer.
    """

    name: str
    prepare: Callable[[Any], str]  # from the reader (User | None) to the URL
    role: Role | None = Role.ADMIN
    session: Callable[[Any], dict[str, Any]] = by_second_factor
    status: int = 200

    def reader(self):
        return None if self.role is None else person("Mara", self.role, time_zone="Europe/Berlin")


def at(url_name: str) -> Callable[[Any], str]:
    """A page that needs nothing prepared."""
    return lambda reader: reverse(url_name)


def broken_link(reader) -> str:
    return reverse("account_reset_password_from_key", kwargs={"uidb36": "1", "key": "used-up"})


def rested(reader) -> str:
    type(reader).objects.filter(pk=reader.pk).update(second_factor_due_at=clock.now())
    return reverse("home")


def decided(reader) -> str:
    for hours, reason in enumerate(
        ["The fix is deployed; the two open points are action items now.", "Nobody from the vendor answers before Monday."]
    ):
        at = clock.now() - timedelta(hours=9 * hours)
        Decision.objects.create(
            kind="forced_close", about="incident:142", title="INC-142 Queue full", url="/incidents/142/", by=reader, at=at, reason=reason
        )
    return reverse("decision-list")


def seeded(reader) -> str:
    seeding.seed(clock.now())
    return reverse("first-steps")


PAGES = [
    Page("profile", at("profile")),
    Page("decisions", decided),
    Page("decisions-none", at("decision-list")),
    Page("home-quiet", at("home")),
    Page("home-second-factor-missing", at("home"), session=lambda reader: {}),
    Page("home-rights-rest", rested, session=lambda reader: {}),
    Page("first-steps", seeded),
    Page("components", at("components")),
    Page("api-docs", at("api-docs")),
    Page("password-change", at("account_change_password")),
    Page("sign-out", at("account_logout")),
    Page("sign-in", at("account_login"), role=None),
    Page("password-reset", at("account_reset_password"), role=None),
    Page("password-reset-done", at("account_reset_password_done"), role=None),
    Page("password-link-used", broken_link, role=None),
    Page("password-reset-kept", at("account_reset_password_from_key_done"), role=None),
    Page("account-inactive", at("account_inactive"), role=None),
]
