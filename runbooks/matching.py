"""Which runbook answers an alert, and why we think so.

In this order: what a runbook says of itself (its alerts, its matchers), the very path that the alert's link names, the path with host and
branch taken off, the name of the page, a link whose labels were filled in, the alert's name as a page or a heading; then its service.
Names are no keys: where two pages bear one name, none of them is certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from django.db.models import Q

from portal.markdown.render import clean
from runbooks import matchers
from runbooks.importing.naming import called, stem_of
from runbooks.models import NamedPlace, Runbook, RunbookAlias

LINKS = ("runbook_url", "runbook", "runbook_uri", "playbook", "playbook_url")  # annotations that name a page
_SHORT = re.compile(r"/r/(.+?)/?$")
_LONG = re.compile(r"/runbooks/([-\w]+)/?$")
_LABEL = re.compile(r"\{\{\s*-?\s*(?:\$labels\.|\.Labels\.|\.CommonLabels\.)([A-Za-z_]\w*)[^{}]*\}\}")
_TEMPLATE = re.compile(r"\{\{|\}\}|\{%")
MOST = 20


@dataclass(frozen=True, slots=True)
class Match:
    """certain: somebody said that this runbook answers this alert; else it only looks likely. why: a sentence for people."""

    runbook: Runbook
    why: str
    certain: bool = True
    anchor: str = ""

    @property
    def url(self) -> str:
        return self.runbook.get_absolute_url() + (f"#{self.anchor}" if self.anchor else "")


def for_alert(labels: Mapping[str, str], annotations: Mapping[str, str] | None = None) -> list[Match]:
    """Best first, each runbook once. At most 7 queries."""
    labels = {name: clean(str(value)) for name, value in labels.items()}
    alertname, service = labels.get("alertname", ""), labels.get("service", "")
    link, filled = _link(labels, annotations or {})
    matches = [*_said(alertname, labels, link), *_by_link(link, filled), *_by_name(alertname, linked=bool(link))]
    same = Runbook.objects.filter(Q(services__name=service) | Q(services__slug=service)).distinct()[:MOST] if service else []
    matches += [Match(runbook, f"It covers the same service, {service}; it may not fit.", certain=False) for runbook in same]
    first: dict[int, Match] = {}
    for match in matches:
        first.setdefault(match.runbook.pk, match)
    return list(first.values())


def _link(labels: Mapping[str, str], annotations: Mapping[str, str]) -> tuple[str, bool]:
    """The link that the alert carries, its labels filled in; and whether any had to be. Empty where a label is missing."""
    said = next((clean(str(annotations[name])) for name in LINKS if annotations.get(name)), "")
    filled = _LABEL.sub(lambda found: labels.get(found[1]) or found[0], said)
    return ("" if _TEMPLATE.search(filled) else filled.strip()), filled != said


def _said(alertname: str, labels: Mapping[str, str], link: str) -> list[Match]:
    """By the names of alerts that runbooks list, by their matchers, and by our own links."""
    path = clean(unquote(_path(link)))
    short, long = _SHORT.search(path), _LONG.search(path)
    named = for_alertnames({alertname, short[1] if short else ""})
    matches = [Match(named[alertname], f"It answers {alertname}.")] if alertname in named else []
    matches += [Match(runbook, f"Its matchers fit: {matchers.shown(runbook.matchers)}.") for runbook in _matching(labels)]
    if short and short[1] in named:
        matches.append(Match(named[short[1]], "The alert links to it."))
    if long:
        matches += [Match(runbook, "The alert links to it.") for runbook in Runbook.objects.filter(slug=long[1])]
    return matches


def _matching(labels: Mapping[str, str]) -> list[Runbook]:
    """Runbooks all of whose label matchers hold, those with most of them first. 1 query."""
    found = [runbook for runbook in Runbook.objects.exclude(matchers=[]).defer("body", "body_html") if matchers.holds(runbook.matchers, labels)]
    return sorted(found, key=lambda runbook: (-len(runbook.matchers), runbook.pk))


def _by_link(link: str, filled: bool) -> list[Match]:
    """By the file that a link names: its whole path, or as much of the path's end as the file has too. 1 query."""
    path, _, anchor = link.partition("#")
    wanted = _pieces(_path(path))
    if not wanted:
        return []
    name = called(stem_of("/".join(_pieces_kept(_path(path)))))
    files = [(_shared(wanted, _pieces(runbook.source_path)), runbook) for runbook in Runbook.objects.filter(called=name)[:MOST] if name]
    most = max((shared for shared, _ in files), default=0)
    found = [runbook for shared, runbook in files if shared == most and shared]
    labels = ", with its labels filled in" if filled else ""
    why = f"The alert's link names this page{labels}: {link[:120]}"
    one = len(found) == 1
    return [Match(runbook, why if one else f"{why}; {len(found)} pages bear that name.", one, _known_anchor(runbook, anchor)) for runbook in found]


