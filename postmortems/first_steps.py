"""The last of the first steps: what happened was looked at together."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from portal.first_steps import STEPS, Step
from postmortems.models import Postmortem


def put_on_shelf() -> None:
    """Called in `AppConfig.ready()`."""
    how = "Publish the first postmortem, of a drill if need be, and read it together."
    STEPS.put("review", Step("Review with the team", how, _published, lambda: reverse("postmortem-list"), order=50))


def _published(now: datetime) -> str:
    first = Postmortem.objects.exclude(published_at=None).exclude(incident=None).order_by("published_at").first()
    return f"{first.reference} was published" if first else ""
