"""The API of diagnostics: what there is, asking for a run, and what came out."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal import clock
from portal.accounts.acting import acting
from portal.errors import require
from runbooks.diagnostics import policies, registry, runs
from runbooks.diagnostics.forms import ABOUT
from runbooks.models import DiagnosticRun


class RunFields(serializers.ModelSerializer[DiagnosticRun]):
    target: Any = serializers.SlugRelatedField("slug", read_only=True)

    class Meta:
        model = DiagnosticRun
        fields = [
            *["id", "diagnostic", "target", "parameters", "about", "asked_by", "state", "severity", "finding", "output", "result"],
            *["queued_at", "started_at", "finished_at"],
        ]
        read_only_fields = fields


class AskFields(serializers.Serializer[Any]):
    target = serializers.SlugField(required=False, default="")
    about = serializers.RegexField(ABOUT, required=False, default="", allow_blank=True)
    parameters: Any = serializers.DictField(required=False, default=dict)


class RunViewSet(viewsets.ReadOnlyModelViewSet[DiagnosticRun]):
    serializer_class = RunFields

    def get_queryset(self) -> QuerySet[DiagnosticRun]:
        return DiagnosticRun.objects.visible_to(acting(self.request)).select_related("target")


class DiagnosticViewSet(viewsets.ViewSet):
    lookup_field = "slug"

    def list(self, request: Request) -> Response:
        """Every diagnostic with its parameters."""
        found = [
            {
                "slug": slug,
                "title": diagnostic.title,
                "about": diagnostic.about,
                "class": diagnostic.kind,
                "target_kind": diagnostic.target_kind,
                "parameters": [
                    {"name": p.name, "default": p.default, "minimum": p.minimum, "maximum": p.maximum, "unit": p.unit} for p in diagnostic.parameters
                ],
            }
            for slug, diagnostic in registry.diagnostics
        ]
        return Response({"results": found})

    @action(detail=True, methods=["post"])
    def runs(self, request: Request, slug: str) -> Response:
        """Ask for a run; it is worked by a worker."""
        diagnostic = registry.find(slug)
        wanted = AskFields(data=request.data)
        wanted.is_valid(raise_exception=True)
        asked = wanted.validated_data
        require(policies.can_run(acting(request), diagnostic, asked["about"]), "Responders run diagnostics; this role only reads.")
        run = runs.ask(slug, given=asked["parameters"], target=asked["target"], about=asked["about"], by=acting(request), at=clock.now())
        return Response(RunFields(run).data, status=201)
