"""What every page's frame shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject, cached_property

from portal import clock
from portal.accounts.models import User
from portal.web import navigation
from portal.web.counts import counted
from portal.web.panels import rail


class Frame:
    """The shell around a page; each part is worked out when the template asks for it, so a fragment pays nothing."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.now = clock.now()

    @cached_property
    def groups(self) -> list[tuple[str, list[navigation.Entry]]]:
        return list(navigation.groups(self.user))

    @cached_property
    def counts(self) -> dict[str, Any]:
        """1 query for each thing that is counted."""
        return counted(self.user, self.now)

    @property
    def rail(self) -> list[Any]:
        return [panel for _, panel in rail]

    @property
    def search_url(self) -> str:
        return navigation.way_to("search")

    @property
    def declare_url(self) -> str:
        return navigation.way_to("incident-new")

    @property
    def profile_url(self) -> str:
        return navigation.way_to("profile")


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of the shell; nothing for people who are not signed in. 0 queries until the shell is drawn."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_authenticated:
        return {}
    return {"shell": SimpleLazyObject(lambda: Frame(user))}
