"""Sources and their tokens: made, shown once, recognised, rotated."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import datetime

from django.db import transaction
from django.db.models import F

from incidents.models import Source, SourceToken
from oncall.models import Service
from portal.errors import DomainError

PREFIX = "sbh_"
ACTIVE_TOKENS = 2
_NOBODY = hashlib.sha256(b"the token of no source").digest()


@transaction.atomic
def create(name: str, *, at: datetime, default_service: Service | None = None) -> tuple[Source, str]:
    """A new source and its token. Raises: DomainError, the name is taken."""
    source, new = Source.objects.get_or_create(name=name, defaults={"created_at": at, "default_service": default_service})
    if not new:
        raise DomainError(f"A source called “{name}” exists. Use --rotate for a new token.", code="source_exists")
    return source, new_token(source, at=at)


@transaction.atomic
def new_token(source: Source, *, at: datetime) -> str:
    """A further token, `sbh_` and 43 characters, which is kept nowhere. The newest other one goes on working, older ones end now."""
    active = list(source.tokens.select_for_update().filter(revoked_at=None).order_by("-created_at", "-pk"))
    SourceToken.objects.filter(pk__in=[token.pk for token in active[ACTIVE_TOKENS - 1 :]]).update(revoked_at=at)
    secret = PREFIX + secrets.token_urlsafe(32)
    SourceToken.objects.create(source=source, prefix=secret[:10], digest=hashlib.sha256(secret.encode()).hexdigest(), created_at=at)
    return secret


def recognise(name: str, authorization: str) -> Source | None:
    """The enabled source of that name whose token stands in the header, as Bearer or as a Basic password; else None.

    One query and two comparisons whatever is wrong, so that an answer tells nothing by its duration.
    """
    digest = hashlib.sha256(_secret(authorization)).digest()
    active = SourceToken.objects.filter(source__name=name, source__is_enabled=True, revoked_at=None)
    tokens = list(active.select_related("source__default_service__team")[:ACTIVE_TOKENS])
    known = [bytes.fromhex(token.digest) for token in tokens] + [_NOBODY] * (ACTIVE_TOKENS - len(tokens))
    matches = [hmac.compare_digest(digest, each) for each in known]
    return tokens[matches.index(True)].source if any(matches[: len(tokens)]) else None


def refused(name: str, *, at: datetime) -> None:
    """Count a request whose token does not work. 1 query, for a name that no source has too."""
    Source.objects.filter(name=name.replace("\x00", "")[:60]).update(refused_count=F("refused_count") + 1, refused_at=at)


def _secret(authorization: str) -> bytes:
    """The token as it was sent, byte by byte (WSGI hands headers on as Latin-1)."""
    scheme, _, sent = authorization.encode("latin-1", "replace").strip().partition(b" ")
    if scheme.lower() == b"bearer":
        return sent.strip()
    if scheme.lower() == b"basic":
        try:
            return base64.b64decode(sent.strip()).partition(b":")[2]
        except (binascii.Error, ValueError):
            return b""
    return b""
