"""Output of diagnostics is kept for a time; who ran what, and its finding, stay."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal import retention
from runbooks.models import DiagnosticRun

pytestmark = pytest.mark.django_db


def test_old_output_of_a_diagnostic_goes_and_its_finding_stays(ana, noon):
    old = noon - timedelta(days=200)
    times = {"queued_at": old, "finished_at": old}
    run = DiagnosticRun.objects.create(
        diagnostic="stale-jobs", asked_by=ana, state="done", finding="3 stale jobs", output="long", result={"rows": [[1]]}, **times
    )

    assert retention.purge(noon, only="diagnostic-output") == {"diagnostic-output": 1}
    run.refresh_from_db()
    assert (run.finding, run.output, run.result) == ("3 stale jobs", "", {})
    assert retention.purge(noon, only="diagnostic-output") == {"diagnostic-output": 0}
