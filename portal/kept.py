"""What the frame itself keeps for a time: sessions, invitations, messages, heartbeats."""

from __future__ import annotations

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet

from portal.accounts.models import Invitation
from portal.models import Heartbeat
from portal.notify.models import Message
from portal.retention import Kind, kinds


def _over_sessions(before: datetime) -> QuerySet[Session]:
    return Session.objects.filter(expire_date__lt=before)


def _dead_browsers(before: datetime) -> QuerySet[UserSession]:
    """Browsers of which the session is gone."""
    found: QuerySet[UserSession] = UserSession.objects.filter(
        ~Exists(Session.objects.filter(session_key=OuterRef("session_key"))), last_seen_at__lt=before
    )
    return found


def _over_invitations(before: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(Q(accepted_at__lt=before) | Q(withdrawn_at__lt=before) | Q(accepted_at=None, expires_at__lt=before))


def _finished_messages(before: datetime) -> QuerySet[Message]:
    """Handed over or given up long ago, and not what a reminder's row points to."""
    found = Message.objects.exclude(state=Message.State.PENDING).filter(created_at__lt=before)
    for pointing in Message._meta.related_objects:
        if pointing.on_delete is not models.CASCADE:
            found = found.filter(~Exists(pointing.related_model._base_manager.filter(**{pointing.field.name: OuterRef("pk")})))
    return found


def _dead_workers(before: datetime) -> QuerySet[Heartbeat]:
    return Heartbeat.objects.filter(at__lt=before)


def put_on_shelf() -> None:
    kinds.put("sessions", Kind("Sessions, after they ended", 7, _over_sessions))
    kinds.put("browsers", Kind("The list of browsers that were signed in", 30, _dead_browsers))
    kinds.put("invitations", Kind("Invitations that are over", 90, _over_invitations, stays="the person who came of one"))
    kinds.put("messages", Kind("Messages and their attempts", 400, _finished_messages, least=30, stays="the timeline's line about each page"))
    kinds.put("heartbeats", Kind("Workers that were last seen long ago", 30, _dead_workers))