def _known_anchor(runbook: Runbook, anchor: str) -> str:
    return anchor if anchor and runbook.sections.filter(anchor=anchor).exists() else ""


def _shared(wanted: list[str], path: list[str]) -> int:
    """How many pieces the two paths share at their ends; 0 where the last one differs."""
    count = 0
    for one, other in zip(reversed(wanted), reversed(path), strict=False):
        if one != other:
            break
        count += 1
    return count


def _pieces_kept(path: str) -> list[str]:
    return [piece for piece in unquote(path).split("/") if piece not in ("", ".", "..")]


def _pieces(path: str) -> list[str]:
    """Of a path, each as letters and digits only, without suffixes and without README."""
    kept = _pieces_kept(path)
    if not kept:
        return []
    last = kept[-1].lower()
    for suffix in (".html.md.erb", ".html.md", ".markdown", ".md", ".html", ".htm"):
        if last.endswith(suffix):
            last = last[: -len(suffix)]
            break
    pieces = [called(piece) for piece in (*kept[:-1], last)]
    return pieces[:-1] if pieces[-1] in ("readme", "index") and len(pieces) > 1 else pieces


def _by_name(alertname: str, *, linked: bool) -> list[Match]:
    """By the alert's name, as a page's or as a heading's. Not certain where the alert names another page, or several pages fit. 2 queries."""
    name = called(alertname)
    if not name:
        return []
    pages = list(Runbook.objects.filter(called=name)[:MOST])
    certain = not linked and len(pages) == 1
    matches = [Match(runbook, f"The page bears the alert's name, {alertname}{'' if certain else '; it may not fit'}.", certain) for runbook in pages]
    places = list(NamedPlace.objects.filter(called=name).select_related("runbook")[:MOST])
    alone = not linked and not pages and len({place.runbook_id for place in places}) == 1
    said = "" if alone else "; it may not fit"
    return matches + [Match(place.runbook, f"A heading on it says {alertname}{said}.", alone, place.anchor) for place in places]


def for_alertname(name: str) -> Runbook | None:
    """The runbook that answers alerts of that name; None where nobody wrote one. 1-3 queries."""
    match = match_for_alertname(name)
    return match.runbook if match else None


def match_for_alertname(name: str) -> Match | None:
    """The certain match for a bare name: by the list of a runbook's alerts, by its matchers, by its page's or heading's name."""
    name = clean(name)
    certain = [match for match in for_alert({"alertname": name}) if match.certain]
    return certain[0] if certain else None


def for_alertnames(names: Iterable[str]) -> dict[str, Runbook]:
    """Runbooks by alert name, as they list them; names without one are left out. 1 query."""
    asked = {cleaned for name in names if (cleaned := clean(name))} or {""}
    return {alias.alertname: alias.runbook for alias in RunbookAlias.objects.filter(alertname__in=asked).select_related("runbook")}


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:  # "http://[": somebody's template went wrong
        return ""
