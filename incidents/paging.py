"""Get a human: who is paged, what they are told, and who is next when nobody acknowledges."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote

from django.conf import settings
from django.db import transaction

from incidents import carrying, links, timeline
from incidents.models import Incident
from incidents.models.incident import Status
from oncall import hours, reaching, rota
from oncall.escalation import Next, Plan, next_step, upcoming
from portal import due
from portal.accounts.models import User
from portal.locking import locked_one
from portal.models import Due
from portal.notify import outbox, reach
from portal.notify.contact import ContactMethod
from portal.notify.models import Message

ESCALATE, PASS_ON, ATTENTION = "incidents.escalate", "incidents.pass_on", "incidents.attention"
LEASE = timedelta(seconds=12)
NOBODY_AGAIN = timedelta(minutes=5)  # when no step of the whole policy reached anybody
CHANNEL = "email"  # of notices
IDLE_AFTER = timedelta(minutes=30)  # an acknowledgement without activity is asked after


def begin(incident: Incident, at: datetime) -> None:
    """Start paging as the severity asks for it, in the caller's transaction (product.md section 5).

    SEV1 at once; SEV2 at once in business hours, otherwise a notice now and the page at opening; SEV3 a notice to the team; SEV4 nobody.
    """
    incident.pages_begun += 1
    incident.steps_taken = 0
    incident.paging_begun_at = at if incident.severity <= 2 else None
    if incident.severity == 2 and incident.service and not hours.is_open(incident.service, at):
        incident.paging_begun_at = hours.next_opening(incident.service, at)
    _keep(incident)
    if incident.paging_begun_at is None:
        _tell_team(incident, at)
    elif incident.paging_begun_at > at:
        text = f"Outside business hours: paged at {incident.paging_begun_at:%d %b %H:%M} UTC unless somebody acknowledges"
        timeline.append(incident, kind="notice", at=at, by=None, text=text)
        _tell_primary(incident, at)
        due.put(ESCALATE, str(incident.pk), at=incident.paging_begun_at, priority=1)
    else:
        due.cancel(ESCALATE, [str(incident.pk)])
        _take_steps(incident, at)


def stop(incident: Incident, *, why: str, over_at: datetime | None = None) -> None:
    """Nobody has to be paged any more: open pages and steps are cancelled, in the caller's transaction.

    over_at: nothing is left to respond to, and providers that were told of it are told that too.
    """
    for kind in (ESCALATE, PASS_ON, ATTENTION):
        due.cancel(kind, [str(incident.pk)])
    if over_at:
        carrying.over(incident, carrying.RESOLVE, at=over_at)
    outbox.cancel(incident.subject, purpose=Message.Purpose.PAGE, why=why)
    incident.paging_begun_at = None


def taken(incident: Incident, *, by: User, at: datetime) -> None:
    """Somebody has it: paging stops, providers hear of it, and their attention is watched from now on. In the caller's transaction."""
    stop(incident, why=f"acknowledged by {by}")
    carrying.over(incident, carrying.ACKNOWLEDGE, at=at)
    if incident.severity <= 2:
        due.put(ATTENTION, str(incident.pk), at=at + IDLE_AFTER, priority=1)


def escalate(row: Due, now: datetime) -> None:
    """The handler of `incidents.escalate`: look again under the lock, then take the steps whose time has come."""
    with transaction.atomic():
        incident = _locked(int(row.key))
        if not due.settle(row) or incident.status != Status.TRIAGE or incident.paging_begun_at is None:
            return
        if incident.quiet_since and incident.steps_taken:
            timeline.append(incident, kind="page_failed", at=now, by=None, text="Quiet and nobody looked: the escalation stops here")
            return
        _hurry(incident, now)  # the row was due: a clock that was set back must not let the step wait again
        _take_steps(incident, now)


def pass_on(row: Due, now: datetime) -> None:
    """The handler of `incidents.pass_on`: a page was given up, so the next step is taken at once."""
    with transaction.atomic():
        incident = _locked(int(row.key))
        if not due.settle(row) or incident.status != Status.TRIAGE or incident.paging_begun_at is None or incident.team is None:
            return
        _hurry(incident, now)
        due.cancel(ESCALATE, [row.key])
        _take_steps(incident, now)


def _hurry(incident: Incident, now: datetime) -> None:
    """The next step's time has come, whatever the plan says: the round is counted from as much earlier."""
    if incident.team is None or incident.paging_begun_at is None:
        return
    coming = _next(incident, reaching.plan_for(incident.team, incident.severity, incident.service))
    if coming and coming.at > now:
        incident.paging_begun_at -= coming.at - now


