"""A canary in every target's secret: driven through every diagnostic, healthy and sick, it is found nowhere."""

from __future__ import annotations

import logging
import subprocess
from io import StringIO

import pytest
import redis
from django.core.management import call_command
from django.db import connection

from portal import clock, doctor, due, journal
from portal.accounts.roles import Role
from runbooks.diagnostics import registry, runs
from runbooks.models import DiagnosticRun, RunRest, Target
from tests import servers
from tests.conftest import person
from tests.runbooks.looking import Web, frozen

pytestmark = [pytest.mark.django_db, pytest.mark.servers]
CANARY = "canary-7f3a91c5e2"
KINDS = ("redis", "postgres", "prometheus", "kubernetes", "http")


def canary(kind: str, how: str) -> str:
    return f"{CANARY}-{kind}-{how}"


@pytest.fixture
def everywhere(redis_server, tmp_path, monkeypatch):
    """A target of each kind twice: its secret stored here, its secret in the environment. One Redis wants that very secret; a log holds it."""
    web = Web()
    with redis.Redis(port=redis_server.port) as server:
        server.zadd("jobs:running", {f"job-{canary('redis', 'stored')}": 1.0})
        server.rpush("conversation:user123", '{"role": "user", "content": "my token=' + canary("redis", "stored") + '"}')
        server.config_set("requirepass", canary("redis", "stored"))
    log = tmp_path / "agent.log"
    log.write_text(f"{clock.now():%Y-%m-%dT%H:%M:%S}Z ERROR agent LoginError: redis://:{canary('redis', 'stored')}@host password={CANARY}-log\n")
    for kind in KINDS:
        port = {"redis": redis_server.port, "http": web.port}.get(kind, servers.free_port())
        Target.objects.create(slug=f"{kind}-stored", kind=kind, host="127.0.0.1", port=port, secret=canary(kind, "stored"), path="/broken")
        variable = f"PORTAL_TARGET_{kind.upper()}"
        monkeypatch.setenv(variable, canary(kind, "env"))
        Target.objects.create(slug=f"{kind}-env", kind=kind, host="127.0.0.1", port=port, password_variable=variable)
    Target.objects.create(slug="log", kind="log", path=str(log))
    yield redis_server
    web.close()


def ask_everything(by) -> int:
    asked = 0
    for slug, diagnostic in registry.diagnostics:
        given = {"conv-id": "user123"} if slug == "analyze-conv" else {}
        for target in Target.objects.filter(kind__in=diagnostic.kinds) or [None]:
            runs.ask(slug, given=given, target=target.slug if target else "", about="incident:7", by=by, at=clock.now())
            asked += 1
    while due.run("work"):
        pass
    return asked


def test_no_secret_of_a_target_is_found_anywhere(client, everywhere, caplog, capfd, tmp_path):
    caplog.set_level(logging.DEBUG)
    ada = person("Ada", Role.ADMIN)
    asked = ask_everything(ada)
    with frozen(everywhere.process.pid):
        runs.ask("redis-health", given={}, target="redis-stored", about="incident:7", by=ada, at=clock.now())
        due.run("work")
    assert asked > 25
    assert DiagnosticRun.objects.exclude(state="done").count() == 0, [run.finding for run in DiagnosticRun.objects.exclude(state="done")]

    seen = [str(finding) for finding in doctor.examine(clock.now())]
    seen += [entry.text + str(entry.data) for entry in journal.entries("incident:7")]
    client.force_login(ada)
    pages = ["/diagnostics/", "/diagnostics/schedules/", "/admin/runbooks/target/", "/api/targets/", "/api/runs/?page_size=100", "/api/diagnostics/"]
    pages += [f"/admin/runbooks/target/{target.pk}/change/" for target in Target.objects.all()]
    pages += [f"{run.get_absolute_url()}{tail}" for run in DiagnosticRun.objects.all() for tail in ("", "output.txt")]
    pages += ["/search/?q=LoginError", "/diagnostics/nothing-of-that-name/"]
    for page in pages:
        answer = client.get(page)
        body = answer.content.decode().replace(f"?q={CANARY}", "").replace(f'value="{CANARY}"', "").replace(f"“{CANARY}”", "")
        seen.append(f"{page}: {body}" if CANARY in body else "")
    refused = client.post("/admin/runbooks/target/add/", {"slug": "wrong host", "kind": "redis", "secret": CANARY})
    seen.append(refused.content.decode())
    out = StringIO()
    call_command("diagnose", "stale-jobs", "--target", "redis-stored", "--json", stdout=out)
    seen += [out.getvalue(), caplog.text, *capfd.readouterr()]
    seen += [str(run.result) + run.output + run.finding for run in DiagnosticRun.objects.all()]
    seen += [rest.text for rest in RunRest.objects.all()]
    hits = [text[:300] for text in seen if CANARY in text]

    assert hits == []
    assert CANARY not in dumped()


def dumped() -> str:
    """Every column of every table as the database holds it."""
    told = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            told += [str(row) for row in cursor.fetchall()]
    assert len(told) > 50
    return "\n".join(told)


def test_the_process_that_looks_has_no_secret_in_its_environment_or_arguments(everywhere, monkeypatch):
    from runbooks.diagnostics import probing

    monkeypatch.setenv("PORTAL_SECRET_KEY", f"{CANARY}-key")
    probing.forget_children()
    child = probing.Child().ready()
    try:
        shown = subprocess.run(["cat", f"/proc/{child.process.pid}/environ", f"/proc/{child.process.pid}/cmdline"], capture_output=True).stdout
    finally:
        child.end()

    assert b"PATH=" in shown
    assert CANARY.encode() not in shown
