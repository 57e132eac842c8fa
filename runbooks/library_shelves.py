"""What the library puts on the frame's shelves. Called in `AppConfig.ready()`."""

from __future__ import annotations

from portal import due
from portal.markdown.rerender import Text, texts
from runbooks import desk, editing, exporting, formatting, offline, rot
from runbooks.models import Runbook, Section
from runbooks.presenting import presented


def put_on_shelf() -> None:
    texts.put(editing.BODY, Text(Runbook, "body", shown=lambda runbook, source: presented(source, runbook.links)))
    shown = Text(Section, "body", prefix=lambda section: section.prefix, shown=lambda section, source: presented(source, section.runbook.links))
    texts.put(editing.SECTION, shown)
    desk.put_on_shelf()
    rot.known_alerts.put("prometheus", rot.loaded_rules)
    due.register(formatting.DUE, formatting.handle, lease=formatting.LEASE, pool="work")
    due.register(offline.DUE, offline.handle, lease=offline.LEASE, pool="work")
    exporting.chapters.put("oncall", offline.cards)
