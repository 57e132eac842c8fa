"""How a followed runbook shows its pieces: prose as it was frozen, commands with the blanks filled, diagnostics as buttons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import render_to_string

from runbooks import steps
from runbooks.following import Progress

register = template.Library()


@register.inclusion_tag("runbooks/_content.html", takes_context=True)
def followed_content(context: Context, content: Sequence[Mapping[str, Any]], blanks: Mapping[str, str], incident: str) -> dict[str, Any]:
    """The pieces of one block in order. 1 query for each diagnostic in it."""
    shown = []
    for piece in content:
        if "code" in piece:
            parts = steps.filled(piece["code"], blanks)
            shown.append({"parts": parts, "lang": piece["lang"], "waits": any(part.kind == "blank" for part in parts)})
        else:
            shown.append(dict(piece))
    return {"pieces": shown, "about": f"incident:{incident}", "csrf_token": context.get("csrf_token"), "request": context.get("request")}


@register.simple_tag(takes_context=True)
def runbook_panel(context: Context, panel: tuple[str, dict[str, Any]]) -> str:
    """One card of `runbooks.panels.of`."""
    template_name, own = panel
    return render_to_string(template_name, {**own, "now": context.get("now")}, request=context["request"])


@register.inclusion_tag("runbooks/_on_incident.html", takes_context=True)
def followed_steps(context: Context, followed: Sequence[Progress], incident: Any, may_tick: bool) -> dict[str, Any]:
    """The runbooks that are followed for an incident: of the first that goes on its next step with its commands, of the others its name."""
    now = next((progress for progress in followed if progress.next_step), None)
    shared = {"csrf_token": context.get("csrf_token"), "request": context.get("request")}
    return {"followed": followed, "now": now, "incident": str(incident.pk), "may_tick": may_tick and not incident.is_over, **shared}
