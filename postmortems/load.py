"""What being on call weighs: pages of the last four weeks by team, and how many came at night. Never ranked by person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.models import Q
from django.db.models.functions import Coalesce

from incidents.models import Incident
from oncall.models import Team
from portal.accounts.models import User
from portal.notify.models import Message
from portal.notify.reach import between

BACK = timedelta(days=28)
NIGHT_FROM, NIGHT_TO = time(22), time(7)  # where the person lives


@dataclass(frozen=True, slots=True)
class Load:
    """pages: handed over; at_night: between 22:00 and 07:00 of whoever was paged; nights: on how many of these 28; people: how many were paged."""

    team: Team
    pages: int
    at_night: int
    nights: int
    people: int


def by_team(user: User, now: datetime) -> list[Load]:
    """Teams whose people were paged for incidents of their services that `user` may see, by name; drills are left out. 3 queries."""
    pages = Message.objects.filter(Q(sent_at__gt=now - BACK) | Q(bundle__sent_at__gt=now - BACK), purpose=Message.Purpose.PAGE, practice=False)
    rows = list(pages.annotate(handed=Coalesce("sent_at", "bundle__sent_at")).select_related("recipient").only("about", "recipient"))
    numbers = {int(row.about.partition(":")[2]) for row in rows if row.about.startswith("incident:") and row.about[9:].isdecimal()}
    shown = Incident.objects.visible_to(user).filter(pk__in=numbers, kind=Incident.Kind.INCIDENT).exclude(service=None)
    team_of = {f"incident:{pk}": team for pk, team in shown.values_list("pk", "service__team")}
    teams = {team.pk: team for team in Team.objects.filter(pk__in=team_of.values())}
    found: list[Load] = []
    for pk, team in sorted(teams.items(), key=lambda pair: pair[1].name):
        local = [(row.recipient_id, row.handed.astimezone(row.recipient.zone)) for row in rows if team_of.get(row.about) == pk]
        night = [moment for _, moment in local if between(moment.time(), NIGHT_FROM, NIGHT_TO)]
        nights = {(moment - timedelta(hours=NIGHT_TO.hour)).date() for moment in night}
        found.append(Load(team, len(local), len(night), len(nights), len({person for person, _ in local})))
    return found
