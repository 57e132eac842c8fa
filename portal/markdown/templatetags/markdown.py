"""How templates show Markdown that was rendered at save. Built in; no `load` needed."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from portal.markdown import render

register = template.Library()


@register.simple_tag
def markdown(thing: Any, field: str = "body") -> SafeString:
    """`{% markdown incident "summary" %}`: the stored HTML, or the text escaped if there is none that may be shown."""
    html: str = getattr(thing, f"{field}_html")
    if render.may_show(getattr(thing, f"{field}_html_key")):
        return mark_safe(html)  # noqa: S308  (sanitised; the key says by whom)
    return plain_source(getattr(thing, field))


@register.filter
def rendered(html: str, key: str) -> SafeString:
    """`{{ note.body_html|rendered:note.body_html_key }}`: stored HTML, or nothing if its sanitiser is no longer trusted.

    Prefer the tag: it knows the text and shows that instead of nothing.
    """
    return mark_safe(html if render.may_show(key) else "")  # noqa: S308  (as above)


@register.filter
def plain_source(text: str) -> SafeString:
    """`{{ text|plain_source }}`: the whole text, escaped, with a word on why; empty stays empty."""
    return mark_safe(render.plain(text, render.FOR_NOW) if text else "")  # noqa: S308  (escaped by `plain`)
