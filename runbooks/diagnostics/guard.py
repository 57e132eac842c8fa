"""The guard of what changes something: shown first, decided by a person with a reason, written down before it is done.

    look      an ordinary run of a `changes` diagnostic; touches nothing, and leaves a Preview of the exact items it would touch
    second    on a tier 1 service another person with the right agrees; who is alone says so, and the reason goes to the decision log
    confirm   by whoever asked, with the token, once, within two minutes: the audit row is committed, then a run is queued that acts
    act       the run reads each item again and touches only what is still as it was shown

A worker that dies in the act leaves the run lost; nothing acts twice by itself.
"""

from __future__ import annotations

import getpass
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from portal import decisions, due, journal
from portal.accounts.models import User
from portal.errors import DomainError, Invalid, NotAllowed
from portal.locking import locked_one
from portal.shelves import Shelf
from runbooks.diagnostics import registry
from runbooks.diagnostics.policies import has_change_right
from runbooks.diagnostics.registry import Diagnostic
from runbooks.diagnostics.results import Result
from runbooks.diagnostics.runs import RUN
from runbooks.models import DiagnosticRun, Preview, Target

VALID_FOR = timedelta(minutes=2)
AT_MOST = 100  # items in one act
REASON_AT_LEAST = 10  # characters
UNKNOWN = "What was done before that is not known. Look at each item, then ask for a new preview."

# Is this journal subject a drill? Filled by the packages that have drills.
practice_subjects: Shelf[Callable[[str], bool]] = Shelf("practice subjects")


class BadToken(DomainError):
    """Not this preview, not this person, or not these items."""

    code = "bad_token"
    http_status = 403


class AlreadyConfirmed(DomainError):
    """Somebody was faster; the sentence says who and when."""

    code = "already_confirmed"


class Expired(DomainError):
    code = "preview_expired"


class NeedsSecond(DomainError):
    """A tier 1 service: another person has to agree, or the reason of one who is alone goes to the decision log."""

    code = "needs_second"


def requester_of(user: User | None) -> str:
    """A person, or the account of this machine that runs the command line."""
    return f"user:{user.pk}" if user else f"command:{getpass.getuser()}"[:80]


def refuse_if_practice(diagnostic: Diagnostic, target: Target | None, about: str) -> None:
    """Raises: DomainError, a drill must not change anything outside staging."""
    is_drill = about and any(asks(about) for _, asks in practice_subjects)
    if diagnostic.kind == "changes" and is_drill and (target is None or target.stage != Target.Stage.STAGING):
        raise DomainError(f"This is a drill: {diagnostic.slug} works on staging targets only, and {target} is none.", code="drill")


def keep(run: DiagnosticRun, result: Result, at: datetime) -> None:
    """A look becomes a preview, an act keeps its outcomes; in the transaction that writes the run."""
    if acted_by(run):
        Preview.objects.filter(act=run).update(outcomes=(result.document or {}).get("outcomes", []))
    elif result.items:
        Preview.objects.create(run=run, items=result.items[:AT_MOST], requester=requester_of(run.asked_by), expires_at=at + VALID_FOR)


def acted_by(run: DiagnosticRun) -> Preview | None:
    """The confirmed preview that this run carries out; None for one that only looks. 0-1 query."""
    if registry.diagnostics.get(run.diagnostic) is None or registry.find(run.diagnostic).kind != "changes":
        return None
    return Preview.objects.filter(act=run).first()


def token_of(preview: Preview) -> str:
    """Handed to the requester alone. Bound to the items and the state of each, the requester, the target and the parameters."""
    bound = [preview.pk, preview.items, preview.requester, preview.expires_at.isoformat(), preview.run.target_id, preview.run.parameters]
    text = json.dumps(bound, sort_keys=True, separators=(",", ":"))
    key = hashlib.sha256(b"runbooks.diagnostics.guard" + settings.SECRET_KEY.encode()).digest()
    return f"{preview.pk}-{hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:40]}"


def needs_second(preview: Preview) -> bool:
    return preview.run.target is not None and preview.run.target.is_tier_1


@transaction.atomic
def second(preview_id: int, *, by: User, at: datetime) -> Preview:
    """Another person agrees. Raises: NotAllowed, Expired, AlreadyConfirmed, DomainError."""
    preview = _locked(preview_id)
    if not has_change_right(by):
        raise NotAllowed("You need the right to change things; an administrator gives it.")
    if preview.requester == requester_of(by):
        raise DomainError("The second person must be another one than who asked.", code="same_person")
    _refuse_late(preview, at)
    preview.second, preview.second_at = by, at
    preview.save(update_fields=["second", "second_at"])
    _tell(preview, f"agreed that {len(preview.items)} items may be changed by {preview.run.diagnostic} on {preview.run.target}", by=by, at=at)
    return preview


