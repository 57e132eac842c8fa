"""Analytics: the page, the same figures as CSV and JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal import clock, spreadsheets
from portal.accounts.acting import acting
from postmortems import debt, insights, load
from postmortems.charts import bars


def _asked(request: HttpRequest) -> tuple[str, str]:
    """(period, key of a pair); what makes no sense is the default."""
    period = request.GET.get("days", "365")
    return period if period in insights.PERIODS else "365", request.GET.get("pair", "duration")[:40]


@require_safe
def analytics(request: HttpRequest) -> HttpResponse:
    """`?days=30|90|365|all&pair=mitigate`: every view can be pasted in chat."""
    (period, key), now, user = _asked(request), clock.now(), acting(request)
    found = insights.of(user, key, period, now)
    items = insights.action_items(user, insights.since(period, now), now)
    context: dict[str, Any] = {
        "found": found,
        "period": period,
        "periods": insights.PERIODS,
        "items": items,
        "items_chart": bars([(row.quarter, [row.opened, row.closed]) for row in items]),
        "debts": debt.of_all(now),
        "parts": debt.PARTS,
        "loads": load.by_team(user, now),
        "now": now,
    }
    return render(request, "postmortems/analytics.html", context)


@require_safe
def analytics_csv(request: HttpRequest) -> HttpResponse:
    return spreadsheets.answer("analytics", insights.table(acting(request), _asked(request)[0], clock.now()))


@require_safe
def analytics_json(request: HttpRequest) -> JsonResponse:
    """The figures of the same address of the page; lengths in seconds."""
    (period, key), now, user = _asked(request), clock.now(), acting(request)
    found = insights.of(user, key, period, now)
    pairs = [
        {"key": pair.key, "name": pair.name, "from": pair.starts, "to": pair.ends, **asdict(figure), "no_data": figure.missing}
        for pair, figure in found.pairs
    ]
    groups = {by: [{"part": group.name, **asdict(group.figure)} for group in rows] for by, rows in found.groups.items()}
    items = [asdict(row) for row in insights.action_items(user, insights.since(period, now), now)]
    chosen = found.chosen.key if found.chosen else ""
    return JsonResponse({"incidents": found.incidents, "pairs": pairs, "chosen": chosen, "groups": groups, "action_items": items})
