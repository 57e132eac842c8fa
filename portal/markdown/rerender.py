"""Formatting stored texts again, after an update of the renderer or a repair of the sanitiser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q, QuerySet

from portal.markdown import render
from portal.shelves import Shelf


@dataclass(frozen=True, slots=True)
class Text:
    """One Markdown column with its `<field>_html` and `<field>_html_key` beside it.

    prefix: of the ids in one instance's HTML, the same as at save.
    """

    model: type[Model]
    field: str
    short: bool = False
    prefix: Callable[[Any], str] = lambda instance: "md-"


texts: Shelf[Text] = Shelf("Markdown texts")  # filled in `AppConfig.ready()`, e.g. texts.put("runbooks.body", Text(Runbook, "body"))


def outdated(text: Text) -> QuerySet[Any]:
    """Rows that another renderer formatted, or that nobody had time for; those with an empty text are left out."""
    current = Q(**{f"{text.field}_html_key__endswith": f":{render.RENDERER}"})
    return text.model._default_manager.exclude(current).exclude(**{text.field: ""}).order_by("pk")


def again(text: Text) -> Iterator[tuple[Any, render.Html]]:
    """Format and store each outdated row, without touching its version or its history. 2 queries a row and its formatting."""
    for pk in list(outdated(text).values_list("pk", flat=True)):
        instance = text.model._default_manager.filter(pk=pk).first()
        if instance is not None:
            yield instance, _store(text, instance)


def _store(text: Text, instance: Any) -> render.Html:
    """Written only if the source is still the one that was formatted: an editor who saves meanwhile wins."""
    source = getattr(instance, text.field)
    result = render.to_html(source, short=text.short, prefix=text.prefix(instance))
    unchanged = text.model._default_manager.filter(**{"pk": instance.pk, text.field: source})
    unchanged.update(**{f"{text.field}_html": result.html, f"{text.field}_html_key": result.key})
    return result