def page_given_up(message: Message, at: datetime) -> None:
    """A channel gave up: the person's next one is tried, and where none is left, the next step is taken at once.

    A row of its own does the latter: whoever holds a message's row must not wait for the incident's lock.
    """
    subject, _, pk = message.about.partition(":")
    if reach.next_way(message, at) or _reached_otherwise(message):
        return
    if subject == "incident":
        due.put(PASS_ON, pk, at=at, priority=0)


def _reached_otherwise(message: Message) -> bool:
    """Another method of the same step has it, or is still trying."""
    alive = [Message.State.SENT, Message.State.PENDING]
    return bool(message.chain) and Message.objects.filter(chain=message.chain, state__in=alive).exclude(pk=message.pk).exists()


def ladder(incident: Incident) -> list[tuple[Next, reaching.Reached]]:
    """Who is paged next, and when, in the round that is under way; empty when nobody is."""
    team = incident.team
    if incident.status != Status.TRIAGE or incident.paging_begun_at is None or team is None:
        return []
    plan = reaching.plan_for(team, incident.severity, incident.service)
    return [
        (step, reaching.whom(team, step.step, step.at, service=incident.service))
        for step in upcoming(plan, begun_at=incident.paging_begun_at, taken=incident.steps_taken)
    ]


def _take_steps(incident: Incident, now: datetime) -> None:
    """Take every step whose time has come; an empty one passes on at once. Puts the row of the next one. The incident is locked or new."""
    team = incident.team
    if team is None:
        timeline.append(incident, kind="page_failed", at=now, by=None, text="Nobody can be paged: no team exists. Make one under Admin, Teams.")
        return
    plan = reaching.plan_for(team, incident.severity, incident.service)
    said: set[str] = set()
    reached_somebody, at_once = False, False
    while (step := _next(incident, plan)) and (step.at <= now or at_once):
        if step.at > now and incident.paging_begun_at:
            incident.paging_begun_at -= step.at - now
        incident.steps_taken += 1
        found = reaching.whom(team, step.step, now, service=incident.service)
        paged = [person for person in found.people if _page(incident, person, step, plan, now)]
        at_once = not paged
        reached_somebody = reached_somebody or bool(paged)
        if not found.people and found.why not in said:
            said.add(found.why)
            timeline.append(incident, kind="page_failed", at=now, by=None, text=f"{found.why}. Passed on to the next step.")
    _plan_on(incident, step, now, reached_somebody)
    _keep(incident)


def _next(incident: Incident, plan: Plan) -> Next | None:
    if incident.paging_begun_at is None:
        return None
    return next_step(plan, begun_at=incident.paging_begun_at, taken=incident.steps_taken)


def _plan_on(incident: Incident, step: Next | None, now: datetime, reached_somebody: bool) -> None:
    if step is not None:
        due.put(ESCALATE, str(incident.pk), at=step.at, priority=1)
    elif reached_somebody or Message.objects.filter(about=incident.subject, purpose=Message.Purpose.PAGE).exclude(channel="").exists():
        timeline.append(incident, kind="page_failed", at=now, by=None, text="The escalation is exhausted: everybody was paged, nobody acknowledged")
        incident.paging_begun_at = None  # nothing more comes by itself: red on the first page and in the audit
        _tell_leads(incident, now)
    else:
        first = not timeline.story(incident).filter(kind="page_failed", data__nobody=True).exists()
        if first:
            text = "Nobody could be paged. Trying again every 5 minutes: put somebody on call."
            timeline.append(incident, kind="page_failed", at=now, by=None, text=text, data={"nobody": True})
        incident.steps_taken, incident.paging_begun_at = 0, now + NOBODY_AGAIN
        due.put(ESCALATE, str(incident.pk), at=now + NOBODY_AGAIN, priority=1)


def _tell_leads(incident: Incident, now: datetime) -> None:
    """Once an exhausted escalation: the leads, whatever rota there is."""
    for lead in incident.team.leads() if incident.team else ():
        outbox.queue(
            lead,
            channel=CHANNEL,
            purpose=Message.Purpose.NOTICE,
            subject=f"Nobody acknowledged {subject_of(incident)}",
            body=f"Every step of the escalation was taken, and nobody acknowledged.\n\n{text_of(incident)}",
            dedup_key=f"exhausted:{incident.pk}:{lead.pk}:{incident.pages_begun}",
            at=now,
            about=incident.subject,
            priority=1,
            practice=incident.kind == Incident.Kind.DRILL,
        )


