"""Formatting stored texts again, after an update of the renderer or a repair of the sanitiser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Model, Q, QuerySet

from portal import due
from portal.markdown import render
from portal.models import Due
from portal.shelves import Shelf


@dataclass(frozen=True, slots=True)
class Text:
    """One Markdown column with its `<field>_html` and `<field>_html_key` beside it.

    prefix: of the ids in one instance's HTML, the same as at save. shown: what is formatted of an instance's source.
    """

    model: type[Model]
    field: str
    short: bool = False
    prefix: Callable[[Any], str] = lambda instance: "md-"
    shown: Callable[[Any, str], str] = lambda instance, source: source


texts: Shelf[Text] = Shelf("Markdown texts")  # filled in `AppConfig.ready()`, e.g. texts.put("runbooks.body", Text(Runbook, "body"))


DUE = "markdown.rerender"
LEASE = timedelta(seconds=12)
_SOON = timedelta(seconds=5)


def later(name: str, pk: int, *, at: datetime) -> None:
    """In the transaction that saves a text whose result was `busy`: format `texts[name]` of that row again. 1-2 queries."""
    due.put(DUE, f"{name}:{pk}", at=at, priority=3)


def handle(row: Due, now: datetime) -> None:
    """The handler of `later`; a text deleted meanwhile is settled, one that is busy again comes back in five seconds."""
    name, _, pk = row.key.rpartition(":")
    text = texts[name]
    instance = text.model._default_manager.filter(pk=int(pk)).first()
    result = _formatted(text, instance) if instance is not None else None
    if result and result.busy:
        due.postpone(row, now + _SOON)
        return
    with transaction.atomic():
        if due.settle(row) and result:
            _store(text, instance, result)


def outdated(text: Text) -> QuerySet[Any]:
    """Rows that another renderer formatted, or that nobody had time for; those with an empty text are left out."""
    current = Q(**{f"{text.field}_html_key__endswith": f":{render.RENDERER}"})
    return text.model._default_manager.exclude(current).exclude(**{text.field: ""}).order_by("pk")


def again(text: Text) -> Iterator[tuple[Any, render.Html]]:
    """Format and store each outdated row, without touching its version or its history. 2 queries a row and its formatting."""
    for pk in list(outdated(text).values_list("pk", flat=True)):
        instance = text.model._default_manager.filter(pk=pk).first()
        if instance is not None:
            result = _formatted(text, instance)
            _store(text, instance, result)
            yield instance, result


def _formatted(text: Text, instance: Any) -> render.Html:
    source = text.shown(instance, getattr(instance, text.field))
    return render.to_html(source, short=text.short, prefix=text.prefix(instance))


def _store(text: Text, instance: Any, result: render.Html) -> None:
    """Written only if the source is still the one that was formatted: an editor who saves meanwhile wins."""
    unchanged = text.model._default_manager.filter(**{"pk": instance.pk, text.field: getattr(instance, text.field)})
    unchanged.update(**{f"{text.field}_html": result.html, f"{text.field}_html_key": result.key})
