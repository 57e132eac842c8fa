"""Tags of the incident pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from incidents import timeline
from incidents.models import Check, Incident, Milestone, Promise
from incidents.panels import IncidentPanel
from portal.models import Entry

register = template.Library()


@register.filter
def entry_icon(entry: Entry) -> str:
    return timeline.KINDS.get(entry.kind, ("message-square", ""))[0]


@register.filter
def entry_tint(entry: Entry) -> str:
    return timeline.KINDS.get(entry.kind, ("message-square", ""))[1]


@register.simple_tag(takes_context=True)
def incident_panel(context: Context, panel: IncidentPanel, incident: Incident) -> str:
    """A card that a package to the right shows on this incident; nothing when it has nothing to say."""
    found: dict[str, Any] | None = panel.context(context["request"].user, incident, context["now"])
    if found is None:
        return ""
    return render_to_string(panel.template, {"incident": incident, "now": context["now"], **found}, request=context["request"])


@register.simple_tag
def checks_settled(groups: list[tuple[str, list[Check], int]]) -> str:
    """`10 of 20`."""
    return f"{sum(settled for _, _, settled in groups)} of {sum(len(checks) for _, checks, _ in groups)}"


@register.simple_tag
def checks_open(groups: list[tuple[str, list[Check], int]], group: str) -> SafeString:
    """` open` for the first group that is not done: the one to look at."""
    first = next((name for name, checks, settled in groups if settled < len(checks)), "")
    return SafeString(" open" if first == group else "")


@register.filter
def yesno_ticked(state: str) -> str:
    return "true" if state == Check.State.TICKED else "false" if state == Check.State.OPEN else "mixed"


@register.simple_tag
def promises_kept(kept: list[Promise]) -> str:
    """`3 of 4 promises kept`."""
    return f"{sum(promise.verdict == Promise.Verdict.KEPT for promise in kept)} of {len(kept)} promises kept"


@register.filter
def milestone_word(name: str) -> str:
    return str(Milestone.Name(name).label)


@register.filter
def utc_text(moment: datetime | None) -> str:
    """For fields: `2026-11-24 02:14`, UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else ""
