"""The sources that runbooks come from: by name, and imported again when their hours are over."""

from __future__ import annotations

import logging
import re
from datetime import datetime, timedelta
from pathlib import Path

from oncall.models import Team
from oncall.models.team import default_team
from portal.errors import DomainError, Invalid
from runbooks.importing import files, importer
from runbooks.importing.report import Report
from runbooks.models import RunbookSource

logger = logging.getLogger(__name__)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


def named(slug: str, path: str = "", *, team: str | None = None, every_hours: int | None = None) -> RunbookSource:
    """The source of that name, made where there is none; path, team and hours are set where they are given.

    Raises: Invalid, no such team or no good name.
    """
    if not _NAME.fullmatch(slug):
        raise Invalid(f"“{slug[:60]}” is no name for a source: small letters, digits and dashes, such as ops-runbooks.")
    source = RunbookSource.objects.filter(slug=slug).first() or RunbookSource(slug=slug)
    if team or source.team_id is None:
        source.team = _team(team)
    place = Path(path).absolute() if path else None
    source.kind = RunbookSource.Kind.UPLOAD if not place or place.is_file() else RunbookSource.Kind.GIT if (place / ".git").exists() else "folder"
    source.path = str(place) if place and place.is_dir() else ""
    source.every_hours = source.every_hours if every_hours is None else max(0, min(every_hours, 8760))
    source.save()
    return source


def _team(slug: str | None) -> Team:
    found = Team.objects.filter(slug=slug).first() if slug else default_team()
    if found is None:
        said = f"There is no team “{slug}”." if slug else "There is no team yet."
        raise Invalid(f"{said} Make one under Admin → Teams, or name another with --team.")
    return found


def import_due(now: datetime) -> list[Report]:
    """Import again every source whose hours are over. One that cannot be read says so in its report; the others go on."""
    reports = []
    for source in RunbookSource.objects.exclude(every_hours=0).exclude(path=""):
        if source.imported_at and source.imported_at + timedelta(hours=source.every_hours) > now:
            continue
        try:
            reports.append(importer.run(source, files.tree_of(source.path), by=None, at=now))
        except DomainError as refusal:
            logger.warning("a source of runbooks cannot be read", extra={"source": source.slug})
            RunbookSource.objects.filter(pk=source.pk).update(imported_at=now, report={"source": source.slug, "failed": str(refusal)})
    return reports
