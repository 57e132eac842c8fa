"""Remarks on a postmortem: made by whoever responds, settled by whoever writes it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from portal import journal
from portal.accounts.models import User
from portal.errors import Invalid
from portal.locking import locked_one
from postmortems.models import Comment, Postmortem

LONGEST = 4000  # characters


@transaction.atomic
def say(postmortem: Postmortem, text: str, *, section: str = "", by: User, at: datetime) -> Comment:
    """A comment on the whole, or on one section (its kind). Raises: Invalid, nothing said, too long, or no such section."""
    text = text.replace("\x00", " ").strip()
    if not text:
        raise Invalid("Write what you want to say.")
    if len(text) > LONGEST:
        raise Invalid(f"A comment has at most {LONGEST} characters; this one has {len(text)}.")
    about = postmortem.sections.filter(kind=section).first() if section else None
    if section and about is None:
        raise Invalid("This postmortem has no such section.")
    found = Comment.objects.create(postmortem=postmortem, section=about, text=text, by=by, at=at)
    where = f" on {about}" if about else ""
    journal.append(
        postmortem.subject, kind="comment", at=at, by=by, text=f"Comment{where}: {text[:200]}", url=f"/postmortems/{postmortem.pk}/#comments"
    )
    return found


@transaction.atomic
def settle(comment_id: int, *, at: datetime) -> Comment:
    """Dealt with. Settling again changes nothing."""
    found = locked_one(Comment.objects.all(), comment_id)
    if found.settled_at is None:
        found.settled_at = at
        found.save(update_fields=["settled_at"])
    return found
