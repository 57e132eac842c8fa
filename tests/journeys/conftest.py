"""One running portal for each journey, on the database of this run."""

from __future__ import annotations

import os

import psycopg2
import pytest
from django.db import connection

from tests import servers
from tests.journeys.running import Mailbox, Portal


@pytest.fixture(scope="module")
def mailbox():
    box = Mailbox()
    yield box
    box.close()


@pytest.fixture(scope="module")
def jobs():
    """The Redis that holds the agents' jobs."""
    yield from _redis()


@pytest.fixture(scope="module")
def broker():
    """The Redis that rings the doorbell."""
    if connection.vendor != "postgresql":
        yield None
        return
    yield from _redis()


def _redis():
    try:
        server = servers.Redis()
    except servers.NotInstalled as reason:
        pytest.skip(str(reason))
    yield server
    server.close()


@pytest.fixture(scope="module")
def portal(mailbox, jobs, broker, request):
    """SQLite under one command, or PostgreSQL and Redis as in production. Each page is a mail of its own: bundles and limits are tested alone."""
    running = started(mailbox, jobs, broker, request, PORTAL_PAGES_BUNDLED_WITHIN="0", PORTAL_DESTINATION_LIMIT="0")
    yield running
    running.close()


def started(mailbox, jobs, broker, request, **settings: str) -> Portal:
    """A portal on the database of this run, with settings of its own."""
    if connection.vendor == "postgresql":
        name = f"journey_{os.getpid()}_{request.module.__name__.rpartition('.')[2]}"
        server, _, _ = os.environ["DATABASE_URL"].rpartition("/")
        admin = psycopg2.connect(os.environ["DATABASE_URL"])
        admin.autocommit = True
        admin.cursor().execute(f"CREATE DATABASE {name} TEMPLATE {os.environ.get('TEST_DATABASE_TEMPLATE', 'template1')}")
        admin.close()
        return Portal(f"{server}/{name}", broker.url, mailbox.port, jobs.port, **settings)
    return Portal("", "", mailbox.port, jobs.port, **settings)
