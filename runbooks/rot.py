"""What rots before anybody opens the page: dead links, diagnostics and alerts that no longer exist, sources that changed, owners who left.

The nightly check writes what it finds and takes away what it finds no more. It proves nothing and breaks nothing: it is a list to repair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.db import transaction

from portal import outbound
from portal.shelves import Shelf
from runbooks import rules_lint
from runbooks.diagnostics.registry import diagnostics
from runbooks.importing import links
from runbooks.models import RotFinding, Runbook, SourceFile, Target

Kind = RotFinding.Kind
Found = tuple[str, str]  # kind, detail
# Names of alerts that rules define, and when they were read; None where nobody knows. Packages to the right know the sources.
known_alerts: Shelf[Callable[[datetime], set[str] | None]] = Shelf("alerts that rules define")
PROBED = 500  # addresses on other hosts in one night
AGAIN_AFTER = timedelta(days=1)


def check(now: datetime, *, probe: bool = True) -> dict[str, int]:
    """Look at every runbook; how many of each kind were found. probe: also ask other hosts whether their pages still stand."""
    defined = _defined(now)
    gone = _gone(probe)
    slugs = set(Runbook.objects.values_list("slug", flat=True))
    counted: dict[str, int] = {}
    runbooks = Runbook.objects.select_related("owner", "team").prefetch_related("sections", "aliases", "files")
    for runbook in runbooks.iterator(chunk_size=100):
        found = [*_links(runbook, slugs, gone), *_diagnostics(runbook), *_alerts(runbook, defined), *_source(runbook), *_owner(runbook)]
        _write(runbook, found, now)
        for kind, _ in found:
            counted[kind] = counted.get(kind, 0) + 1
    return counted


@transaction.atomic
def _write(runbook: Runbook, found: list[Found], now: datetime) -> None:
    known = {(row.kind, row.detail): row.pk for row in RotFinding.objects.filter(runbook=runbook)}
    wanted = dict.fromkeys((kind, detail[:400]) for kind, detail in found)
    RotFinding.objects.filter(pk__in=[pk for key, pk in known.items() if key not in wanted]).delete()
    RotFinding.objects.bulk_create(
        RotFinding(runbook=runbook, kind=kind, detail=detail, found_at=now) for kind, detail in wanted if (kind, detail) not in known
    )


def _links(runbook: Runbook, slugs: set[str], gone: dict[str, str]) -> Iterator[Found]:
    """Inside the library: pages, sections and files that are not there. Outside: pages that answered that they are gone."""
    anchors = {section.anchor for section in runbook.sections.all()}
    for link in links.in_text(runbook.body):
        target = runbook.links.get(link.target, link.target)
        if runbook.links.get(link.target) == "":
            yield Kind.LINK, f"leads nowhere: {link.target}"
        elif target.startswith("/runbooks/") and not target.startswith("/runbooks/files/"):
            slug = target.removeprefix("/runbooks/").partition("#")[0].strip("/")
            if slug and slug not in slugs:
                yield Kind.LINK, f"leads to a runbook that is not there: {link.target}"
        elif link.target not in runbook.links and not link.target.startswith("/"):
            yield Kind.LINK, f"leads nowhere: {link.target}"
    for target in links.same_page(runbook.body):
        if anchors and target.removeprefix("md-") not in anchors and not links.has_anchor(runbook.body, target):
            yield Kind.LINK, f"leads to a section that is not there: #{target}"
    for link in links.outside(runbook.body):
        if link.target in gone:
            yield Kind.LINK, f"{gone[link.target]}: {link.target}"


def _gone(probe: bool) -> dict[str, str]:
    """Addresses on other hosts that answered 404 or 410, with the answer. Unreachable is not gone: nobody knows then."""
    if not probe:
        return {}
    wanted = list(dict.fromkeys(link.target for body in Runbook.objects.values_list("body", flat=True).iterator() for link in links.outside(body)))[
        :PROBED
    ]
    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = list(pool.map(_answer, wanted))
    return {url: said for url, said in zip(wanted, answers, strict=True) if said}


def _answer(url: str) -> str:
    try:
        status = outbound.fetch("GET", url, kind="free", timeout=5, max_bytes=100_000, redirects=3).status
    except outbound.Unreachable:
        return ""
    return f"answers {status}" if status in (404, 410) else ""


def _diagnostics(runbook: Runbook) -> Iterator[Found]:
    for section in runbook.sections.all():
        for block in section.diagnostics:
            if block["name"] not in diagnostics:
                yield Kind.DIAGNOSTIC, f"no diagnostic is called {block['name'][:100]} (section {section.title or 'beginning'})"


def _defined(now: datetime) -> set[str] | None:
    """Every alert that some rule defines; None where no source of rules could be read, since then nobody knows."""
    known = [names for _, read in known_alerts if (names := read(now)) is not None]
    return set().union(*known) if known else None


def loaded_rules(now: datetime) -> set[str] | None:
    """Names of the alerts that the Prometheus targets have loaded; None where there is none, or one of them cannot be asked."""
    names: set[str] = set()
    servers = list(Target.objects.filter(kind=Target.Kind.PROMETHEUS))
    for server in servers:
        host = f"[{server.host}]" if ":" in server.host else server.host
        rules, troubles = rules_lint.from_prometheus(f"{'https' if server.uses_tls else 'http'}://{host}:{server.port or 9090}")
        if troubles:
            return None
        names |= {rule.alert for rule in rules}
    return names if servers else None


def _alerts(runbook: Runbook, defined: set[str] | None) -> Iterator[Found]:
    for alias in runbook.aliases.all():
        if defined is not None and alias.alertname not in defined:
            yield Kind.ALERT, f"no rule defines {alias.alertname} any more"


def _source(runbook: Runbook) -> Iterator[Found]:
    for file in runbook.files.all():
        if file.gone_at:
            yield Kind.SOURCE, f"{file.path} is no longer in {_source_name(file)}"
        if file.theirs is not None:
            yield Kind.SOURCE, f"{file.path} was changed in its source and here; decide which counts"


def _source_name(file: SourceFile) -> str:
    return str(file.source)


def _owner(runbook: Runbook) -> Iterator[Found]:
    if runbook.owner and not runbook.owner.is_active:
        yield Kind.OWNER, f"its owner {runbook.owner} left"


def rotting() -> list[Runbook]:
    """Runbooks with findings, most of them first, `rot` prefetched. 2 queries."""
    from django.db.models import Count

    return list(
        Runbook.objects.annotate(found=Count("rot"))
        .filter(found__gt=0)
        .prefetch_related("rot")
        .defer("body", "body_html")
        .order_by("-found", "title")
    )
