"""The command line, character by character as documented, and `--json` by its schema."""

from __future__ import annotations

import io
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from io import StringIO

import jsonschema
import pytest
import redis
from django.core.management import CommandError, call_command

from runbooks.diagnostics import registry
from runbooks.models import Preview, Target

pytestmark = pytest.mark.django_db

STALE = """\
Found 3 stale jobs:
  - abc-123: 450s old
  - def-456: 380s old
  - ghi-789: 320s old
"""
KILLED = "Killed 3 stale jobs\n"
CONVERSATION = """\
{
  "total_messages": 47,
  "user_messages": 24,
  "assistant_messages": 23,
  "estimated_tokens": 15000,
  "sample_messages": [
"""
ERRORS = """\
{
  "total_errors": 145,
  "top_errors": [
    {"type": "APITimeoutError", "count": 78, "percentage": 53.8},
    {"type": "RateLimitError", "count": 45, "percentage": 31.0},
    {"type": "ValidationError", "count": 22, "percentage": 15.2}
  ]
}
"""


def diagnose(*arguments, stdin=b"", monkeypatch=None):
    out = StringIO()
    call_command("diagnose", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def server(redis_server):
    Target.objects.create(slug="jobs", kind="redis", host="127.0.0.1", port=redis_server.port)
    with redis.Redis(port=redis_server.port, decode_responses=True) as connected:
        yield connected


def at_the_documented_ages(server):
    """The ages of the outline, to the second: measured again if the second changed in between."""
    now = server.time()[0]
    server.zadd("jobs:running", {"abc-123": now - 450, "def-456": now - 380, "ghi-789": now - 320, "new-000": now - 5})
    return now


def test_stale_jobs_in_the_documented_shape(server):
    for _ in range(20):
        began = at_the_documented_ages(server)
        shown = diagnose("stale-jobs", "--age", "300")
        if server.time()[0] == began:
            break
    assert shown == STALE


def test_kill_stale_previews_then_prints_the_documented_line(server):
    at_the_documented_ages(server)

    shown = diagnose("kill-stale", "--age", "300")

    assert shown.startswith("Would kill 3 stale jobs\n  - abc-123: 45")
    token = re.search(r"^Token: (\S+)$", shown, re.M)[1]
    assert server.zcard("jobs:running") == 4
    assert diagnose("kill-stale", "--confirm", token, "--reason", "Workers of the old release hold them") == KILLED
    assert server.zrange("jobs:running", 0, -1) == ["new-000"]
    with pytest.raises(CommandError, match="command line already confirmed this at"):
        diagnose("kill-stale", "--confirm", token, "--reason", "Workers of the old release hold them")


def test_without_a_reason_nothing_is_killed(server):
    at_the_documented_ages(server)
    token = re.search(r"^Token: (\S+)$", diagnose("kill-stale"), re.M)[1]

    with pytest.raises(CommandError, match="Say why"):
        diagnose("kill-stale", "--confirm", token)

    assert server.zcard("jobs:running") == 4


def test_a_conversation_in_the_documented_shape(server):
    length = 4 * 15000 // 47
    contents = ["x" * length] * 46 + ["x" * (4 * 15000 - 46 * length)]
    messages = [json.dumps({"role": "user" if n % 2 == 0 else "assistant", "content": content}) for n, content in enumerate(contents)]
    server.rpush("conversation:user123", *messages)

    shown = diagnose("analyze-conv", "--conv-id", "user123")

    assert shown.startswith(CONVERSATION)
    assert shown.endswith("\n  ]\n}\n")
    assert list(json.loads(shown)) == ["total_messages", "user_messages", "assistant_messages", "estimated_tokens", "sample_messages"]


def documented_log():
    """78, 45 and 22 errors among lines of other levels that hold the word."""
    now = datetime.now(UTC) - timedelta(minutes=10)
    kinds = ["APITimeoutError"] * 78 + ["RateLimitError"] * 45 + ["ValidationError"] * 22
    lines = [f"{now + timedelta(seconds=n):%Y-%m-%dT%H:%M:%S}Z ERROR agent.run {kind}: request {n} failed" for n, kind in enumerate(kinds)]
    lines += [f"{now + timedelta(seconds=200):%Y-%m-%dT%H:%M:%S}Z INFO agent.run handled an ERROR of the provider"] * 50
    return "\n".join(lines) + "\n"


def test_errors_in_the_documented_shape(tmp_path):
    (tmp_path / "agent.log").write_text(documented_log())
    Target.objects.create(slug="agent-log", kind="log", path=str(tmp_path / "agent.log"))

    assert diagnose("errors") == ERRORS


def test_errors_from_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(documented_log().encode())))

    assert diagnose("errors", "--stdin") == ERRORS


