"""Buttons that run diagnostics, on pages of other things."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from portal.accounts.models import User
from portal.errors import Invalid
from runbooks.diagnostics import policies, registry, runs
from runbooks.models import Target

register = template.Library()


@register.inclusion_tag("diagnostics/_buttons.html", takes_context=True)
def diagnostic_buttons(context: Context, about: str) -> dict[str, Any]:
    """Reading diagnostics that some target allows, each with its last result for that subject; apart from them what changes something.

    3 queries.
    """
    last, kinds = runs.last_runs(about=about), set(Target.objects.values_list("kind", flat=True).distinct())
    fitting = [found for _, found in registry.diagnostics if not found.needs or kinds & set(found.needs)]
    user = context["request"].user
    may_change = isinstance(user, User) and policies.has_change_right(user)
    return {
        "rows": [(found, last.get(found.slug)) for found in fitting if found.kind == "reads" and (found.on_incident or found.slug in last)],
        "changing": [found for found in fitting if found.kind == "changes"] if may_change else [],
        "about": about,
        "next": context["request"].get_full_path(),
        "csrf_token": context.get("csrf_token"),
        "now": context.get("now"),
    }


@register.inclusion_tag("diagnostics/_block.html", takes_context=True)
def diagnostic_block(context: Context, name: str, options: dict[str, str], about: str = "") -> dict[str, Any]:
    """A diagnostic named in a runbook as a button; an unknown name, or a wrong option, is said instead."""
    found, why = registry.diagnostics.get(name), ""
    if found is None:
        why = f"No diagnostic is called “{name}”."
    else:
        try:
            found.read({key: value for key, value in options.items() if key != "target"})
        except Invalid as wrong:
            why = str(wrong)
    shown = found if not why else None
    return {"diagnostic": shown, "name": name, "options": options, "about": about, "why": why, "csrf_token": context.get("csrf_token")}
