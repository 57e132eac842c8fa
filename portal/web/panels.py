"""Sockets of the frame: what packages show on pages that do not know them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from portal.accounts.models import User
from portal.shelves import Shelf


@dataclass(frozen=True, slots=True)
class Panel:
    """A template and what it needs. `context` answers None when there is nothing to show; it also gets `request` and `now`."""

    template: str
    context: Callable[[User, datetime], dict[str, Any] | None]
    column: str = "main"  # or "side"
    order: int = 50

    def render(self, request: HttpRequest, now: datetime, **over: Any) -> SafeString:
        """Empty when there is nothing to show. `over` replaces values of the context, such as a form by the one with errors."""
        found = self.context(request.user, now) if isinstance(request.user, User) else None
        if found is None:
            return SafeString("")
        return render_to_string(self.template, {"now": now, **found, **over}, request=request)


# In the rail beside every page: who is on call. One query each.
rail: Shelf[Panel] = Shelf("panels of the rail")
