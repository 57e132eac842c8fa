"""Pages of runbooks whose queries are counted."""

from __future__ import annotations

from oncall.models import Team
from portal import clock
from runbooks import editing
from runbooks.models import Runbook
from tests.query_counting import Counted


def library(reader, number):
    team, _ = Team.objects.get_or_create(slug="counted", defaults={"name": "Counted"})
    for _ in range(number):
        name = f"Runbook {Runbook.objects.count()}"
        editing.save(Runbook(title=name, body=f"# {name}\n\nText.", team=team), by=reader, at=clock.now(), aliases=[name])


PAGES = [Counted("runbook-list", lambda reader: "/runbooks/", library)]