def test_what_json_prints_fits_its_schema(server, tmp_path):
    at_the_documented_ages(server)
    server.rpush("conversation:user123", json.dumps({"role": "user", "content": "Hello"}))
    (tmp_path / "agent.log").write_text(documented_log())
    Target.objects.create(slug="agent-log", kind="log", path=str(tmp_path / "agent.log"))
    asked = [("stale-jobs",), ("kill-stale",), ("analyze-conv", "--conv-id", "user123"), ("errors",), ("error-templates",), ("rate-limits",)]
    asked += [("queue-depth",), ("redis-health",), ("recent-deploys",), ("requeue-killed",), ("celery-workers",)]

    for arguments in asked:
        schema = json.loads(diagnose(arguments[0], "--schema"))
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(json.loads(diagnose(*arguments, "--json")), schema)


def test_json_of_a_target_that_is_down_fits_its_schema_too(server, redis_server):
    redis_server.process.kill()
    redis_server.process.wait()

    found = json.loads(diagnose("stale-jobs", "--json"))

    jsonschema.validate(found, registry.find("stale-jobs").output_schema)
    assert (found["severity"], found["next_step"] != "") == ("bad", True)


def test_an_object_of_another_shape_is_refused_by_the_schema():
    schema = registry.find("errors").output_schema
    wrong = {"diagnostic": "errors", "target": "", "state": "done", "severity": "ok", "finding": "", "next_step": "", "numbers": {}, "columns": []}
    wrong |= {"rows": [], "blocks": [], "document": {"total": 1}}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema)


def test_every_parameter_schema_is_one():
    for _, diagnostic in registry.diagnostics:
        jsonschema.Draft202012Validator.check_schema(diagnostic.input_schema)
        jsonschema.Draft202012Validator.check_schema(diagnostic.output_schema)


def test_the_programs_old_name_works_too(server):
    """`python debug_tools.py stale-jobs --age 300`."""
    import debug_tools

    assert debug_tools.arguments(["debug_tools.py", "stale-jobs", "--age", "300"]) == ["debug_tools.py", "diagnose", "stale-jobs", "--age", "300"]


def test_on_tier_1_the_command_line_asks_for_a_name(server, ana):
    from oncall.models import Service, Team
    from runbooks.models import ChangeRight

    team = Team.objects.create(name="Core", slug="core")
    Target.objects.update(service=Service.objects.create(name="agent-worker", slug="agent-worker", team=team, tier=1))
    ChangeRight.objects.create(user=ana, given_at=datetime.now(UTC))
    at_the_documented_ages(server)
    token = re.search(r"^Token: (\S+)$", diagnose("kill-stale"), re.M)[1]

    with pytest.raises(CommandError, match="Say who you are"):
        diagnose("kill-stale", "--confirm", token, "--reason", "Nobody else answers tonight", "--alone")
    token = re.search(r"^Token: (\S+)$", diagnose("kill-stale", "--as", ana.email), re.M)[1]
    assert diagnose("kill-stale", "--confirm", token, "--reason", "Nobody else answers tonight", "--alone", "--as", ana.email) == KILLED
    assert Preview.objects.filter(is_alone=True).count() == 1
