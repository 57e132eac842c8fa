"""The story of four weeks, told in acts; each act is what people did, by the verbs that their buttons call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from incidents import communications, impact, lifecycle, merging, milestones, roles
from incidents.communications import Words
from incidents.models import Incident
from incidents.models.incident import Status
from oncall import checklists, handoffs, shifts
from oncall.models import ChecklistItem, Handoff, Service
from portal import clock
from portal.accounts.models import User
from portal.desk.texts import texts
from postmortems import action_items, reviewing, writing
from postmortems.demo import words
from postmortems.demo.stage import Stage
from postmortems.desk import SECTION
from postmortems.models import ActionItem, Postmortem
from runbooks import changes
from runbooks.diagnostics import runs


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def write(postmortem: Postmortem, kind: str, body: str, *, by: User, at: datetime) -> None:
    """As the writing desk saves it."""
    section = postmortem.sections.get(kind=kind)
    texts[SECTION].save(section.pk, body, seen=section.version, by=by, at=at)


def follow(stage: Stage, incident: Incident, began: datetime, *, by: User, notes: dict[float, str], moves: dict[float, Status]) -> None:
    """Notes and moves of one incident, by minutes after it began, in their order."""
    for after in sorted({*notes, *moves}):
        with stage.at(began + minutes(after)) as at:
            if after in notes:
                lifecycle.note(incident.pk, notes[after], by=by, at=at)
            if after in moves:
                lifecycle.move(incident.pk, moves[after], by=by, at=at)


def tell(stage: Stage, incident: Incident, began: datetime, *, by: User, updates: tuple[tuple[str, float, str, str, float], ...]) -> None:
    """Updates: their kind, minutes after it began, the internal and the public words, and minutes until the next one (0: the final one)."""
    for kind, after, internal, public, wait in updates:
        with stage.at(began + minutes(after)) as at:
            said = Words(kind, internal=internal, public=public, next_at=at + minutes(wait) if wait else None, on_status_page=bool(public))
            communications.post(incident.pk, said, key=f"demo {kind} {after}", by=by, at=at)


def look_at_changes(stage: Stage, incident: Incident, moment: datetime, *, by: User) -> None:
    """The diagnostic that needs no target: what was deployed lately."""
    with stage.at(moment) as at:
        runs.ask("recent-deploys", given={"hours": 24}, about=incident.subject, by=by, at=at)


def error_rate_after_a_deployment(stage: Stage) -> None:
    """SEV1, three weeks ago: found, rolled back, learned from, and its fixes done or late."""
    priya, ana, tomas = (stage.people[name] for name in ("priya", "ana", "tomas"))
    began = stage.day(23, "10:12")
    responder = stage.on_call(began)
    with stage.at(began - minutes(9)) as at:
        changes.record(
            title="agent-api v1.5.2: sign-in by short tokens",
            key="demo-v1.5.2",
            at=at,
            service="agent-api",
            version="v1.5.2",
            author="deploy-bot",
            by=None,
            now=at,
        )
    incident = stage.fire("AgentHighErrorRate", began, summary="12 % of requests fail")
    with stage.at(began + minutes(2)) as at:
        lifecycle.acknowledge(incident.pk, by=responder, at=at)
    with stage.at(began + minutes(4)) as at:
        roles.take(incident.pk, "commander", person=priya, by=priya, at=at)
        roles.take(incident.pk, "communications", person=ana, by=priya, at=at)
        impact.set_impact(incident.pk, impact.Impact(words="8 % of requests fail", users_affected=3000, failed_requests=11_240), by=responder, at=at)
    look_at_changes(stage, incident, began + minutes(5), by=responder)
    follow(stage, incident, began, by=responder, notes=words.ERROR_RATE_NOTES, moves={9: Status.IDENTIFIED, 16: Status.MITIGATED})
    tell(stage, incident, began, by=priya, updates=words.ERROR_RATE_UPDATES)
    stage.end("AgentHighErrorRate", began, began + minutes(19))
    with stage.at(began + minutes(47)) as at:
        lifecycle.move(incident.pk, Status.RESOLVED, by=responder, at=at, reason="Error rate under 0.1 % for half an hour")
    tell(stage, incident, began, by=priya, updates=words.ERROR_RATE_OVER)
    with stage.at(began + minutes(55)) as at:
        milestones.edit(incident.pk, "impact_started", at_moment=began - minutes(5), by=priya, at=at)
    with stage.at(began + timedelta(hours=3)) as at:
        postmortem = writing.start(incident.pk, by=tomas, at=at)
    with stage.at(began + timedelta(hours=5)) as at:
        for kind, body in words.ERROR_RATE_POSTMORTEM.items():
            write(postmortem, kind, body, by=tomas, at=at)
        done, late = (
            _promise(stage, postmortem, title, owner=owner, due=days, type=kind, by=tomas, at=at)
            for title, owner, days, kind in words.ERROR_RATE_ACTIONS
        )
    with stage.at(began + timedelta(hours=20)) as at:
        reviewing.ask(postmortem.pk, [priya, ana], by=tomas, at=at)
        writing.move(postmortem.pk, Postmortem.Status.IN_REVIEW, by=tomas, at=at)
    with stage.at(began + timedelta(hours=26)) as at:
        reviewing.answer(postmortem.pk, by=priya, verdict="approved", comment="The timeline reads like the day. Publish it.", at=at)
        writing.move(postmortem.pk, Postmortem.Status.PUBLISHED, by=tomas, at=at)
    with stage.at(began + timedelta(days=6)) as at:
        action_items.begin(done.pk, by=tomas, at=at)
    with stage.at(began + timedelta(days=9)) as at:
        action_items.finish(done.pk, "The migration check runs on every pull request: https://ci.example.org/checks/42", by=tomas, at=at)
    with stage.at(began + timedelta(days=10)) as at:
        action_items.postpone(
            late.pk, (began + timedelta(days=16)).date(), "The staging cluster is being moved this week.", by=stage.people["yuki"], at=at
        )


def redis_was_away(stage: Stage) -> None:
    """SEV1, nine days ago: its postmortem waits for review, its action item is nearly due."""
    tomas, jonas = stage.people["tomas"], stage.people["jonas"]
    began = stage.day(9, "13:40")
    responder = stage.on_call(began)
    incident = stage.fire("RedisDown", began, summary="Redis does not answer", service="redis")
    with stage.at(began + minutes(3)) as at:
        lifecycle.acknowledge(incident.pk, by=responder, at=at)
        roles.take(incident.pk, "commander", person=tomas, by=tomas, at=at)
    follow(stage, incident, began, by=responder, notes=words.REDIS_NOTES, moves={11: Status.IDENTIFIED, 22: Status.MITIGATED})
    with stage.at(began + minutes(12)) as at:
        roles.take(
            incident.pk, "commander", person=jonas, by=tomas, at=at, state="The replica is promoted; sessions of 40 s are lost, we are counting."
        )
    stage.end("RedisDown", began, began + minutes(23), service="redis")
    with stage.at(began + minutes(58)) as at:
        lifecycle.move(incident.pk, Status.RESOLVED, by=jonas, at=at)
    with stage.at(began + timedelta(hours=4)) as at:
        postmortem = writing.start(incident.pk, by=jonas, at=at)
        for kind, body in words.REDIS_POSTMORTEM.items():
            write(postmortem, kind, body, by=jonas, at=at)
        for title, owner, days, kind in words.REDIS_ACTIONS:
            _promise(stage, postmortem, title, owner=owner, due=days, type=kind, by=jonas, at=at)
    with stage.at(began + timedelta(hours=6)) as at:
        write(postmortem, "root_cause", words.REDIS_POSTMORTEM["root_cause"] + words.REDIS_ADDED, by=responder, at=at)
        reviewing.ask(postmortem.pk, [tomas], by=jonas, at=at)
        writing.move(postmortem.pk, Postmortem.Status.IN_REVIEW, by=jonas, at=at)


def connections_ran_out(stage: Stage) -> None:
    """SEV2, three days ago: resolved this side of a postmortem that is only begun."""
    jonas, began = stage.people["jonas"], stage.day(3, "09:25")
    responder = stage.on_call(began)
    incident = stage.fire("DatabaseConnectionsNearLimit", began, summary="93 of 100 connections are in use", severity="warning", service="database")
    with stage.at(began + minutes(4)) as at:
        lifecycle.acknowledge(incident.pk, by=responder, at=at)
    follow(stage, incident, began, by=responder, notes=words.CONNECTIONS_NOTES, moves={14: Status.IDENTIFIED, 21: Status.MITIGATED})
    stage.end("DatabaseConnectionsNearLimit", began, began + minutes(24), severity="warning", service="database")
    with stage.at(began + minutes(45)) as at:
        lifecycle.move(incident.pk, Status.RESOLVED, by=responder, at=at)
    with stage.at(began + timedelta(hours=1)) as at:
        postmortem = writing.start(incident.pk, by=jonas, at=at)
        write(postmortem, "impact", "1,120 requests waited longer than five seconds. No request failed.", by=jonas, at=at)


def reports_by_people(stage: Stage) -> None:
    """Somebody declares by hand; a second report of the same is merged, a false alarm cancelled."""
    ana, tomas, yuki = (stage.people[name] for name in ("ana", "tomas", "yuki"))
    worker = Service.objects.filter(slug="agent-worker").first()
    began = stage.day(6, "14:05")
    with stage.at(began) as at:
        first = lifecycle.declare(title="Answers stop in the middle", severity=3, service=worker, summary=words.CUT_OFF, by=ana, at=at)
    with stage.at(began + minutes(6)) as at:
        second = lifecycle.declare(
            title="Customers see half sentences", severity=3, service=worker, summary="Three tickets since 14:00.", by=tomas, at=at
        )
        merging.merge(second.pk, first.pk, by=tomas, at=at, reason="The same half sentences")
    with stage.at(began + minutes(10)) as at:
        lifecycle.acknowledge(first.pk, by=yuki, at=at)
    follow(
        stage,
        first,
        began,
        by=yuki,
        notes={24: "A worker of the old version still ran; it is gone now."},
        moves={25: Status.MITIGATED, 40: Status.RESOLVED},
    )
    with stage.at(stage.day(5, "11:30")) as at:
        alarm = lifecycle.declare(title="Dashboard shows no traffic", severity=4, service=None, summary="", by=ana, at=at)
        lifecycle.cancel(alarm.pk, by=ana, at=at + minutes(3), reason="The dashboard asked the wrong cluster")


def the_queue_grows(stage: Stage) -> None:
    """Open now: somebody has it and the cause is named."""
    priya, began = stage.people["priya"], stage.now - minutes(34)
    responder = stage.on_call(began)
    incident = stage.fire("AgentQueueBacklog", began, summary="Queue depth 1,240 and growing", severity="warning", service="agent-worker")
    with stage.at(began + minutes(3)) as at:
        lifecycle.acknowledge(incident.pk, by=responder, at=at)
        roles.take(incident.pk, "commander", person=priya, by=responder, at=at)
        impact.set_impact(incident.pk, impact.Impact(words="Answers arrive about four minutes late"), by=responder, at=at)
    follow(stage, incident, began, by=responder, notes=words.QUEUE_NOTES, moves={19: Status.IDENTIFIED})
    look_at_changes(stage, incident, began + minutes(20), by=responder)
    tell(stage, incident, began, by=priya, updates=words.QUEUE_UPDATES)


def slow_answers(stage: Stage) -> None:
    """Open now, and nobody has acknowledged it yet."""
    stage.fire("AgentHighLatency", stage.now - minutes(1.5), summary="p95 of answers is 6.2 s", severity="warning")


def handing_over(stage: Stage) -> None:
    """The last change of shift: the hand-off wrote itself, got its words, and was accepted."""
    monday = stage.now - timedelta(days=stage.now.weekday() or 7)
    with stage.at(monday.replace(hour=6, minute=30, second=0)) as at:
        handoffs.open_due(at)
    for handoff in Handoff.objects.filter(state=Handoff.State.WRITING, at__lt=stage.now, rotation__team=stage.team).order_by("pk"):
        with stage.at(handoff.at - minutes(20)) as at:
            said = handoffs.write(
                handoff.pk,
                changed=words.CHANGED,
                watch=words.TO_WATCH,
                left_out=[],
                by=handoff.outgoing or stage.people["mara"],
                seen=handoff.version,
            )
            handoffs.send(said.pk, at=at)
        if handoff.incoming:
            with stage.at(handoff.at + minutes(4)) as at:
                handoffs.accept(handoff.pk, by=handoff.incoming, at=at)


def before_the_shift(stage: Stage) -> None:
    """The shift checklist of whoever is on call, half ticked; an item that nobody's postmortem asked for."""
    with stage.at(stage.now - timedelta(hours=2)) as at:
        shifts.open_checklists(at)
        for item in ChecklistItem.objects.filter(checklist__template__slug=checklists.SHIFT_TEMPLATE, proof="").select_related("checklist__person")[
            :5
        ]:
            checklists.tick(item.pk, by=item.checklist.person, at=at)
    with stage.at(stage.now - timedelta(days=1)) as at:
        action_items.add(
            title="Say in “Queue depth growing” how to read the age of jobs", why="Two people asked the same question on two nights.",
            type=ActionItem.Type.REPAIR_RUNBOOK, owner=stage.people["jonas"], team=stage.team, due_on=(clock.now() + timedelta(days=5)).date(),
            by=stage.people["mara"], at=at,
        )  # fmt: skip


def _promise(stage: Stage, postmortem: Postmortem, title: str, *, owner: str, due: int, type: str, by: User, at: datetime) -> ActionItem:
    """An action item of a postmortem, due `due` days after it was promised."""
    person, due_on = stage.people[owner], (at + timedelta(days=due)).date()
    return action_items.add(title=title, type=type, owner=person, team=stage.team, due_on=due_on, postmortem=postmortem, by=by, at=at)


# In the order of time, so that every verb finds the world as it was.
ACTS: tuple[Callable[[Stage], None], ...] = (
    error_rate_after_a_deployment,
    redis_was_away,
    reports_by_people,
    connections_ran_out,
    handing_over,
    before_the_shift,
    the_queue_grows,
    slow_answers,
)
