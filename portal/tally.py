"""Count rare things across all processes: a lease that ran out, a doorbell that nobody heard."""

from __future__ import annotations

from django.db.models import F

from portal.models import Tally


def count(name: str, amount: float = 1) -> None:
    """Add to a count, in the caller's transaction. 1-2 queries, so for rare things only: all writers of one name queue for its row."""
    if not Tally.objects.filter(name=name).update(amount=F("amount") + amount):
        _, new = Tally.objects.get_or_create(name=name, defaults={"amount": amount})
        if not new:
            Tally.objects.filter(name=name).update(amount=F("amount") + amount)


def counts() -> dict[str, float]:
    """Every count by its name. 1 query."""
    return dict(Tally.objects.values_list("name", "amount"))
