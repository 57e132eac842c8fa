"""The demo: a story played by the real verbs, so that every page has something to look at. Nothing here writes a row by hand that a verb writes."""

from __future__ import annotations

from datetime import datetime

from incidents.models import Incident
from incidents.models.alert import Source
from portal.errors import DomainError
from postmortems.demo import story
from postmortems.demo.stage import SOURCE, Stage


class NotEmpty(DomainError):
    code = "not_empty"


def play(now: datetime, *, force: bool = False) -> dict[str, int]:
    """Play the four weeks before `now`; what there is afterwards, by its name. The same story each time, only its dates move.

    Nothing leaves the house meanwhile. Raises: NotEmpty, it was played before, or the database has incidents and `force` is not given.
    """
    if Source.objects.filter(name=SOURCE).exists():
        raise NotEmpty("The demo was played here already; a second time nothing would be new. Start from an empty database to see it again.")
    found = Incident.objects.count()
    if found and not force:
        raise NotEmpty(f"This database has {found} incidents already. Play the demo on an empty one, or add --force to play it in between.")
    with Stage(now) as stage:
        for act in story.ACTS:
            act(stage)
        return stage.counted()
