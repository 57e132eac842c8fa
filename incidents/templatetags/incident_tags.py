"""Tags of the incident pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import render_to_string

from incidents import timeline
from incidents.models import Incident
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