@transaction.atomic
def confirm(token: str, *, reason: str, by: User | None, alone: bool = False, at: datetime, here: bool = False) -> DiagnosticRun:
    """The run that acts, queued, and the audit row (who, why, on what): committed before anything is touched. `here`: the caller works it, no worker.

    Raises: BadToken, NotAllowed, Invalid, Expired, AlreadyConfirmed, NeedsSecond.
    """
    preview = _named(token)
    if preview.requester != requester_of(by) or not hmac.compare_digest(token_of(preview).encode(), token.encode("utf-8", "replace")):
        raise BadToken("This token does not belong to you and these items. Ask for a preview of your own.")
    if by is not None and not has_change_right(by):
        raise NotAllowed("You need the right to change things; an administrator gives it.")
    why = " ".join(reason.split())
    if len(why) < REASON_AT_LEAST:
        raise Invalid(f"Say why, in at least {REASON_AT_LEAST} characters.")
    _refuse_late(preview, at)
    refuse_if_practice(registry.find(preview.run.diagnostic), preview.run.target, preview.run.about)
    if alone and by is None:
        raise Invalid("Say who you are (--as EMAIL): who acts alone stands in the decision log.")
    if needs_second(preview) and preview.second is None and not alone:
        raise NeedsSecond(f"{preview.run.target} serves a tier 1 service: another person has to agree first, or say that you are alone.")
    return _decide(preview, why, by=by, alone=alone and needs_second(preview) and preview.second is None, at=at, here=here)


def _decide(preview: Preview, why: str, *, by: User | None, alone: bool, at: datetime, here: bool) -> DiagnosticRun:
    looked = preview.run
    act = DiagnosticRun.objects.create(
        diagnostic=looked.diagnostic,
        target=looked.target,
        parameters=looked.parameters,
        about=looked.about,
        asked_by=by,
        origin=looked.origin,
        queued_at=at,
    )
    preview.confirmed_at, preview.reason, preview.act, preview.is_alone = at, why, act, alone
    preview.save(update_fields=["confirmed_at", "reason", "act", "is_alone"])
    _tell(preview, f"confirmed {looked.diagnostic} of {len(preview.items)} items on {looked.target}: {why}", by=by, at=at)
    if alone and by:
        decisions.record(
            "changed_alone", about=looked.about or f"run:{act.pk}", by=by, at=at, reason=f"{looked.diagnostic} on {looked.target}: {why}"
        )
    due.put(RUN, str(act.pk), at=at + timedelta(seconds=15) if here else at, priority=1)
    return act


def told(diagnostic: Diagnostic, preview: Preview | None, outcomes: list[dict[str, str]]) -> Result:
    """What an act did, each item with its outcome."""
    assert diagnostic.act and preview
    done = [outcome for outcome in outcomes if outcome["outcome"] == diagnostic.act.word]
    skipped = [outcome for outcome in outcomes if outcome["outcome"] != diagnostic.act.word]
    lines = [diagnostic.act.told(len(done)), *(f"  - {left['id']}: skipped, {left.get('why', '')}" for left in skipped)]
    return Result(
        finding=f"{lines[0]}{f', skipped {len(skipped)}' if skipped else ''}",
        severity="ok" if done else "warn",
        text="\n".join(lines),
        columns=[diagnostic.act.thing, "outcome", "why"],
        rows=[[outcome["id"], outcome["outcome"], outcome.get("why", "")] for outcome in outcomes],
        numbers={diagnostic.act.word: len(done), "skipped": len(skipped)},
        next_step="See whether it helped: run the diagnostic that found them again."
        if done
        else "Nothing was changed. Look again before you decide.",
        document={"outcomes": outcomes},
    )


def _named(token: str) -> Preview:
    pk = token.partition("-")[0]
    try:
        return _locked(int(pk) if pk.isascii() and pk.isdigit() and len(pk) < 19 else 0)
    except Preview.DoesNotExist:
        raise BadToken("There is no preview of that token. Ask for a new one.") from None


def _locked(preview_id: int) -> Preview:
    return locked_one(Preview.objects.select_related("run__target__service", "run__asked_by", "second", "act__asked_by"), preview_id)


def _refuse_late(preview: Preview, at: datetime) -> None:
    """Raises: AlreadyConfirmed, Expired."""
    if preview.confirmed_at and preview.act:
        raise AlreadyConfirmed(f"{preview.act.who} already confirmed this at {preview.confirmed_at:%H:%M:%S} UTC; see run {preview.act.pk}.")
    if at >= preview.expires_at:
        raise Expired("This preview is older than two minutes, and things have moved on. Ask for a new one.")


def _tell(preview: Preview, text: str, *, by: User | None, at: datetime) -> None:
    subject = preview.run.about or f"run:{preview.run.pk}"
    journal.append(subject, kind="decision", at=at, by=by, text=text[:1].upper() + text[1:], url=preview.run.get_absolute_url())
