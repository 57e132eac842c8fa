"""The first steps of knowing: an own runbook, and the tools tried before they are needed."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from portal.first_steps import STEPS, Step
from runbooks.models import DiagnosticRun, Runbook


def put_on_shelf() -> None:
    """Called in `AppConfig.ready()`."""
    how = "Seven are shipped. Write one for what only your system does."
    STEPS.put("runbook", Step("Create the first runbook", how, _own_runbook, lambda: reverse("runbook-list"), order=20))
    how = "Run a diagnostic that only reads, on a quiet day."
    STEPS.put("tools", Step("Practise using the debugging tools", how, _tried, lambda: reverse("diagnostic-list"), order=40))


def _own_runbook(now: datetime) -> str:
    own = Runbook.objects.exclude(source=Runbook.Source.SHIPPED).order_by("pk").first()
    return f"“{own.title}” is yours" if own else ""


def _tried(now: datetime) -> str:
    run = DiagnosticRun.objects.filter(state=DiagnosticRun.State.DONE).order_by("pk").first()
    return f"{run.diagnostic} was run" if run else ""
