"""What runbooks put into a hand-off: pages that the shift leaned on and that cannot be trusted."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from oncall.handoffs import Line, Section, Subject
from runbooks.models import Feedback, Following, Runbook

DOUBTED = (Runbook.State.BROKEN, Runbook.State.STALE)


def doubtful(subject: Subject) -> list[Line]:
    """Stale and broken runbooks that were followed, judged or edited in the shift, the worst first. 1 query."""
    followed = Following.objects.filter(runbook=OuterRef("pk"), begun_at__gte=subject.since, begun_at__lte=subject.now)
    judged = Feedback.objects.filter(runbook=OuterRef("pk"), at__gte=subject.since, at__lte=subject.now)
    mine = Q(team=subject.team) | Q(services__team=subject.team)
    touched = Exists(followed) | Exists(judged) | Q(updated_at__gte=subject.since, updated_at__lte=subject.now)
    found = Runbook.objects.filter(mine, touched, state__in=DOUBTED).order_by("state", "title").distinct()
    return [Line(f"runbook:{runbook.slug}", runbook.title, _why(runbook), runbook.get_absolute_url()) for runbook in found[:30]]


def _why(runbook: Runbook) -> str:
    proven = f"last proven {runbook.proven_at:%d %b %Y}" if runbook.proven_at else "never proven"
    return f"{runbook.get_state_display().lower()}, {proven}"


STALE = Section("Stale runbooks that were used", "book-open", doubtful, order=60)
