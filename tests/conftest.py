"""People, moments and places that tests share."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
from django.core.cache import cache
from django.db import connection

from portal.accounts.models import User
from portal.accounts.roles import Role
from tests import laid_out, servers

REPOSITORY_ROOT = Path(__file__).resolve().parent.parent


hypothesis.settings.register_profile("standby", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])  # machines differ
hypothesis.settings.load_profile("standby")


def pytest_configure(config):
    config.addinivalue_line("markers", "only_on(vendor): runs on one database only, `sqlite` or `postgresql`")


DATABASES = {"db", "transactional_db", "portal", "live_server"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """A test of one database is not part of the other's run (so it is no skip), and one that uses none is needed once."""
    for item in items:
        if not item.get_closest_marker("django_db") and not DATABASES & set(item.fixturenames):
            item.add_marker(pytest.mark.once)
    elsewhere = [item for item in items if (mark := item.get_closest_marker("only_on")) and mark.args[0] != connection.vendor]
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if item not in elsewhere]


def pytest_sessionfinish(session, exitstatus):
    """Where everything is installed (CI), a skipped test is a failed run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped") and not hasattr(session.config, "workerinput"):
        print("\nCI: nothing may be skipped here, see the reasons above.")
        session.exitstatus = session.exitstatus or 1


@pytest.fixture(scope="session")
def django_db_setup(request, django_test_environment, django_db_blocker, django_db_modify_db_settings):
    """The test database, on SQLite from a copy that was laid out before."""
    from django.test.utils import setup_databases, teardown_databases

    with django_db_blocker.unblock():
        file = Path(connection.creation._get_test_db_name()) if connection.vendor == "sqlite" else None
        if file:
            for leftover in file.parent.glob(f"{file.name}*"):
                leftover.unlink()
        copied = bool(file) and laid_out.lay_out(file)
        made = setup_databases(verbosity=request.config.option.verbose, interactive=False, keepdb=copied)
        if file and not copied:
            laid_out.keep(file)
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture(autouse=True)
def _quick_doorbell(settings):
    settings.BROKER_URL = "memory://"


@pytest.fixture(autouse=True)
def _nobody_asked_too_often():
    """What one test asked is not counted in the next."""
    cache.clear()


@pytest.fixture
def shared_data():
    """The shared test data, or a skip with its reason."""
    root = Path(os.environ.get("PORTAL_SHARED_DATA", REPOSITORY_ROOT / ".." / "shared" / "data"))
    if not root.is_dir():
        pytest.skip(f"shared test data not found at {root}; set PORTAL_SHARED_DATA")
    return root


@pytest.fixture
def noon():
    """Tuesday, 3 March 2026, 12:00 UTC: past for every clock that runs this, so what is due then is due."""
    return datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def person(name: str, role: Role = Role.RESPONDER, **fields) -> User:
    """A colleague: `ana@example.org`, password `correct horse battery`."""
    return User.objects.create_user(f"{name.lower()}@example.org", "correct horse battery", name=name, role=role, **fields)


@pytest.fixture
def ana(db):
    return person("Ana")


@pytest.fixture
def ben(db):
    return person("Ben")


@pytest.fixture
def admin_user(db):
    return person("Ada", Role.ADMIN)


@pytest.fixture
def redis_server():
    """A real Redis of this test's own."""
    try:
        server = servers.Redis()
    except servers.NotInstalled as reason:
        pytest.skip(str(reason))
    yield server
    server.close()


CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    """Chromium of this machine, or a skip that says what is missing. One for the session."""
    program = os.environ.get("PORTAL_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        pytest.skip("chromium is not installed: apt-get install chromium, or set PORTAL_CHROMIUM to its path")
    from playwright.sync_api import sync_playwright

    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "yes"  # playwright runs an event loop in this thread; the tests use the database beside it
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
