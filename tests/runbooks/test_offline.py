"""The copy of the library while the database is away: with its age, for who was signed in, and back without a restart."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time

import httpx
import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from portal import due
from runbooks import exporting, offline
from tests import servers
from tests.conftest import REPOSITORY_ROOT


@pytest.fixture
def folder(tmp_path, settings):
    settings.OFFLINE_DIR = tmp_path / "offline"
    return settings.OFFLINE_DIR


def test_a_change_writes_the_copy_ten_seconds_later(write, folder, noon, settings):
    write("Redis down", "## Fix\n\nRestart it.")

    due.run("work")

    assert "Restart it." in (folder / "runbooks/redis-down.html").read_text()


@pytest.fixture
def away(monkeypatch):
    monkeypatch.setattr(offline, "_away", lambda: True)


def asked(path, cookie=True, method="get"):
    from django.core import signing

    request = getattr(RequestFactory(), method)(path)
    if cookie:
        request.COOKIES[offline.COOKIE] = signing.dumps({"user": 1}, salt=offline.COOKIE)
    return offline.Fallback(lambda request: HttpResponse(status=500))(request)


@pytest.mark.django_db
def test_who_was_signed_in_reads_the_copy_and_others_do_not(write, folder, noon, away):
    write("Redis down", "## Fix\n\nRestart it.")
    exporting.site(folder, noon)

    assert asked("/runbooks/redis-down/")["Location"] == "/offline/runbooks/redis-down.html"
    assert asked("/runbooks/")["Location"] == asked("/r/AnyAlert")["Location"] == "/offline/index.html"
    page = asked("/offline/runbooks/redis-down.html")
    assert (page.status_code, b"Copy of" in page.content, b"Restart it." in page.content) == (200, True, True)
    assert (asked("/offline/index.html", cookie=False).status_code, asked("/runbooks/redis-down/", method="post").status_code) == (503, 500)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/offline/../secret_key", "/offline/%2e%2e/secret_key", "/offline/.standby-export", "/offline//etc/passwd"])
def test_nothing_beside_the_copy_is_served(write, folder, noon, away, path):
    exporting.site(folder, noon)
    (folder.parent / "secret_key").write_text("secret")

    assert asked(path).status_code == 503


@pytest.mark.django_db(transaction=True)
def test_an_error_while_the_database_is_there_stays_an_error(folder):
    assert asked("/runbooks/").status_code == 500


@pytest.mark.servers
@pytest.mark.slow
def test_postgresql_stops_the_copy_is_served_and_it_recovers_without_a_restart(tmp_path):
    try:
        database = servers.Postgres()
    except servers.NotInstalled as reason:
        pytest.skip(str(reason))
    port = servers.free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "DJANGO_"))},
        "DJANGO_SETTINGS_MODULE": "portal.settings.base",
        "DATABASE_URL": database.url(),
        "PORTAL_DATA_DIR": str(tmp_path),
        "PORTAL_PORT": str(port),
        "PORTAL_BASE_URL": f"http://127.0.0.1:{port}",
        "PORTAL_LOG_LEVEL": "ERROR",
        "PYTHONPATH": str(REPOSITORY_ROOT),
    }

    def manage(*words):
        done = subprocess.run([sys.executable, "manage.py", *words], cwd=REPOSITORY_ROOT, env=environment, check=True, capture_output=True, text=True)
        return done.stdout

    said = manage("up", "--prepare")
    email, password = said.split("Sign in as  ")[1].split("\n")[0], said.split("Password    ")[1].split("\n")[0]
    manage("export", str(tmp_path / "offline"), "--site")
    web = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "4"],
        cwd=REPOSITORY_ROOT,
        env=environment,
    )
    try:
        servers.wait_for_port(port, 60)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", follow_redirects=True, timeout=60) as browser:
            form = browser.get("/accounts/login/").text
            token = form.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
            browser.post(
                "/accounts/login/",
                data={"login": email, "password": password, "csrfmiddlewaretoken": token},
                headers={"Referer": str(browser.base_url)},
            )
            online = browser.get("/runbooks/redis-down/")
            assert online.status_code == 200 and "Copy of" not in online.text

            database.stop_now()
            away = browser.get("/runbooks/redis-down/")
            listed = browser.get("/runbooks/")
            assert (away.status_code, listed.status_code) == (200, 200)
            assert "Copy of" in away.text and "Redis down" in away.text and "Copy of" in listed.text
            assert "Redis" not in httpx.get(f"http://127.0.0.1:{port}/offline/index.html", timeout=60).text

            database.start()
            for _ in range(100):
                back = browser.get("/runbooks/redis-down/")
                if back.status_code == 200 and "Copy of" not in back.text:
                    break
                time.sleep(0.1)
            assert "Copy of" not in back.text
    finally:
        web.kill()
        web.wait()
        with contextlib.suppress(Exception):
            database.close()
