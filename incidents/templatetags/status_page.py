"""Tags of the public files."""

from __future__ import annotations

import re

from django import template

from incidents.status_page.snapshot import PublicIncident, PublicUpdate, Snapshot

register = template.Library()
MOST = 50  # entries of the feed
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@register.filter
def every_update(page: Snapshot) -> list[tuple[PublicIncident, PublicUpdate]]:
    """All updates of all incidents, the newest first."""
    found = [(incident, update) for incident in (*page.current, *page.past) for update in incident.updates]
    return sorted(found, key=lambda pair: pair[1].at, reverse=True)[:MOST]


@register.filter
def xml_text(text: str) -> str:
    """Without characters that XML 1.0 does not know; escaped by the template like everything else."""
    return _NOT_XML.sub("\ufffd", text)
