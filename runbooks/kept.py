"""What diagnostics leave behind and is kept for a time: their output. Who ran what, and the one-line finding, stay."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from portal.retention import Kind
from runbooks.models import DiagnosticRun


def _with_output(before: datetime) -> QuerySet[DiagnosticRun]:
    return DiagnosticRun.objects.filter(finished_at__lt=before).exclude(output="", result={})


def _empty(rows: QuerySet[DiagnosticRun]) -> int:
    return rows.update(output="", result={})


OUTPUT = Kind("Output of diagnostics", 180, _with_output, shed=_empty, least=7, stays="who ran it, when, and its finding")
