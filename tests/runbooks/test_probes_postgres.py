"""Every diagnostic of PostgreSQL against a real one: healthy, frozen, refusing, full, locked, slow."""

from __future__ import annotations

import contextlib
import time

import psycopg2
import pytest

from runbooks.models import Target
from tests import servers
from tests.runbooks.looking import frozen, is_a_finding, look

pytestmark = [pytest.mark.django_db, pytest.mark.servers, pytest.mark.once]
OF_POSTGRES = ["db-connections", "db-queries", "db-locks", "db-replication"]
CONNECTIONS = 12


@pytest.fixture(scope="module")
def cluster():
    try:
        server = servers.Postgres(connections=CONNECTIONS)
    except servers.NotInstalled as reason:
        pytest.skip(str(reason))
    yield server
    server.close()


@pytest.fixture
def target(cluster):
    return Target.objects.create(slug="main", kind="postgres", host="127.0.0.1", port=cluster.port, database="postgres", username="standby")


@pytest.fixture
def connect(cluster):
    """Connections of a worker, closed afterwards."""
    with contextlib.ExitStack() as stack:

        def one(name="agent-worker"):
            connection = psycopg2.connect(cluster.url(), application_name=name)
            stack.callback(connection.close)
            return connection

        yield one


@pytest.mark.parametrize("slug", OF_POSTGRES)
def test_a_healthy_database_is_said_to_be(target, slug):
    assert look(slug, target, at_most=5).severity == "ok"


@pytest.mark.parametrize("slug", OF_POSTGRES)
def test_a_frozen_database_is_a_finding(target, cluster, slug):
    with frozen(*cluster.pids()):
        run = look(slug, target, at_most=12)
    assert is_a_finding(run)
    assert "did not answer within 3 s" in run.finding


def test_a_database_that_freezes_in_the_middle_of_the_look_is_a_finding(target, cluster, monkeypatch):
    """The connection stands already: only the answer never comes."""
    from runbooks.diagnostics import targets
    from runbooks.diagnostics.places import Trouble
    from runbooks.diagnostics.probes import postgres_client

    with postgres_client.connected(targets.place_of(target)) as session:
        assert session.ask("SELECT 1") == [(1,)]
        with frozen(*cluster.pids()):
            began = time.monotonic()
            with pytest.raises(Trouble, match="did not answer within 5 s"):
                session.ask("SELECT 2")
            assert time.monotonic() - began < 6


@pytest.mark.parametrize("slug", OF_POSTGRES)
def test_a_database_that_refuses_is_a_finding(target, slug):
    Target.objects.update(port=servers.free_port())

    run = look(slug, target, at_most=5)

    assert is_a_finding(run)
    assert run.finding == "PostgreSQL “main” refused the connection"


@pytest.mark.parametrize("slug", OF_POSTGRES)
def test_a_full_database_is_a_finding(target, connect, slug):
    with contextlib.suppress(psycopg2.OperationalError):
        while True:
            connect()

    run = look(slug, target, at_most=5)

    assert is_a_finding(run)
    assert run.finding == "PostgreSQL “main” is full: every one of its connections is taken"


def test_connections_near_the_limit_are_said_with_who_holds_them(target, connect):
    for _ in range(CONNECTIONS - 4):
        connection = connect()
        connection.cursor().execute("SELECT 1")  # idle in a transaction now

    run = look("db-connections", target)

    assert is_a_finding(run)
    assert "by agent-worker" in run.finding
    assert "its pool is exhausted" in run.result["next_step"]
    assert run.result["numbers"]["idle_in_transaction"] == CONNECTIONS - 4


def test_who_blocks_whom_is_said(target, connect):
    holder, waiter = connect("migration"), connect("agent-api")
    holder.cursor().execute("CREATE TABLE IF NOT EXISTS held (n int)")
    holder.commit()
    holder.cursor().execute("LOCK TABLE held")
    waiting = psycopg2.connect(dsn=waiter.dsn, async_=1)
    _ready(waiting)
    waiting.cursor().execute("SELECT * FROM held")
    waiting.poll()
    time.sleep(0.2)
    try:
        run = look("db-locks", target)
    finally:
        waiting.close()

    assert is_a_finding(run)
    assert run.finding.startswith("1 sessions wait for a lock; pid ")
    assert f"pg_terminate_backend({holder.info.backend_pid})" in run.result["next_step"]


def test_long_queries_are_said(target, connect):
    waiting = psycopg2.connect(dsn=connect().dsn, async_=1)
    _ready(waiting)
    waiting.cursor().execute("SELECT pg_sleep(20), 'password=hunter2hunter2'")
    waiting.poll()
    time.sleep(1.2)
    try:
        run = look("db-queries", target, older=1)
    finally:
        waiting.close()

    assert run.severity == "warn"
    assert "pg_sleep" in run.output
    assert "hunter2" not in run.output + str(run.result)


def test_catalogs_that_are_locked_end_in_a_finding(target, connect):
    connect().cursor().execute("LOCK TABLE pg_catalog.pg_authid IN ACCESS EXCLUSIVE MODE")

    assert is_a_finding(look("db-connections", target, at_most=12))


def test_an_unused_replication_slot_is_said(target, connect):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute("SELECT pg_create_physical_replication_slot('left_behind', true)")
    try:
        run = look("db-replication", target)
    finally:
        connection.cursor().execute("SELECT pg_drop_replication_slot('left_behind')")

    assert run.severity == "warn"
    assert "1 unused slots keep" in run.finding


def test_a_wrong_database_is_said_in_our_words(target):
    Target.objects.update(database="nowhere")

    run = look("db-connections", target)

    assert is_a_finding(run)
    assert "no such database or user" in run.finding


def test_nothing_can_be_written_through_a_look(target):
    from runbooks.diagnostics import targets
    from runbooks.diagnostics.places import Trouble
    from runbooks.diagnostics.probes import postgres_client

    with pytest.raises(Trouble), postgres_client.connected(targets.place_of(target)) as session:
        session.ask("CREATE TABLE written (n int)")


def _ready(connection):
    while connection.poll() != psycopg2.extensions.POLL_OK:
        time.sleep(0.01)