def _page(incident: Incident, person: User, step: Next, plan: Plan, now: datetime) -> bool:
    """Page by the methods that the step asks for. False: the person's quiet hours hold, which the timeline says."""
    chain = f"page:{incident.pk}:{person.pk}:{step.index}:{step.round}:{incident.pages_begun}"
    found = reach.ways(person, severity=incident.severity, at=now, by=step.step.by)
    if found.quiet_until:
        until = found.quiet_until.astimezone(person.zone)
        why = f"Not paged: {person}'s quiet hours hold until {until:%H:%M} ({person.time_zone}); passed on to the next step"
        outbox.not_sent(person, subject=subject_of(incident), reason=why, dedup_key=f"{chain}:quiet", at=now, about=incident.subject)
        timeline.append(incident, kind="notice", at=now, by=None, text=why)
        return False
    for method in found.methods:
        _queue_page(incident, person, method, chain, plan, now)
    return True


def _queue_page(incident: Incident, person: User, method: ContactMethod | None, chain: str, plan: Plan, now: datetime) -> None:
    link = links.acknowledge_url(incident, person, method)
    first = incident.steps_taken == 1
    alone = first and not incident.is_storm and incident.pk in Incident.objects.first_criticals([incident], now)
    outbox.queue(
        person,
        channel=method.kind if method else CHANNEL,
        method=method,
        purpose=Message.Purpose.PAGE,
        subject=subject_of(incident),
        body=text_of(incident, plan, link=link),
        dedup_key=f"{chain}:{method.pk if method else 'account'}",
        chain=chain,
        link=link,
        at=now,
        about=incident.subject,
        priority=0 if first else 1,
        alone=alone,
        practice=incident.kind == Incident.Kind.DRILL,
    )


def subject_of(incident: Incident) -> str:
    return f"[SEV{incident.severity}] {incident.title} ({incident.reference})"


def text_of(incident: Incident, plan: Plan | None = None, *, link: str = "") -> str:
    """What a page says: what is wrong, since when, where to go, who is next. Plain text, data only. link: acknowledges without signing in."""
    page = f"{settings.BASE_URL}/incidents/{incident.pk}/"
    lines = [f"{incident.title}", "", f"SEV{incident.severity} · {incident.service or 'no service'} · opened {incident.opened_at:%d %b %H:%M} UTC"]
    if incident.summary:
        lines += ["", incident.summary[:1000]]
    lines += ["", f"Acknowledge: {link}", f"Incident: {page}"] if link else ["", f"Incident: {page}"]
    names = incident.episodes.values_list("alert__name", flat=True).distinct()[:3]
    lines += [f"Runbook: {settings.BASE_URL}/r/{quote(name, safe='')}?incident={incident.pk}" for name in names]
    coming = _next(incident, plan) if plan else None
    if coming:
        lines += ["", f"Without an acknowledgement the {coming.step.whom} is paged at {coming.at:%H:%M} UTC."]
    return "\n".join(lines)


def _tell_team(incident: Incident, at: datetime) -> None:
    """SEV3: a notice to each active member. SEV4: nobody."""
    team = incident.team
    if incident.severity == 3 and team is not None:
        for person in team.members.filter(is_active=True, is_service=False).order_by("pk"):
            _notice(incident, person, at)


def _tell_primary(incident: Incident, at: datetime) -> None:
    seat = rota.responder(incident.team, "primary", at) if incident.team else None
    if seat and seat.person:
        _notice(incident, seat.person, at)


def _notice(incident: Incident, person: User, at: datetime) -> None:
    outbox.queue(
        person,
        channel=CHANNEL,
        purpose=Message.Purpose.NOTICE,
        subject=subject_of(incident),
        body=text_of(incident),
        dedup_key=f"notice:{incident.pk}:{person.pk}:{CHANNEL}:{incident.pages_begun}",
        at=at,
        about=incident.subject,
        priority=2,
        practice=incident.kind == Incident.Kind.DRILL,
    )


def _locked(incident_id: int) -> Incident:
    return locked_one(Incident.objects.select_related("service__team"), incident_id)


def _keep(incident: Incident) -> None:
    Incident.objects.filter(pk=incident.pk).update(
        paging_begun_at=incident.paging_begun_at, steps_taken=incident.steps_taken, pages_begun=incident.pages_begun
    )
