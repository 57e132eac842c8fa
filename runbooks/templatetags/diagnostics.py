"""Buttons that run diagnostics, on pages of other things."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from runbooks.diagnostics import registry, runs

register = template.Library()


@register.inclusion_tag("diagnostics/_buttons.html", takes_context=True)
def diagnostic_buttons(context: Context, about: str) -> dict[str, Any]:
    """The reading diagnostics, each with its last result for that subject. 1 query for each diagnostic."""
    last = runs.last_runs(about=about)
    reading = [(found, last.get(slug)) for slug, found in registry.diagnostics if found.kind == "reads"]
    return {
        "rows": reading,
        "about": about,
        "next": context["request"].get_full_path(),
        "csrf_token": context.get("csrf_token"),
        "now": context.get("now"),
    }


@register.inclusion_tag("diagnostics/_block.html", takes_context=True)
def diagnostic_block(context: Context, name: str, options: dict[str, str], about: str = "") -> dict[str, Any]:
    """A diagnostic named in a runbook as a button; an unknown name, or a wrong option, is said instead."""
    found = registry.diagnostics.get(name)
    why = "" if found else f"No diagnostic is called “{name}”."
    return {"diagnostic": found, "name": name, "options": options, "about": about, "why": why, "csrf_token": context.get("csrf_token")}
