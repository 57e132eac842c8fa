"""Handing one copy of an update to its destination: at most twice, with the same id, or failed with the reason and a retry.

The attempt is written before anything leaves the house. A worker that died while it held the copy may have handed it over, so a
second try is the last one, and says what it knows.
"""

from __future__ import annotations

import os
import smtplib
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from incidents import checking, timeline
from incidents.communications import body_of
from incidents.locks import locked
from incidents.models import Copy, ExternalReference, Update
from incidents.templating import PUBLIC_WORDS
from portal import clock, due, outbound
from portal.models import Due
from portal.notify.channels.email import clean_header

LEASE = timedelta(seconds=25)  # twice the slowest destination (10 s) and a bit
TIMEOUT = 10.0  # seconds
MOST_COPIES = 2  # times that a copy may reach its destination
RETRY = (5, 30, 120)  # seconds after a refusal that is known to be one
TRIES = len(RETRY) + 1


class NotTaken(Exception):
    """The destination said no, or was not reached: nothing arrived. `permanent`: trying again cannot help."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class NobodyKnows(Exception):
    """The connection broke after the copy was on its way: it may have arrived."""


def send(row: Due, now: datetime) -> None:
    """The handler of `incidents.send_copy`."""
    found = Copy.objects.select_related("update_of__incident", "stakeholders", "page")
    copy = found.filter(pk=row.key, state=Copy.State.PENDING).first()
    if copy is None:
        due.settle(row)
        return
    if copy.attempts >= MOST_COPIES:
        _settle(row, copy, failed="it may have arrived twice; whether it did is unknown", at=now)
        return
    Copy.objects.filter(pk=copy.pk).update(attempts=copy.attempts + 1)  # before anything leaves: a try that kills its worker counts
    try:
        reference = _hand_over(copy)
    except NotTaken as refusal:
        Copy.objects.filter(pk=copy.pk).update(attempts=copy.attempts)  # nothing arrived
        _refused(row, copy, refusal, now)
    except NobodyKnows as trouble:
        if copy.attempts + 1 >= MOST_COPIES:
            _settle(row, copy, failed=f"{trouble}; it may have arrived", at=clock.now())
        else:
            due.postpone(row, now + timedelta(seconds=RETRY[0]), error=str(trouble))
    else:
        _settle(row, copy, reference=reference, at=clock.now())


def give_up(row: Due, now: datetime) -> None:
    """A copy that killed its worker five times is said to have failed."""
    copy = Copy.objects.select_related("update_of__incident").filter(pk=row.key, state=Copy.State.PENDING).first()
    if copy:
        row.set_aside = True
        _settle(row, copy, failed="its worker died; whether it arrived is unknown", at=now)


def _refused(row: Due, copy: Copy, refusal: NotTaken, now: datetime) -> None:
    if refusal.permanent or row.attempts >= TRIES:
        _settle(row, copy, failed=str(refusal), at=now)
    else:
        due.postpone(row, now + timedelta(seconds=RETRY[row.attempts - 1]), error=str(refusal))


@transaction.atomic
def _settle(row: Due, copy: Copy, *, at: datetime, reference: str = "", failed: str = "") -> None:
    incident = locked(copy.update_of.incident_id)
    if not row.set_aside and not due.settle(row):
        return
    state = Copy.State.FAILED if failed else Copy.State.SENT
    Copy.objects.filter(pk=copy.pk).update(state=state, reason=failed[:300], reference=reference[:200], sent_at=None if failed else at)
    if failed:
        told = f"Update {copy.update_of.number} did not reach {copy.address}: {failed}"
        timeline.append(incident, kind="update_failed", at=at, by=None, text=told, data={"copy": copy.pk})
    elif not copy.update_of.copies.filter(state=Copy.State.PENDING).exists():
        sent = copy.update_of.copies.filter(state=Copy.State.SENT).count()
        timeline.append(incident, kind="notice", at=at, by=None, text=f"Update {copy.update_of.number}: {sent} copies handed over")
    if not failed and copy.way != Copy.Way.EXTERNAL:
        checking.look(incident, at, "stakeholders")


def mark(update: Update) -> str:
    """The id that every copy of an update shows, so that a person sees that two are one."""
    return f"update {update.incident_id}.{update.number}"


def _hand_over(copy: Copy) -> str:
    """The destination's reference. Raises: NotTaken, NobodyKnows."""
    if copy.way == Copy.Way.EMAIL:
        return _mail(copy)
    return _post_external(copy) if copy.way == Copy.Way.EXTERNAL else _post_chat(copy)


