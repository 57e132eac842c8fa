"""What happened before that was like this: the same alerts, the same rule, the same service."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from incidents.models import Episode, Incident
from portal.accounts.models import User

LOOKED_AT, SHOWN = 200, 5


@dataclass(frozen=True, slots=True)
class Similar:
    incident: Incident
    why: str  # a sentence


def similar_to(incident: Incident, user: User) -> list[Similar]:
    """Older incidents that this person may see, most alike first, at most five. 3 queries."""
    episodes = list(incident.episodes.values_list("alert_id", "alert__name")[:LOOKED_AT])
    alerts, names = {pk for pk, _ in episodes}, {name for _, name in episodes if name}
    before = Incident.objects.visible_to(user).filter(pk__lt=incident.pk, is_storm=False)
    alike = Q(episodes__alert__in=alerts) | Q(episodes__alert__name__in=names)
    if incident.correlation_key:
        alike |= Q(correlation_key=incident.correlation_key)
    if incident.service_id:
        alike |= Q(service=incident.service_id)
    found = list(before.filter(alike).distinct().select_related("service").order_by("-pk")[:LOOKED_AT])
    told: dict[int, list[tuple[int, str]]] = {}
    for pk, alert, name in Episode.objects.filter(incident__in=found).values_list("incident", "alert", "alert__name"):
        told.setdefault(pk, []).append((alert, name))
    ranked = [(*_rank(each, incident, alerts, names, told.get(each.pk, [])), each) for each in found]
    ranked.sort(key=lambda row: (-row[0], -row[2].pk))
    return [Similar(each, why) for _, why, each in ranked[:SHOWN]]


def _rank(each: Incident, incident: Incident, alerts: set[int], names: set[str], told: list[tuple[int, str]]) -> tuple[int, str]:
    same = {alert for alert, _ in told} & alerts
    if same:
        return 4, "The same alert" if len(same) == 1 else f"{len(same)} alerts in common"
    if incident.correlation_key and each.correlation_key == incident.correlation_key:
        return 3, "The same alerts of the same service"
    shared = sorted({name for _, name in told} & names)
    if shared:
        return 2, f"{shared[0]}, elsewhere"
    return 1, "The same service"
