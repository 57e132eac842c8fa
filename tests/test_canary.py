"""No secret leaves its place: each holds a canary, everything is driven, and nothing that comes out sings."""

from __future__ import annotations

import json
import logging
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.urls import reverse

from incidents.alerts import sources
from portal import clock, outbound
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.accounts.tokens import create_token
from portal.webhooks import telling
from portal.webhooks.models import Webhook, new_secret
from tests.test_authorisation import ROWS, world

__all__ = ["world"]  # a fixture


class Record(logging.Handler):
    """Every log line of every logger, as the product would write it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        from pythonjsonlogger.json import JsonFormatter

        self.lines: list[str] = []
        self.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def log():
    record, root = Record(), logging.getLogger()
    level, root.level = root.level, logging.DEBUG
    root.addHandler(record)
    yield record.lines
    root.removeHandler(record)
    root.level = level


@pytest.fixture
def canaries(world, settings, monkeypatch) -> dict[str, str]:
    """What must never be seen, by what it is."""
    at, secrets = clock.now(), {"signing key": "canary-signing-" + "k3yZ" * 12}
    settings.SECRET_KEY = secrets["signing key"]
    settings.EMAIL_HOST_PASSWORD = secrets["mail password"] = "canary-mail-passw0rd"
    monkeypatch.setenv("PORTAL_REDIS_TARGET_PASSWORD", "canary-redis-passw0rd")
    secrets["redis password"] = "canary-redis-passw0rd"
    secrets["encryption key"] = settings.ENCRYPTION_KEYS[0]
    User.objects.create_user("singer@example.org", "canary-person-passw0rd", name="Singer", role=Role.RESPONDER)
    secrets["person's password"] = "canary-person-passw0rd"
    secrets["api token"] = create_token("canary", role=Role.ADMIN, at=at)[1]
    secrets["source token"] = sources.create("canary", at=at)[1]
    secrets["webhook secret"] = new_secret()
    world.hook = Webhook.objects.create(
        name="canary", url="https://canary.example.org/", secret=secrets["webhook secret"], events=["*"], created_at=at
    )
    return secrets


def every_table() -> str:
    """The database as it lies on disk, column by column."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found += [f"{table}: {bytes(value) if isinstance(value, memoryview) else value}" for row in cursor.fetchall() for value in row]
    return "\n".join(found)


def commands() -> str:
    out = StringIO()
    for name, arguments in {"doctor": ["--json"], "dumpdata": ["--natural-foreign"], "rotate_secrets": ["--dry-run"]}.items():
        try:
            call_command(name, *arguments, stdout=out, stderr=out)
        except SystemExit:
            continue
    return out.getvalue()


def test_no_secret_stands_in_an_answer_a_log_line_or_a_dump(world, canaries, log, monkeypatch, capsys):
    monkeypatch.setattr(outbound, "_look_up", lambda host, port, timeout: [])  # every way out fails, and says so
    answers = []
    for row in ROWS:
        url = reverse(row.url, kwargs=row.kwargs(world))
        for column in {"admin", "responder"}:
            with transaction.atomic():
                client, method, data = world.clients[column], row.method, row.data(world)
                response = (
                    client.post(url, data)
                    if method == "POST" and not url.startswith("/api/")
                    else client.generic(method, url, json.dumps(data), content_type="application/json", headers={"If-Match": "*"})
                )
                answers.append((f"{column} {method} {url}", b"".join(response) if response.streaming else response.content, str(response.headers)))
                transaction.set_rollback(True)
    for url in (reverse("admin:index"), "/admin/webhooks/webhook/", f"/admin/webhooks/webhook/{world.hook.pk}/change/"):
        answers.append((url, world.clients["admin"].get(url).content, ""))
    telling.ping(world.hook, by=world.people["admin"], at=clock.now())
    with pytest.raises(ZeroDivisionError):
        raise_with(canaries)
    places = {"log": "\n".join(log), "tables": every_table(), "commands": commands()}
    places |= {name: body.decode("utf-8", "replace") + headers for name, body, headers in answers}

    hits = [f"{what} in {name}" for name, text in places.items() for what, secret in canaries.items() if secret in text]

    with capsys.disabled():
        seen = f"{len(answers)} answers, {len(log)} log lines, {len(places['tables'])} characters of tables"
        print(f"\ncanaries: {len(canaries)} secrets; {seen}: {len(hits)} hits")
    assert hits == []
    assert "canary.example.org" in places["tables"]  # the control: what is no secret is found


def raise_with(canaries) -> None:
    """A bug while secrets are in hand: its traceback is logged, and tells no values."""
    token = canaries["api token"]
    try:
        1 / (len(token) - len(token))
    except ZeroDivisionError:
        logging.getLogger("portal").exception("a bug", extra={"tokens": 1})
        raise
