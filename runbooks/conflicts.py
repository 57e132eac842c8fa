"""A file that changed in its source while its runbook was edited here: three texts, two differences, one decision."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.db import transaction

from portal.accounts.models import User
from portal.errors import DomainError, Invalid
from runbooks import formatting, searching
from runbooks.importing import front_matter, importer, pages, texts
from runbooks.importing.links import Map
from runbooks.models import Runbook, SourceFile


@dataclass(frozen=True, slots=True)
class Line:
    """kind: same, added or removed."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Sides:
    """base: what was imported. mine, theirs: how each differs from it, line by line."""

    mine: list[Line]
    theirs: list[Line]


def sides(file: SourceFile) -> Sides:
    """Of a file in conflict; front matter included."""
    base = texts.read(bytes(file.content)).text
    here = file.runbook.front_matter + file.runbook.body if file.runbook else ""
    return Sides(difference(base, here), difference(base, texts.read(bytes(file.theirs or b"")).text))


def difference(old: str, new: str, *, around: int = 3) -> list[Line]:
    """The lines that differ, with a few around them."""
    lines = []
    for line in difflib.unified_diff(old.split("\n"), new.split("\n"), lineterm="", n=around):
        if line.startswith(("---", "+++")):
            continue
        if line.startswith("@@"):
            lines.append(Line("gap", ""))
        else:
            lines.append(Line({"+": "added", "-": "removed"}.get(line[0], "same"), line[1:]))
    return lines


@transaction.atomic
def decide(file_id: int, keep: str, *, by: User, at: datetime) -> None:
    """`mine` stays, and the source's text is what it stands on from now on; or `theirs` becomes the next version. Raises: Invalid, DomainError."""
    file = SourceFile.objects.select_for_update().get(pk=file_id)
    if file.theirs is None or file.runbook_id is None:
        raise DomainError("This conflict was decided already.", code="decided")
    theirs = bytes(file.theirs)
    runbook = Runbook.objects.select_for_update().get(pk=file.runbook_id)
    if keep == "theirs":
        page = pages.read(file.path, theirs, Map({}, {}, set()))
        page.links = {target: runbook.links.get(target, "") for target in page.links}
        importer.take_over(runbook, page, by=by, at=at)
        searching.index(runbook)
        formatting.later(at)
    elif keep == "mine":
        runbook.front_matter = front_matter.split(texts.read(theirs).text).block or runbook.front_matter
        runbook.save_without_historical_record(update_fields=["front_matter"])  # type: ignore[attr-defined]
    else:
        raise Invalid("Choose which text stays: mine or theirs.")
    SourceFile.objects.filter(pk=file.pk).update(content=theirs, sha256=sha256(theirs).hexdigest(), theirs=None)
