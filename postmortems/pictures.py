"""Pictures for the text of a postmortem: checked by what they are, encoded anew, put into Markdown by their address."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from typing import IO

from django.core.files.base import ContentFile
from django.urls import reverse

from incidents import files
from portal.accounts.models import User
from portal.errors import DomainError, Invalid
from postmortems.models import Picture, Postmortem

MOST = 60  # of one postmortem


def add(postmortem: Postmortem, name: str, stream: IO[bytes], *, by: User, at: datetime) -> Picture:
    """Raises: Invalid, not a PNG, JPEG or WebP, broken or larger than 10 MB; DomainError, too many."""
    if postmortem.pictures.count() >= MOST:
        raise DomainError(f"{postmortem.reference} has {MOST} pictures already. Link to the next one instead.", code="too_many")
    checked = files.check(name, stream)
    if not checked.media_type.startswith("image/"):
        raise Invalid(f"“{checked.name}” is no picture: png, jpeg and webp can be shown in the text.", code="file_kind")
    found = Picture(postmortem=postmortem, name=checked.name, media_type=checked.media_type, size=len(checked.content), added_at=at, added_by=by)
    found.sha256 = hashlib.sha256(checked.content).hexdigest()
    ending = checked.name.rpartition(".")[2]
    found.file.save(f"postmortems/{postmortem.pk}/{uuid.uuid4().hex}.{ending}", ContentFile(checked.content), save=False)
    found.save()
    return found


def markdown_of(picture: Picture) -> str:
    """What is pasted into a section to show it."""
    alt = picture.name.rpartition(".")[0].translate(str.maketrans("[]\\", "   ")).strip() or "picture"
    return f"![{alt}]({reverse('postmortem-picture', args=[picture.postmortem_id, picture.pk])})"
