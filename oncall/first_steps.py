"""The first step of on call: somebody answers."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from oncall import rota
from portal.first_steps import STEPS, Step


def put_on_shelf() -> None:
    """Called in `AppConfig.ready()`."""
    how = "Admin, Rotations: put people into the rotation, then look at On call."
    STEPS.put("people", Step("Put people on call", how, _who, lambda: reverse("oncall"), order=5))


def _who(now: datetime) -> str:
    names = sorted({str(seat.person) for seat in rota.on_call_now(now) if seat.person})
    return f"{', '.join(names)} on call now" if names else ""
