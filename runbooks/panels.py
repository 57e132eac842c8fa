"""Cards beside a runbook that packages to the right put there: feedback, where it was used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.accounts.models import User
from portal.shelves import Shelf
from runbooks.models import Runbook


@dataclass(frozen=True, slots=True)
class RunbookPanel:
    """A card on the page of one runbook. `context` is asked with the journal subject that it is followed for, or ""; None: nothing to show."""

    template: str
    context: Callable[[User, Runbook, str, datetime], dict[str, Any] | None]


beside: Shelf[RunbookPanel] = Shelf("panels of a runbook")


def of(user: User, runbook: Runbook, about: str, now: datetime) -> list[tuple[str, dict[str, Any]]]:
    """Template and context of each card that has something to show."""
    found = [(panel.template, panel.context(user, runbook, about, now)) for _, panel in beside]
    return [(template, context) for template, context in found if context is not None]
