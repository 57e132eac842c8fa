"""Redis as probes speak to it: by the guarded way out, no answer waited for longer than two seconds, its trouble in our words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal import outbound
from runbooks.diagnostics import troubles
from runbooks.diagnostics.places import Place, Trouble

WAIT = 2.0  # seconds for each answer
LAYOUT = "Compare the options of the target with docs/jobs-in-redis.md."


class _Guarded(redis.Connection):
    def _connect(self) -> Any:
        connected = outbound.connect(self.host, self.port, kind="named", timeout=WAIT)
        connected.settimeout(self.socket_timeout)
        return connected


class _GuardedTls(redis.SSLConnection):
    def _connect(self) -> Any:
        connected = outbound.connect(self.host, self.port, kind="named", timeout=WAIT)
        connected.settimeout(self.socket_timeout)
        return self._wrap_socket_with_ssl(connected)  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def connected(place: Place) -> Iterator[redis.Redis]:
    """A client of this target. Raises: Trouble, for everything that Redis or the way to it can do to us inside the block."""
    pool = redis.ConnectionPool(
        connection_class=_GuardedTls if place.uses_tls else _Guarded,
        host=place.host,
        port=place.port,
        db=int(place.database or 0),
        username=place.username or None,
        password=place.secret or None,
        socket_timeout=WAIT,
        socket_connect_timeout=WAIT,
        decode_responses=True,
        encoding_errors="replace",
        retry=Retry(NoBackoff(), 0),
    )
    client = redis.Redis(connection_pool=pool)
    try:
        yield client
    except outbound.Unreachable as trouble:
        raise troubles.unreachable(place, trouble.reason, seconds=WAIT) from None
    except redis.RedisError as trouble:
        raise _said(place, trouble) from None
    finally:
        pool.disconnect()


def _said(place: Place, trouble: redis.RedisError) -> Trouble:
    name = troubles.name_of(place)
    if isinstance(trouble, redis.TimeoutError):
        return troubles.unreachable(place, "timed_out", seconds=WAIT)
    if isinstance(trouble, redis.AuthenticationError | redis.exceptions.AuthenticationWrongNumberOfArgsError) or "NOAUTH" in str(trouble):
        return Trouble(f"{name} refused the password", "An administrator corrects the variable that holds the password of the target.")
    if isinstance(trouble, redis.exceptions.NoPermissionError):
        return Trouble(
            f"{name} does not allow its user to look", "An administrator gives the user of the target the right to read (docs/diagnostics.md)."
        )
    if isinstance(trouble, redis.exceptions.BusyLoadingError):
        return Trouble(f"{name} is loading its data and answers nothing yet", "Wait until it has started; its log says how far it is.")
    if isinstance(trouble, redis.exceptions.OutOfMemoryError):
        return Trouble(f"{name} is full: it takes no more writes", "Free memory or raise its limit: follow the runbook “Redis down”.")
    if isinstance(trouble, redis.exceptions.ReadOnlyError):
        return Trouble(f"{name} is a replica and takes no writes", "An administrator points the target at the primary.")
    if isinstance(trouble, redis.exceptions.ConnectionError) and "max number of clients" in str(trouble):
        return Trouble(
            f"{name} is full: it takes no more connections", "Look for clients that do not close theirs, or raise maxclients: runbook “Redis down”."
        )
    if isinstance(trouble, redis.ConnectionError):
        return troubles.unreachable(place, "broken")
    if "BUSY" in str(trouble)[:8]:
        return Trouble(f"{name} is busy with a script that does not end", "SCRIPT KILL ends it, if it has written nothing.")
    if isinstance(trouble, redis.ResponseError):
        return Trouble(f"{name} holds the jobs in another layout than expected", LAYOUT)
    return Trouble(f"{name} could not be read", "Its log says more.")


def text(value: Any) -> str:
    """One line of what Redis holds."""
    return " ".join(str(value).split())[:200]
