"""Ask the Alertmanagers of a source what they list: firing, silenced, inhibited (alerts.md section 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from incidents.alerts import alertmanager
from incidents.models import Source
from portal import due, outbound
from portal.outbound import Unreachable

RECONCILE = "alerts.reconcile"
SOON = timedelta(seconds=5)
LARGEST = 32 * 1024 * 1024  # bytes of one answer
LISTED = "/api/v2/alerts?active=true&silenced=true&inhibited=true&unprocessed=true"


@dataclass(frozen=True, slots=True)
class Silence:
    """Who set it and until when; `matches` as people read it: `service="redis", instance=~"a.*"`."""

    who: str
    ends_at: datetime | None
    matches: str = ""
    note: str = ""
    service: str = ""  # the one that it names, if it names one
    url: str = ""

    def __str__(self) -> str:
        return f"{self.who} until {self.ends_at:%d %b %H:%M} UTC" if self.ends_at else self.who

    def as_json(self) -> dict[str, str]:
        """As `Source.silences` keeps it."""
        ends_at = self.ends_at.isoformat() if self.ends_at else ""
        return {"who": self.who, "ends_at": ends_at, "matches": self.matches, "note": self.note, "service": self.service, "url": self.url}


@dataclass(slots=True)
class Listing:
    """What the Alertmanagers of a source list, by fingerprint. up_since: the youngest of them; None when one does not say."""

    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)  # by id
    up_since: datetime | None = None


def soon(source: Source, now: datetime) -> None:
    """Ask within five seconds, in the caller's transaction; nothing for a source without an address."""
    if source.api_urls.strip():
        due.put(RECONCILE, str(source.pk), at=now + SOON)


def schedule(now: datetime) -> None:
    """A due row for every source that can be asked. Safe to run at any time: it moves none later. 1 query and 1-2 for each source."""
    for source in Source.objects.filter(is_enabled=True).exclude(api_urls=""):
        due.put(RECONCILE, str(source.pk), at=now + SOON)


def ask(source: Source) -> Listing:
    """The union of what every address lists. Raises: Unreachable, one of them gave no or half an answer."""
    listing = Listing()
    youngest: list[datetime | None] = []
    for url in source.api_urls.split():
        for alert in _get(url, LISTED, list):
            labels = alert.get("labels") if isinstance(alert, dict) else None
            if isinstance(labels, dict) and labels:
                listing.alerts[alertmanager.fingerprint((str(name), str(value)) for name, value in labels.items())] = alert
        status = _get(url, "/api/v2/status", dict)
        youngest.append(alertmanager.moment(str(status.get("uptime", ""))))
        listing.silences |= _silences(url)
    known = [moment for moment in youngest if moment]
    listing.up_since = max(known) if len(known) == len(youngest) and known else None
    return listing


def _get(url: str, path: str, shape: type) -> Any:
    """The JSON of one answer. Raises: Unreachable."""
    answer = outbound.fetch("GET", url.rstrip("/") + path, kind="named", timeout=10, max_bytes=LARGEST)
    found = answer.json() if answer.status == 200 else None
    if not isinstance(found, shape):
        raise Unreachable("broken", message=f"An Alertmanager answered {answer.status} instead of what was asked for.")
    return found


def _silences(url: str) -> dict[str, Silence]:
    """Those that are in force or will be."""
    return {
        str(silence.get("id")): _silence(silence, url)
        for silence in _get(url, "/api/v2/silences", list)
        if isinstance(silence, dict) and status_of(silence).get("state") != "expired"
    }


def _silence(silence: dict[str, Any], url: str) -> Silence:
    listed = silence.get("matchers")
    matchers = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    named = [each for each in matchers if each.get("name") == "service" and not each.get("isRegex") and each.get("isEqual", True)]
    return Silence(
        who=alertmanager.clean_line(str(silence.get("createdBy", "somebody")))[:60],
        ends_at=alertmanager.moment(str(silence.get("endsAt", ""))),
        matches=alertmanager.clean_line(", ".join(_matcher(each) for each in matchers))[:200],
        note=alertmanager.clean_line(str(silence.get("comment", "")))[:120],
        service=str(named[0].get("value", ""))[:120] if named else "",
        url=f"{url.rstrip('/')}/#/silences/{quote(str(silence.get('id')))}",
    )


def _matcher(matcher: dict[str, Any]) -> str:
    sign = ("=~" if matcher.get("isRegex") else "=") if matcher.get("isEqual", True) else ("!~" if matcher.get("isRegex") else "!=")
    return f'{matcher.get("name")}{sign}"{matcher.get("value")}"'


def status_of(alert: dict[str, Any]) -> dict[str, Any]:
    found = alert.get("status")
    return found if isinstance(found, dict) else {}


def _silenced_by(alert: dict[str, Any]) -> list[Any]:
    found = status_of(alert).get("silencedBy")
    return found if isinstance(found, list) else []


def state_of(alert: dict[str, Any], listing: Listing) -> str:
    """ "" while it simply fires there."""
    if by := _silenced_by(alert):
        return f"silenced by {listing.silences.get(str(by[0])) or 'somebody'}"[:200]
    inhibited = status_of(alert).get("inhibitedBy")
    if isinstance(inhibited, list) and inhibited:
        other = listing.alerts.get(str(inhibited[0]), {}).get("labels", {})
        return f"inhibited by {alertmanager.clean_line(str(other.get('alertname', 'another alert')))}"[:200]
    return ""
