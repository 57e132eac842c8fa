"""Three postmortems that Standby ships with, to show good and blameless writing. They are of nobody's incident."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from oncall.models.team import default_team
from postmortems.importing import keeping
from postmortems.models import Postmortem
from runbooks.importing.files import Folder

SOURCE = "Standby, as an example"
FOLDER = Path(__file__).parent / "shipped"


def lay_out(now: datetime) -> str:
    """The seed chapter: once, where a team exists that can hold them."""
    team = default_team()
    if team is None or Postmortem.objects.filter(source=SOURCE).exists():
        return ""
    report = keeping.run(Folder(FOLDER), source=SOURCE, team=team, at=now)
    return f"{report.counts().get('imported', 0)} example postmortems"
