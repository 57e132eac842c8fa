"""The chat channel of an incident: its name is proposed at once; where a Slack bot may, it is created."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from incidents import checking, timeline
from incidents.locks import locked, store
from incidents.models import ChatChannel, Incident
from portal import clock, due, outbound
from portal.errors import DomainError

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.models import Due

DUE = "incidents.create_channel"
LEASE = timedelta(seconds=25)
TRIES = 3


def proposed(incident: Incident) -> str:
    """`incident-2026-11-24`, with the incident's number when that day has one already. 1 query."""
    name = f"incident-{incident.opened_at.astimezone(UTC):%Y-%m-%d}"
    taken = ChatChannel.objects.filter(name=name).exclude(incident=incident).exists()
    return f"{name}-{incident.pk}" if taken else name


def can_create() -> bool:
    """A bot token is set."""
    return bool(settings.SLACK_BOT_TOKEN)


@transaction.atomic
def create(incident_id: int, *, by: User, at: datetime) -> ChatChannel:
    """Ask for the channel; without a bot, note that a person made it. Asking again changes nothing. Raises: DomainError, restricted."""
    incident = locked(incident_id)
    if incident.is_restricted:
        raise DomainError("A restricted incident gets no channel that everybody can find. Open a private one by hand.", code="restricted")
    channel, _ = ChatChannel.objects.get_or_create(incident=incident, defaults={"name": proposed(incident)})
    if channel.state in (ChatChannel.State.CREATED, ChatChannel.State.BY_HAND, ChatChannel.State.ASKED):
        return channel
    channel.state = ChatChannel.State.ASKED if can_create() else ChatChannel.State.BY_HAND
    channel.save(update_fields=["state"])
    if channel.state == ChatChannel.State.ASKED:
        due.put(DUE, str(channel.pk), at=at, priority=2)
    else:
        timeline.append(incident, kind="channel", at=at, by=by, text=f"Channel #{channel.name} created by hand")
        checking.look(incident, at, "channel")
    store(incident)
    return channel


def handle(row: Due, now: datetime) -> None:
    """The handler of `incidents.create_channel`; a name that is taken gets the incident's number."""
    channel = ChatChannel.objects.select_related("incident").get(pk=row.key)
    headers = {"Authorization": f"Bearer {settings.SLACK_BOT_TOKEN}"}
    try:
        answer = outbound.fetch("POST", f"{settings.SLACK_API_URL}/conversations.create", kind="named", json={"name": channel.name}, headers=headers)
        found = answer.json()
        said = found if isinstance(found, dict) else {}
    except outbound.Unreachable as trouble:
        said = {"error": str(trouble), "try_again": True}
    if said.get("error") == "name_taken" and not channel.name.endswith(f"-{channel.incident_id}"):
        ChatChannel.objects.filter(pk=channel.pk).update(name=f"{channel.name}-{channel.incident_id}")
        due.postpone(row, now)
        return
    if said.get("try_again") and row.attempts < TRIES:
        due.postpone(row, now + timedelta(seconds=10), error=str(said["error"]))
        return
    _finish(row, channel, said, clock.now())


@transaction.atomic
def _finish(row: Due, channel: ChatChannel, said: dict[str, object], at: datetime) -> None:
    incident = locked(channel.incident_id)
    if not due.settle(row):
        return
    made = said.get("channel")
    if said.get("ok") and isinstance(made, dict):
        channel.state, channel.reference, channel.reason = ChatChannel.State.CREATED, str(made.get("id", ""))[:60], ""
        text = f"Channel #{channel.name} created"
    else:
        channel.state, channel.reason = ChatChannel.State.FAILED, str(said.get("error", "no answer"))[:200]
        text = f"Channel #{channel.name} was not created: {channel.reason}"
    channel.save(update_fields=["state", "reference", "reason"])
    timeline.append(incident, kind="channel", at=at, by=None, text=text)
    checking.look(incident, at, "channel")
    store(incident)
