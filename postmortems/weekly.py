"""Once a week to every lead: what rots (age, slips, fixes whose incident came back), what is waived or overdue, and what happened on these days."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from oncall.models import Team
from portal.accounts.models import User
from portal.models import Decision
from portal.notify import outbox
from portal.notify.models import Message
from portal.web.moments import duration
from postmortems import calendars, writing
from postmortems.ladder import MORNING
from postmortems.models import ActionItem, Postmortem, Recurrence

WEEK = timedelta(days=7)
REMEMBERED = (1, 2, 3, 5, 10)  # years ago


def report(now: datetime) -> int:
    """Queue the report of every lead whose week has begun: the first working morning of the week; how many. Safe to run again, and twice at once."""
    leads = list(User.objects.filter(is_active=True, membership__role="lead").distinct().order_by("pk"))
    told = set(Message.objects.filter(dedup_key__in=[_key(lead, now) for lead in leads]).values_list("dedup_key", flat=True))
    waiting = [lead for lead in leads if _key(lead, now) not in told]
    days = calendars.of(waiting, now) if waiting else {}
    return sum(_tell(lead, now) for lead in waiting if _is_morning(days[lead.pk], now))


def _is_morning(days: calendars.WorkingDays, now: datetime) -> bool:
    here = now.astimezone(days.zone)
    return here.time() >= MORNING and not days.off(here.date())


def _key(lead: User, now: datetime) -> str:
    year, week, _ = now.astimezone(lead.zone).isocalendar()
    return f"weekly:{lead.pk}:{year}-W{week:02}"


def _tell(lead: User, now: datetime) -> int:
    body = write(lead, now)
    if not body:
        return 0
    outbox.queue(
        lead,
        channel="email",
        purpose=Message.Purpose.NOTICE,
        subject=f"Your week: {body.splitlines()[0]}",
        body=body,
        dedup_key=_key(lead, now),
        at=now,
        priority=3,
    )
    return 1


def write(lead: User, now: datetime) -> str:
    """The text of a lead's report; "" when there is nothing to say. About 8 queries."""
    teams = Team.objects.filter(membership__user=lead, membership__role="lead")
    parts = [_rot(lead, teams, now), _postmortems(lead, teams, now), _waived(lead, teams, now), _anniversaries(lead, now)]
    found = [part for part in parts if part]
    return "\n\n".join(found) + f"\n\nEverything overdue: {settings.BASE_URL}/actions/?state=overdue\n" if found else ""


def _rot(lead: User, teams: QuerySet[Team], now: datetime) -> str:
    """Overdue items of the lead's teams, the latest first."""
    overdue = ActionItem.objects.overdue(now).visible_to(lead).filter(team__in=teams)
    late = list(overdue.select_related("owner", "postmortem").order_by("due_on", "pk"))
    if not late:
        return ""
    returned = set(Recurrence.objects.filter(postmortem__in=[item.postmortem_id for item in late]).values_list("postmortem", flat=True))
    lines = [_line(item, now, came_back=item.postmortem_id in returned) for item in late]
    return "\n".join([f"{len(late)} action {'item is' if len(late) == 1 else 'items are'} overdue", *lines])


def _line(item: ActionItem, now: datetime, *, came_back: bool) -> str:
    said = [f"{item.days_late(now)} days late", f"{duration(now - item.created_at)} old since it was opened", f"owner {item.owner or 'nobody'}"]
    if item.times_moved:
        said.append(f"moved {item.times_moved} {'time' if item.times_moved == 1 else 'times'}")
    if came_back:
        said.append("its incident came back")
    return f"- {item.reference} {item.title}\n  {', '.join(said)}\n  {settings.BASE_URL}/actions/{item.pk}/"


def _postmortems(lead: User, teams: QuerySet[Team], now: datetime) -> str:
    """Not published 48 hours after the incident was resolved."""
    unfinished = Postmortem.objects.unfinished().visible_to(lead).filter(team__in=teams).select_related("incident", "author")
    late = [found for found in unfinished if (due := writing.publish_due(found)) and due < now]
    lines = [
        f"- {found.reference} {found.title}: {found.get_status_display().lower()}, {found.author or 'nobody'} writes it\n  {_url(found)}"
        for found in late
    ]
    return "\n".join([f"{len(late)} {'postmortem is' if len(late) == 1 else 'postmortems are'} overdue", *lines]) if late else ""


def _waived(lead: User, teams: QuerySet[Team], now: datetime) -> str:
    """SEV1 without a postmortem, waived in the last seven days."""
    abouts = Decision.objects.filter(kind="waived_postmortem", at__gt=now - WEEK, about__startswith="incident:").values_list("about", flat=True)
    incidents = [int(about.partition(":")[2]) for about in abouts]
    found = Postmortem.objects.visible_to(lead).filter(status="waived", team__in=teams, incident__severity=1, incident__in=incidents)
    lines = [f"- {waived.reference} {waived.title}: {waived.waived_because}\n  {_url(waived)}" for waived in found]
    return "\n".join(["SEV1 waived this week", *lines]) if lines else ""


def _anniversaries(lead: User, now: datetime) -> str:
    """Published postmortems whose incident began on one of the coming seven days of an earlier year."""
    same_days = Q()
    for years in REMEMBERED:
        begin = _years_before(now, years)
        same_days |= Q(incident__opened_at__gte=begin, incident__opened_at__lt=begin + WEEK)
    found = Postmortem.objects.published().visible_to(lead).filter(same_days).select_related("incident").order_by("incident__opened_at")
    lines = [f"- {each.incident.opened_at:%d %b %Y}: {each.title}\n  {_url(each)}" for each in found[:5] if each.incident]
    return "\n".join(["On these days", *lines]) if lines else ""


def _years_before(now: datetime, years: int) -> datetime:
    """The beginning of that day; 29 February is the 28th in other years."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def _url(postmortem: Postmortem) -> str:
    return f"{settings.BASE_URL}/postmortems/{postmortem.pk}/"
