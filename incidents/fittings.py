"""What the command centre puts on the shelves of others: clocks, updates, metrics, levers, the public page."""

from __future__ import annotations

from incidents import (
    asking,
    chat,
    checking,
    clocks,
    closing,
    communications,
    delivering,
    meeting,
    mitigating,
    pulling,
    telemetry,
    template_desk,
    templating,
)
from incidents.status_page import publishing
from portal import decisions, due
from portal.seeding import chapters
from runbooks.diagnostics import runs

DECISIONS = {
    "forced_close": "Closed with open points",
    "watch_skipped": "Resolved before the watch was over",
    "downgrade": "Severity lowered",
    "lever_alone": "Changed a tier-1 service alone",
}


def put_on_shelves() -> None:
    """Called once, in `AppConfig.ready()`."""
    due.register(clocks.DUE, clocks.handle, lease=clocks.LEASE)
    due.register(communications.SEND, delivering.send, lease=delivering.LEASE, lost=delivering.give_up)
    due.register(chat.DUE, chat.handle, lease=chat.LEASE, pool="work")
    due.register(telemetry.DUE, telemetry.handle, lease=telemetry.LEASE, pool="work")
    due.register(publishing.DUE, publishing.handle, lease=publishing.LEASE, pool="work")
    due.register(pulling.RUN, pulling.handle, lease=pulling.LEASE, pool="work", on_expiry="lost", lost=pulling.lose)
    runs.finished.put("levers", pulling.keep_act)
    for name, fact in {**checking.SHIPPED, "meeting": meeting.known, "metrics": telemetry.confirmed_normal}.items():
        checking.facts.put(name, fact)
    closing.gates.put("checklist", checking.gate)
    closing.gates.put("runbook question", asking.gate)
    for kind, heading in DECISIONS.items():
        decisions.kinds.put(kind, heading)
    template_desk.put_on_shelf()
    chapters.put("clocks", clocks.lay_out)
    chapters.put("update templates", templating.lay_out)
    chapters.put("production checklist", checking.lay_out)
    chapters.put("metrics", telemetry.lay_out)
    chapters.put("mitigation options", mitigating.lay_out)
