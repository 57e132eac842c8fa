"""Which runbook answers an alert, and why we think so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from django.db.models import Q

from portal.markdown.render import clean
from runbooks.models import Runbook, RunbookAlias

_SHORT = re.compile(r"/r/(.+?)/?$")
_LONG = re.compile(r"/runbooks/([-\w]+)/?$")


@dataclass(frozen=True, slots=True)
class Match:
    """certain: somebody said that this runbook answers this alert; else it only looks likely. why: a sentence for people."""

    runbook: Runbook
    why: str
    certain: bool = True


def for_alert(labels: Mapping[str, str], annotations: Mapping[str, str] | None = None) -> list[Match]:
    """Best first, each runbook once: by the alert's name, by the link it carries, by its service. 3 queries."""
    alertname, service = clean(labels.get("alertname", "")), clean(labels.get("service", ""))
    link = clean(unquote(_path((annotations or {}).get("runbook_url", ""))))
    short, long = _SHORT.search(link), _LONG.search(link)
    named = for_alertnames({alertname, short[1] if short else ""})
    matches = [Match(named[alertname], f"It answers {alertname}.")] if alertname in named else []
    if short and short[1] in named:
        matches.append(Match(named[short[1]], "The alert links to it."))
    matches += [Match(runbook, "The alert links to it.") for runbook in Runbook.objects.filter(slug=long[1] if long else "")]
    same = Runbook.objects.filter(Q(services__name=service) | Q(services__slug=service)).distinct() if service else Runbook.objects.filter(slug="")
    matches += [Match(runbook, f"It covers the same service, {service}; it may not fit.", certain=False) for runbook in same]
    first: dict[int, Match] = {}
    for match in matches:
        first.setdefault(match.runbook.pk, match)
    return list(first.values())


def for_alertname(name: str) -> Runbook | None:
    """The runbook that answers alerts of that name; None where nobody wrote one. 1 query."""
    name = clean(name)
    return for_alertnames([name]).get(name)


def for_alertnames(names: Iterable[str]) -> dict[str, Runbook]:
    """Runbooks by alert name; names without one are left out. 1 query."""
    asked = {cleaned for name in names if (cleaned := clean(name))} or {""}
    return {alias.alertname: alias.runbook for alias in RunbookAlias.objects.filter(alertname__in=asked).select_related("runbook")}


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:  # "http://[": somebody's template went wrong
        return ""
