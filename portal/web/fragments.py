"""Answers to htmx that are no whole page."""

from __future__ import annotations

from django.http import HttpResponse


def beside(response: HttpResponse) -> HttpResponse:
    """Shown at the head of the page instead of the target, so that a form keeps what was typed."""
    response["HX-Retarget"] = "#refusal"
    response["HX-Reswap"] = "innerHTML show:window:top"
    return response
