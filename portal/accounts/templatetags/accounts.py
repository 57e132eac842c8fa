"""What the sign-in pages show beside allauth's forms."""

from __future__ import annotations

from django import template

from portal import clock
from portal.accounts import single_sign_on
from portal.web import counts

register = template.Library()


@register.simple_tag
def single_sign_on_name() -> str:
    """What stands after "Sign in with"; empty where it is not configured."""
    return single_sign_on.name() if single_sign_on.is_on() else ""


@register.simple_tag
def only_single_sign_on() -> bool:
    return single_sign_on.is_only()


@register.simple_tag
def open_outside() -> list[str]:
    """What strangers on the sign-in page may know, "2 incidents open": a number, never a name."""
    now = clock.now()
    return [f"{count.number} {count.word}" for _, ask in counts.outside if (count := ask(now)).number]
