"""PostgreSQL as probes speak to it: read only, at a checked address, no answer waited for beyond a deadline, its trouble in our words."""

from __future__ import annotations

import contextlib
import select
import time
from collections.abc import Iterator
from typing import Any

import psycopg2
from psycopg2 import errors, extensions

from portal import outbound
from runbooks.diagnostics import troubles
from runbooks.diagnostics.places import Place, Trouble

CONNECT = 3.0  # seconds
ANSWER = 5.0  # seconds for one query, kept by us and by the server
GUARDS = "-c statement_timeout=4000 -c lock_timeout=2000 -c default_transaction_read_only=on -c idle_in_transaction_session_timeout=10000"
SLOTS = ("too many clients", "remaining connection slots", "too many connections")
DATABASE = "Follow the runbook “Database issues”."


class Session:
    """A connection whose every wait ends: libpq's own waits do not, once the server has taken the connection."""

    def __init__(self, place: Place, connection: Any) -> None:
        self.place, self.connection = place, connection

    def ask(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows. Raises: Trouble."""
        cursor = self.connection.cursor()
        cursor.execute(sql, parameters)
        self.wait(ANSWER)
        return list(cursor.fetchall())

    def wait(self, seconds: float) -> None:
        latest = time.monotonic() + seconds
        while (state := self.connection.poll()) != extensions.POLL_OK:
            left = latest - time.monotonic()
            file = [self.connection.fileno()]
            reads, writes = (file, []) if state == extensions.POLL_READ else ([], file)
            if left <= 0 or not any(select.select(reads, writes, [], left)):
                raise troubles.unreachable(self.place, "timed_out", seconds=seconds)


@contextlib.contextmanager
def connected(place: Place) -> Iterator[Session]:
    """Raises: Trouble, for everything that PostgreSQL or the way to it can do to us inside the block."""
    connection = None
    try:
        address = outbound.resolve(place.host, place.port, kind="named", timeout=CONNECT)[0][0]
        outbound.connect(place.host, place.port, kind="named", timeout=CONNECT).close()  # says refused, cut off or not, in so many words
        connection = psycopg2.connect(
            host=place.host,
            hostaddr=address,
            port=place.port,
            dbname=place.database or "postgres",
            user=place.username or "postgres",
            password=place.secret or None,
            sslmode=place.option("sslmode", "require" if place.uses_tls else "prefer"),
            application_name="standby-diagnostics",
            options=GUARDS,
            gssencmode="disable",
            async_=1,
        )
        session = Session(place, connection)
        session.wait(CONNECT)
        yield session
    except outbound.Unreachable as trouble:
        raise troubles.unreachable(place, trouble.reason, seconds=CONNECT) from None
    except psycopg2.Error as trouble:
        raise _said(place, trouble) from None
    finally:
        if connection is not None:
            connection.close()


def _said(place: Place, trouble: psycopg2.Error) -> Trouble:
    name, text = troubles.name_of(place), str(trouble)
    if any(words in text for words in SLOTS):
        return Trouble(
            f"{name} is full: every one of its connections is taken", f"Restart workers that hold connections, or raise the pool. {DATABASE}"
        )
    if "password authentication failed" in text or "no password supplied" in text or "authentication failed" in text:
        return Trouble(f"{name} refused the password", "An administrator corrects the variable that holds the password of the target.")
    if "starting up" in text or "shutting down" in text or "recovery mode" in text:
        return Trouble(f"{name} is starting, stopping or recovering", f"Wait until it has; its log says how far it is. {DATABASE}")
    if "does not exist" in text and trouble.pgcode is None:
        return Trouble(f"{name} has no such database or user", "An administrator corrects the target.")
    if "no pg_hba.conf entry" in text:
        return Trouble(f"{name} does not let this host in", "Its administrator adds the portal's address to pg_hba.conf.")
    if isinstance(trouble, errors.QueryCanceled | errors.LockNotAvailable):
        return Trouble(
            f"{name} answers, but too slowly: a question was ended after 4 s", f"It is overloaded or locked: run db-locks and db-queries. {DATABASE}"
        )
    if isinstance(trouble, errors.InsufficientPrivilege):
        return Trouble(f"{name} does not allow its user to look", "Grant pg_monitor to the user of the target.")
    if "SSL" in text or "certificate" in text:
        return troubles.unreachable(place, "tls")
    return troubles.unreachable(place, "broken")


def line(sql: object) -> str:
    """A query in one line."""
    return " ".join(str(sql or "").split())[:300]
