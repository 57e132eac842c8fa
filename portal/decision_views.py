"""The decision log as a page and as CSV."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from portal import clock, decisions, spreadsheets
from portal.accounts.acting import acting
from portal.models import Decision

PER_PAGE = 50
LONGEST_EXPORT = 10_000  # rows


def _asked(request: HttpRequest) -> tuple[QuerySet[Decision], dict[str, str]]:
    """What `?kind=&about=` ask for; values nobody knows are left out."""
    wanted = {name: request.GET.get(name, "") for name in ("kind", "about")}
    wanted["kind"] = wanted["kind"] if wanted["kind"] in decisions.kinds else ""
    wanted["about"] = wanted["about"].replace("\x00", "")[:80]
    found = decisions.visible_to(acting(request))
    return found.filter(**{name: value for name, value in wanted.items() if value}), wanted


@require_safe
def decision_list(request: HttpRequest) -> HttpResponse:
    found, wanted = _asked(request)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(row, decisions.label(row.kind)) for row in page],
        "kinds": list(decisions.kinds),
        "query": urlencode({name: value for name, value in wanted.items() if value}),
        "now": clock.now(),
        **wanted,
    }
    return render(request, "decisions/list.html", context)


@require_safe
def decision_export(request: HttpRequest) -> HttpResponse:
    found, _ = _asked(request)
    return spreadsheets.answer("decisions", decisions.table(found[:LONGEST_EXPORT]))