def _mail(copy: Copy) -> str:
    update, incident = copy.update_of, copy.update_of.incident
    reference = f"<standby-update-{copy.pk}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2]}>"
    is_public = copy.audience == "public"
    word = PUBLIC_WORDS.get(update.status, "Update") if is_public else f"SEV{incident.severity} {update.get_kind_display()} update"  # type: ignore[call-overload]
    subject = f"{'DRILL: ' if incident.kind == incident.Kind.DRILL else ''}{word}: {update.public[:100] if is_public else incident.title}"
    foot = settings.BASE_URL + "/status/" if is_public else incident.link
    mail = EmailMessage(
        subject=clean_header(subject),
        body=f"{body_of(update, copy.audience)}\n\n{foot}\n--\n{mark(update)}\n",
        to=[copy.address],
        headers={"Message-ID": reference, "X-Standby-Update": mark(update), "Auto-Submitted": "auto-generated"},
    )
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as refusal:
        [(code, _), *_] = refusal.recipients.values()
        raise NotTaken(f"the mail server said {code} to this address", permanent=500 <= code < 600) from refusal
    except smtplib.SMTPResponseException as refusal:
        raise NotTaken(f"the mail server said {refusal.smtp_code}", permanent=500 <= refusal.smtp_code < 600) from refusal
    except (ConnectionRefusedError, smtplib.SMTPConnectError, smtplib.SMTPHeloError) as trouble:
        raise NotTaken("the mail server was not reached") from trouble
    except (smtplib.SMTPException, OSError) as trouble:
        raise NobodyKnows(f"the mail server fell silent ({type(trouble).__name__})") from trouble
    return reference


def _post_chat(copy: Copy) -> str:
    stakeholders = copy.stakeholders
    if stakeholders is None or not stakeholders.chat_webhook:
        raise NotTaken("the list has no chat room any more", permanent=True)
    text = f"{body_of(copy.update_of, copy.audience)}\n{mark(copy.update_of)}"
    _ask("POST", stakeholders.chat_webhook, {"text": text}, {"Idempotency-Key": f"standby-copy-{copy.pk}"})
    return f"copy {copy.pk}"


def _post_external(copy: Copy) -> str:
    """Opens the incident there, then goes on with it: POST {message, status} to the page, later to …/ID."""
    page, update = copy.page, copy.update_of
    if page is None:
        raise NotTaken("that status page is set up no more", permanent=True)
    known = ExternalReference.objects.filter(page=page, incident=update.incident).first()
    headers = {"Idempotency-Key": f"standby-copy-{copy.pk}"}
    if page.token_variable:
        headers["Authorization"] = f"Bearer {os.environ.get(page.token_variable, '')}"
    url = f"{page.url.rstrip('/')}/{known.reference}" if known else page.url
    word = PUBLIC_WORDS.get(update.status, "Investigating").lower()  # type: ignore[call-overload]
    answer = _ask("POST", url, {"message": update.public, "status": word, "id": mark(update)}, headers)
    try:
        found = answer.json()
        reference = str(found.get("id", ""))[:120] if isinstance(found, dict) else ""
    except outbound.Unreachable:
        reference = ""
    if reference and known is None:
        ExternalReference.objects.get_or_create(page=page, incident=update.incident, defaults={"reference": reference})
    return reference or f"copy {copy.pk}"


def _ask(method: str, url: str, body: dict[str, str], headers: dict[str, str]) -> outbound.Answer:
    try:
        answer = outbound.fetch(method, url, kind="named", json=body, headers=headers, timeout=TIMEOUT)
    except outbound.Unreachable as trouble:
        if trouble.reason in ("timed_out", "broken", "too_large"):
            raise NobodyKnows(str(trouble)) from trouble
        raise NotTaken(str(trouble), permanent=trouble.reason in ("blocked", "bad_url")) from trouble
    if answer.status >= 300:
        raise NotTaken(f"it answered {answer.status}", permanent=answer.status in (400, 401, 403, 404, 410))
    return answer
