"""Targets: which one is meant, what is wrong with how it is set up, and what a probe is told of it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from portal.errors import DomainError
from portal.secrets import NoKeyFits, Unreadable, readable
from runbooks.diagnostics.places import Place
from runbooks.diagnostics.registry import Diagnostic
from runbooks.models import Target

PORTS = {"redis": 6379, "postgres": 5432, "prometheus": 9090, "kubernetes": 443}
OPTIONS: dict[str, set[str]] = {
    "redis": {"running", "job", "queue", "queues", "killed", "conversation", "message_fields", "celery_queues"},
    "postgres": {"sslmode"},
    "prometheus": {"verify"},
    "http": {"status", "text", "addresses", "verify"},
    "kubernetes": {"namespace", "verify"},
    "log": {"glob"},
    "git": {"branch"},
}
ON_DISK = {"log", "git"}


def choose(diagnostic: Diagnostic, slug: str = "") -> Target | None:
    """The named target, or the only one of its kinds; None for one that needs none. Raises: DomainError, none, several or another kind."""
    if not diagnostic.needs and not slug:
        return None
    found = list(Target.objects.filter(kind__in=diagnostic.kinds, **({"slug": slug} if slug else {})).select_related("service").order_by("slug")[:2])
    kinds = " or ".join(str(Target.Kind(kind).label) for kind in diagnostic.kinds if kind in Target.Kind.values) or "no"
    if not found:
        wanted = f"“{slug[:60]}” of kind {kinds}" if slug else f"of kind {kinds}"
        hint = ", or by PORTAL_REDIS_TARGET" if "redis" in diagnostic.kinds else ""
        raise DomainError(f"No target {wanted} is set up. An administrator adds it under Admin, Targets{hint}.", code="no_target")
    if len(found) > 1:
        raise DomainError(f"Several targets of kind {kinds} are set up: choose one by name.", code="choose_target")
    return found[0]


def problems(target: Target) -> dict[str, str]:
    """What is wrong with how it is set up, by field; nothing when it can be used. No network."""
    wrong = {}
    if target.kind in ON_DISK:
        if not target.path.startswith("/") or ".." in Path(target.path).parts:
            wrong["path"] = "Give an absolute path, as the workers see it, without “..”."
        if target.host:
            wrong["host"] = "A file has no host."
    elif not target.host or any(sign in target.host for sign in "/@ ?#"):
        wrong["host"] = "Give a host name or an address alone, without scheme, path or user."
    if target.kind == "redis" and target.database and not (target.database.isdigit() and int(target.database) < 1024):
        wrong["database"] = "The database of a Redis is a number."
    if target.kind == "http" and target.port is None and not target.uses_tls and not target.path:
        wrong["port"] = "Give a port, or tick TLS for 443."
    if not isinstance(target.options, dict) or set(target.options) - OPTIONS.get(target.kind, set()):
        known = ", ".join(sorted(OPTIONS.get(target.kind, set()))) or "none"
        wrong["options"] = f"Known options of this kind: {known}."
    if target.password_variable and not target.password_variable.startswith("PORTAL_TARGET") and target.password_variable not in ALLOWED:
        wrong |= {"password_variable": "Name a variable that begins with PORTAL_TARGET, so that no other secret can be sent to a target."}
    if target.password_variable and target.secret:
        wrong |= {"password_variable": "Use the stored password or a variable of the environment, not both."}
    return wrong


ALLOWED = {"PORTAL_REDIS_TARGET_PASSWORD"}


def place_of(target: Target | None, facts: dict[str, Any] | None = None) -> Place:
    """What a probe is told: address, options and secret. Without a target, only the facts."""
    if target is None:
        return Place(facts=facts or {})
    port = target.port or PORTS.get(target.kind) or (443 if target.uses_tls else 80)
    return Place(
        name=target.slug,
        kind=target.kind,
        stage=target.stage,
        host=target.host,
        port=port,
        database=target.database,
        path=target.path,
        username=target.username,
        uses_tls=target.uses_tls,
        options=target.options,
        secret=secret_of(target),
        facts=facts or {},
    )


def secret_of(target: Target) -> str:
    """Its password or token: what is stored encrypted, else the environment's; "" for none. Raises: NoKeyFits."""
    if target.secret or isinstance(target.secret, Unreadable):
        return readable(target.secret)
    return os.environ.get(target.password_variable, "") if target.password_variable else ""


def secrets_of(target: Target | None) -> tuple[str, ...]:
    """What must not be shown. An unreadable one cannot be shown either."""
    if target is None:
        return ()
    with contextlib.suppress(NoKeyFits):
        return (secret_of(target),)
    return ()
