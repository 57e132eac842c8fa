"""The navigation: what exists, in the order of the day. A page that is not built yet is not listed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse

from portal.accounts.models import User
from portal.accounts.roles import Role


@dataclass(frozen=True, slots=True)
class Entry:
    url_name: str
    icon: str
    label: str
    section: str
    key: str = ""  # after `g`
    tab: bool = False  # among the five at a phone's bottom

    @property
    def url(self) -> str:
        return way_to(self.url_name)


GROUPS: dict[str, tuple[Entry, ...]] = {
    "": (
        Entry("home", "gauge", "Now", "home", "h", tab=True),
        Entry("incident-list", "siren", "Incidents", "incidents", "i", tab=True),
        Entry("alert-list", "bell", "Alerts", "alerts", "l"),
        Entry("runbook-list", "book-open", "Runbooks", "runbooks", "r", tab=True),
        Entry("diagnostic-list", "stethoscope", "Diagnostics", "diagnostics", "t"),
        Entry("oncall", "headset", "On call", "oncall", "o", tab=True),
    ),
    "Learn": (
        Entry("postmortem-list", "file-text", "Postmortems", "postmortem", "p"),
        Entry("action-list", "list-checks", "Action items", "actions", "a"),
        Entry("drill-list", "flame", "Fire drills", "drill", "d"),
        Entry("analytics", "chart-column", "Analytics", "analytics", "n"),
        Entry("decision-list", "scale", "Decisions", "decisions", "e"),
    ),
    "Outside": (
        Entry("status", "globe", "Status page", "status", "s"),
        Entry("paging", "radio-tower", "Can we page?", "paging", "w"),
        Entry("first-steps", "flag", "First steps", "first-steps", "f"),
        Entry("people", "users", "People", "people"),
        Entry("admin:index", "settings", "Admin", "admin"),
    ),
}


NEEDS = {"admin:index": Role.RESPONDER, "people": Role.ADMIN}


def way_to(url_name: str) -> str:
    """The address of a page, empty while that page does not exist."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def groups(user: User) -> Iterator[tuple[str, list[Entry]]]:
    """Groups of entries that lead somewhere for this person, by their heading."""
    for heading, entries in GROUPS.items():
        found = [entry for entry in entries if entry.url and user.at_least(NEEDS.get(entry.url_name, Role.VIEWER))]
        if found:
            yield heading, found
