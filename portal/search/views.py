"""The search page and its API twin: parse, find, render."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.acting import acting
from portal.api.documents import answer
from portal.errors import Invalid
from portal.search.find import Found, find
from portal.web.throttle import refuse_too_often

FILTERS = ("service", "team", "owner", "state")
KINDS = {
    "runbook": "Runbooks",
    "incident": "Incidents",
    "postmortem": "Postmortems",
    "action": "Action items",
    "service": "Services",
    "run": "Diagnostic runs",
}
LONGEST = 10_000  # characters of a query
MOST = 60  # searches a minute and person, typed or by the API


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    if request.GET.get("q"):
        refuse_too_often("search", acting(request), a_minute=MOST)
    query, kind = request.GET.get("q", "")[:LONGEST], request.GET.get("kind", "")
    found = find(query, user=acting(request), kinds=[kind] if kind in KINDS else [], facets=facets(request.GET), limit=50)
    order = list(dict.fromkeys(hit.kind for hit in found.hits))
    hits = sorted(found.hits, key=lambda hit: order.index(hit.kind))
    groups = [(KINDS.get(name, name), list(group)) for name, group in groupby(hits, key=lambda hit: hit.kind)]
    template = "search/_results.html" if getattr(request, "htmx", False) else "search/search.html"
    response = render(request, template, {"query": query, "kind": kind, "kinds": KINDS, "found": found, "groups": groups})
    patch_vary_headers(response, ["HX-Request"])
    return response


class HitFields(serializers.Serializer[Any]):
    """One hit, best first."""

    kind = serializers.CharField()
    title = serializers.CharField()
    url = serializers.CharField()
    snippet = serializers.CharField(help_text="HTML, escaped, with the found words in <mark>.")
    source_path = serializers.CharField()
    label: Any = serializers.CharField()


@extend_schema(
    operation_id="search",
    parameters=[
        OpenApiParameter("q", str, description="As in the search box."),
        OpenApiParameter("kind", str, enum=list(KINDS)),
        OpenApiParameter("limit", int, description="1 to 100, 20 when left out."),
    ],
    responses=answer("Found", corrected=serializers.CharField(), total=serializers.IntegerField(), results=HitFields(many=True)),
)
@api_view(["GET"])
def search_api(request: Request) -> Response:
    """`?q=&kind=&service=&team=&state=&limit=`: the hits, best first."""
    refuse_too_often("search", acting(request), a_minute=MOST)
    limit = request.query_params.get("limit", "20")
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:6]) <= 100:
        raise Invalid("limit must be a whole number from 1 to 100.")
    kind = request.query_params.get("kind", "")
    if kind and kind not in KINDS:
        raise Invalid(f"kind must be one of {', '.join(KINDS)}.")
    wanted = facets(request.query_params)
    found = find(request.query_params.get("q", "")[:LONGEST], user=acting(request), kinds=[kind] if kind else [], facets=wanted, limit=int(limit))
    return Response({"corrected": found.corrected, "total": found.total, "results": as_json(found)})


def facets(given: QueryDict) -> dict[str, list[str]]:
    """The filters of a request: each may be given several times, and one of its values must hold."""
    return {name: values for name in FILTERS if (values := [value for value in given.getlist(name) if value][:20])}


def as_json(found: Found) -> list[dict[str, object]]:
    return [
        {
            "kind": hit.kind,
            "title": hit.title,
            "section": hit.section,
            "url": hit.url,
            "snippet": hit.snippet,
            "source_path": hit.source_path,
            "label": hit.label,
            "score": hit.score,
            "also": [{"title": also.title, "url": also.url} for also in hit.also],
        }
        for hit in found.hits
    ]
