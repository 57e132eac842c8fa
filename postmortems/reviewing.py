"""Reviewers are asked by name, and chased; one who wants changes stands in the way of publishing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from portal import journal
from portal.accounts.models import User
from portal.errors import DomainError, Invalid
from postmortems.models import Postmortem, Review


@transaction.atomic
def ask(postmortem_id: int, people: Iterable[User], *, by: User, at: datetime) -> list[Review]:
    """Ask each to review; who was asked before and answered is asked anew. Raises: Invalid, nobody, or somebody who may not see it."""
    postmortem = Postmortem.objects.select_for_update().get(pk=postmortem_id)
    reviewers = list(people)
    if not reviewers:
        raise Invalid("Name at least one reviewer.")
    blind = [str(person) for person in reviewers if not Postmortem.objects.visible_to(person).filter(pk=postmortem.pk).exists()]
    if blind:
        raise Invalid(f"{', '.join(blind)} may not see this postmortem.")
    asked = [
        Review.objects.update_or_create(
            postmortem=postmortem, person=person, defaults={"asked_at": at, "verdict": "", "comment": "", "answered_at": None}
        )[0]
        for person in reviewers
    ]
    journal.append(postmortem.subject, kind="review", at=at, by=by, text=f"Asked to review: {', '.join(str(person) for person in reviewers)}")
    return asked


@transaction.atomic
def answer(postmortem_id: int, *, by: User, verdict: str, comment: str, at: datetime) -> Review:
    """The reviewer's verdict. Raises: Invalid, no such verdict, or changes wanted without saying which; DomainError, not asked."""
    if verdict not in Review.Verdict.values:
        raise Invalid("Choose “approved” or “changes”.")
    if verdict == Review.Verdict.CHANGES and not comment.strip():
        raise Invalid("Say what should change.")
    review = Review.objects.select_for_update().filter(postmortem_id=postmortem_id, person=by).first()
    if review is None:
        raise DomainError("You were not asked to review this postmortem.", code="not_asked")
    review.verdict, review.comment, review.answered_at = verdict, comment.strip(), at
    review.save()
    text = f"Review: {review.get_verdict_display().lower()}" + (f". {review.comment[:200]}" if review.comment else "")
    journal.append(f"postmortem:{postmortem_id}", kind="review", at=at, by=by, text=text)
    return review


def objections(postmortem: Postmortem) -> list[str]:
    """Reviewers who want changes, as sentences; who has not answered does not hold it up. 1 query."""
    wanting = postmortem.reviews.filter(verdict=Review.Verdict.CHANGES).select_related("person")
    return [f"{review.person} wants changes: {review.comment[:120]}" for review in wanting]
